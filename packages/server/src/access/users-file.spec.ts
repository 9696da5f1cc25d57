import { execFileSync } from 'node:child_process';
import { chmod, link, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { addUser, changePasscode, changeUsers, removeUser } from './change-users.js';
import { anyUser } from './testing/users.js';
import { UsersError } from './users-document.js';
import { type UsersChange, UsersFile } from './users-file.js';

const folder = temporaryFolder();
let count = 0;

function newPath(): string {
  count += 1;
  return join(folder, `users-${count}.json`);
}

async function open(path: string) {
  const warnings: string[] = [];
  const changes: UsersChange[] = [];
  const onWarning = (_message: string, { err }: Readonly<Record<string, unknown>>) =>
    void warnings.push((err as Error).message);
  const users = await UsersFile.open(path, { onWarning });
  onTestFinished(() => users.close());
  users.onChange((change) => void changes.push(change));
  return { users, warnings, changes };
}

describe('UsersFile', () => {
  it('knows who may log in, and how', async () => {
    const path = newPath();
    await addUser(path, { name: 'ann', passcode: 'secret', preset: 'read', root: 'people/ann' });
    const { users } = await open(path);
    expect(users.names()).toEqual(['ann']);
    expect(users.find('ann')).toMatchObject({ preset: 'read', root: 'people/ann' });
    expect(users.find('bob')).toBeUndefined();
    expect((await users.accounts.verifier('ann'))?.iterations).toBe(users.accounts.iterations);
    expect(await users.accounts.verifier('bob')).toBeUndefined();
    expect(users.accounts.secret).toHaveLength(32);
  });

  it('keeps its secret, whatever changes', async () => {
    const path = newPath();
    await addUser(path, { name: 'ann', passcode: 'x' });
    const { users } = await open(path);
    const before = users.accounts.secret;
    await addUser(path, { name: 'bob', passcode: 'x' });
    await users.reload();
    expect(users.names()).toEqual(['ann', 'bob']);
    expect(users.accounts.secret).toEqual(before);
  });

  it('tells whose connections must end, and nobody else', async () => {
    const path = newPath();
    const limited = await anyUser();
    await changeUsers(path, (all) => {
      for (const name of ['gone', 'passcode', 'root', 'rules']) all.set(name, limited);
      all.set('same', limited).set('quota', limited);
    });
    const { users, changes } = await open(path);
    const other = await anyUser();
    await changeUsers(path, (all) => {
      all.delete('gone');
      all.set('passcode', other);
      all.set('root', { ...limited, root: 'x' });
      all.set('rules', { ...limited, rules: [{ path: 'x', allow: [] }] });
      all.set('quota', { ...limited, quota: { bytes: 1, files: undefined } });
      all.set('new', other);
    });
    await users.reload();
    expect(changes).toEqual([{ removed: ['gone'], changed: ['passcode', 'root', 'rules'] }]);
    expect(users.find('quota')?.quota.bytes).toBe(1);
  });

  it('tells nothing when nobody has to log in again', async () => {
    const path = newPath();
    await addUser(path, { name: 'ann', passcode: 'x' });
    const { users, changes } = await open(path);
    await addUser(path, { name: 'bob', passcode: 'x' });
    await users.reload();
    expect(users.find('bob')).toBeDefined();
    expect(changes).toEqual([]);
  });

  it('notices by itself', async () => {
    const path = newPath();
    await addUser(path, { name: 'ann', passcode: 'x' });
    const { users } = await open(path);
    const noticed = new Promise<UsersChange>((resolve) => users.onChange(resolve));
    await removeUser(path, 'ann');
    expect(await noticed).toEqual({ removed: ['ann'], changed: [] });
  });

  it('keeps the last good users when the file is broken, gone, or open to others', async () => {
    const path = newPath();
    await addUser(path, { name: 'ann', passcode: 'x' });
    const { users, warnings, changes } = await open(path);
    await rename(path, `${path}.away`);
    await users.reload();
    await users.reload();
    await writeFile(path, '{"version": 1, "users": ', { mode: 0o600 });
    await users.reload();
    expect(users.names()).toEqual(['ann']);
    expect(warnings).toEqual([expect.stringContaining('no users file'), `${path} is not JSON`]);
    await rm(path);
    await link(`${path}.away`, path);
    await removeUser(path, 'ann');
    if (process.platform !== 'win32') {
      await chmod(path, 0o640);
      await users.reload();
      expect(users.names()).toEqual(['ann']);
      expect(warnings.at(-1)).toContain(`chmod 600 '${path}'`);
      await chmod(path, 0o600);
    }
    expect(changes).toEqual([]);
    await users.reload();
    expect(users.names()).toEqual([]);
    expect(changes).toEqual([{ removed: ['ann'], changed: [] }]);
  });

  it.skipIf(process.platform === 'win32')('does not wait for a pipe in its place', async () => {
    const path = newPath();
    await addUser(path, { name: 'ann', passcode: 'x' });
    const { users, warnings } = await open(path);
    await rm(path);
    execFileSync('mkfifo', ['-m', '600', path]);
    await users.reload();
    expect(users.names()).toEqual(['ann']);
    expect(warnings).toEqual([`${path} is not a file`]);
  });

  it('takes no version that cannot be used here', async () => {
    const path = newPath();
    await addUser(path, { name: 'ann', passcode: 'x' });
    const warnings: string[] = [];
    const users = await UsersFile.open(path, {
      onWarning: (_message, { err }: Readonly<Record<string, unknown>>) =>
        void warnings.push((err as Error).message),
      check: (all) => {
        if (all.has('bob')) throw new UsersError('bob cannot be');
      },
    });
    onTestFinished(() => users.close());
    await addUser(path, { name: 'bob', passcode: 'x' });
    await users.reload();
    expect(users.names()).toEqual(['ann']);
    expect(warnings).toEqual(['bob cannot be']);
    await removeUser(path, 'bob');
    await addUser(path, { name: 'eve', passcode: 'x' });
    await users.reload();
    expect(users.names()).toEqual(['ann', 'eve']);
  });

  it('sees a change that leaves size and times as they were', async () => {
    const path = newPath();
    const [one, other] = [await anyUser(), await anyUser()];
    await changeUsers(path, (all) => void all.set('ann', one));
    const { users, changes } = await open(path);
    await changeUsers(path, (all) => void all.set('ann', other));
    await utimes(path, 0, 0);
    await users.reload();
    await changeUsers(path, (all) => void all.set('ann', one));
    await utimes(path, 0, 0);
    await users.reload();
    expect(changes).toEqual([
      { removed: [], changed: ['ann'] },
      { removed: [], changed: ['ann'] },
    ]);
  });

  it('is not opened when there is none, or none in order, or one for others to read', async () => {
    const path = newPath();
    await expect(UsersFile.open(path)).rejects.toThrow('"filex-server user add" makes it');
    await writeFile(path, '{}', { mode: 0o600 });
    await expect(UsersFile.open(path)).rejects.toThrow(`${path}: "version" is missing`);
    if (process.platform === 'win32') return;
    await writeFile(path, '{"version": 1, "users": {}}');
    for (const mode of [0o604, 0o640, 0o602, 0o620]) {
      await chmod(path, mode);
      await expect(UsersFile.open(path), mode.toString(8)).rejects.toThrow('is not private');
    }
    await chmod(path, 0o400);
    await (await UsersFile.open(path)).close();
  });

  it('gives all users, and those that there are not, as many iterations', async () => {
    const path = newPath();
    const old = await anyUser();
    await changeUsers(path, (all) => void all.set('old', old));
    const name = await addUser(path, { name: 'n\u00a0ew', passcode: 'x' });
    expect(name).toBe('n ew');
    await changePasscode(path, 'old', 'other');
    const { users } = await open(path);
    const counts = users.names().map((user) => users.find(user)?.verifier.iterations);
    expect([...counts, users.accounts.iterations]).toEqual([4096, 4096, 4096]);
    expect((await open(await withOne())).users.accounts.iterations).toBe(100_000);

    async function withOne(): Promise<string> {
      const fresh = newPath();
      await addUser(fresh, { name: 'ann', passcode: 'x' });
      return fresh;
    }
  });
});
