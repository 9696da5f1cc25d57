import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsup';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { formatOwner, thisProcess } from '../store/local/process-owner.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { accessBounds } from './bounds.js';
import { addUser, changePasscode, changeUsers, removeUser } from './change-users.js';
import { readUsers } from './read-users.js';
import { anyUser } from './testing/users.js';

const folder = temporaryFolder();
let count = 0;

async function newFolder(): Promise<string> {
  count += 1;
  const at = join(folder, `${count}`);
  await mkdir(at);
  return at;
}

async function namesIn(path: string): Promise<string[]> {
  return [...((await readUsers(path))?.users.keys() ?? [])].sort();
}

describe('changeUsers', () => {
  it('makes the file, for its owner alone, and leaves nothing else behind', async () => {
    const at = await newFolder();
    const path = join(at, 'deeper', 'users.json');
    await addUser(path, { name: 'ann', passcode: 'x' });
    await addUser(path, { name: 'bob', passcode: 'x' });
    expect(await namesIn(path)).toEqual(['ann', 'bob']);
    expect(await readdir(join(at, 'deeper'))).toEqual(['users.json']);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('changes nothing when it cannot be', async () => {
    const path = join(await newFolder(), 'users.json');
    await addUser(path, { name: 'ann', passcode: 'x' });
    const before = await readFile(path, 'utf8');
    const user = await anyUser({ root: '..' });
    await expect(changeUsers(path, (all) => void all.set('bob', user))).rejects.toThrow('"root" is refused');
    await expect(
      changeUsers(path, () => {
        throw new RangeError('no');
      }),
    ).rejects.toThrow('no');
    await expect(addUser(path, { name: 'ann', passcode: 'x' })).rejects.toThrow(
      'there is a user "ann" already',
    );
    await expect(addUser(path, { name: 'anonymous', passcode: 'x' })).rejects.toThrow('who gives no name');
    await expect(addUser(path, { name: 'bob', passcode: '' })).rejects.toThrow('the passcode is empty');
    await expect(changePasscode(path, 'bob', 'x')).rejects.toThrow('there is no user "bob"');
    await expect(removeUser(path, 'bob')).rejects.toThrow('there is no user "bob"');
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await readdir(join(path, '..'))).toEqual(['users.json']);
  });

  it('takes nothing from a file that others could have changed', async () => {
    if (process.platform === 'win32') return;
    const path = join(await newFolder(), 'users.json');
    await addUser(path, { name: 'ann', passcode: 'x' });
    await chmod(path, 0o622);
    await expect(removeUser(path, 'ann')).rejects.toThrow('is not private');
    expect((await stat(path)).mode & 0o777).toBe(0o622);
  });

  it('changes the file that a link leads to', async () => {
    const at = await newFolder();
    await addUser(join(at, 'real.json'), { name: 'ann', passcode: 'x' });
    await symlink('real.json', join(at, 'users.json'));
    await addUser(join(at, 'users.json'), { name: 'bob', passcode: 'x' });
    expect(await namesIn(join(at, 'real.json'))).toEqual(['ann', 'bob']);
    expect((await lstat(join(at, 'users.json'))).isSymbolicLink()).toBe(true);
  });
});

describe('changes of many programs at once', () => {
  const program = join(folder, 'program', 'add-users.mjs');

  beforeAll(async () => {
    await build({
      entry: { 'add-users': join(import.meta.dirname, 'testing', 'add-users.ts') },
      outDir: join(folder, 'program'),
      outExtension: () => ({ js: '.mjs' }),
      format: 'esm',
      platform: 'node',
      target: 'node20',
      noExternal: [/./],
      config: false,
      silent: true,
    });
  });

  const start = (path: string, ...names: string[]) => {
    const child = fork(program, [path, ...names], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };

  it('are all there in the end', async () => {
    const path = join(await newFolder(), 'users.json');
    const children = Array.from({ length: 6 }, (_, i) =>
      start(path, ...Array.from({ length: 10 }, (_u, j) => `u${i}-${j}`)),
    );
    // All begin together.
    await Promise.all(children.map((child) => once(child, 'message')));
    for (const child of children) child.send('go');
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(codes).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await namesIn(path)).toHaveLength(60);
    expect(await readdir(join(path, '..'))).toEqual(['users.json']);
  });

  it('go on when one dies, at whatever moment', async () => {
    const path = join(await newFolder(), 'users.json');
    const victims = Array.from({ length: 3 }, (_, i) =>
      start(path, ...Array.from({ length: 1000 }, (_u, j) => `v${i}-${j}`)),
    );
    await Promise.all(victims.map((child) => once(child, 'message')));
    for (const child of victims) child.send('go');
    for (let kept = 0; kept < 3; kept += 1) {
      const user = await addUser(path, { name: `kept${kept}`, passcode: 'x' });
      const victim = victims[kept] as (typeof victims)[number];
      victim.kill('SIGKILL');
      await once(victim, 'exit');
      expect(await namesIn(path)).toContain(user);
    }
    const before = await namesIn(path);
    await addUser(path, { name: 'last', passcode: 'x' });
    expect(await namesIn(path)).toEqual([...before, 'last'].sort());
  });

  it('wait for one that lives, and take over from one that does not, or is from elsewhere and too old', async () => {
    const path = join(await newFolder(), 'users.json');
    const hold = async (name: string, age = 0): Promise<string> => {
      await mkdir(`${path}.lock`, { recursive: true });
      await writeFile(join(`${path}.lock`, name), '');
      const time = new Date(Date.now() - age);
      await utimes(join(`${path}.lock`, name), time, time);
      return name;
    };
    const dead = formatOwner({ host: hostname(), pid: 2 ** 22 + 1, start: 0, store: '0' });
    await hold(`${dead}.00`);
    await addUser(path, { name: 'one', passcode: 'x' });
    await hold('elsewhere.1.0.00', accessBounds.lockAge + 1000);
    await addUser(path, { name: 'two', passcode: 'x' });
    const living = await hold(`${formatOwner(await thisProcess())}.00`);
    let done = false;
    const waiting = addUser(path, { name: 'three', passcode: 'x' }).then(() => {
      done = true;
    });
    // More than long enough to do it, were it not for the lock.
    await addUser(join(path, '..', 'other.json'), { name: 'four', passcode: 'x' });
    await addUser(join(path, '..', 'other.json'), { name: 'five', passcode: 'x' });
    expect(done).toBe(false);
    expect(await readdir(`${path}.lock`)).toEqual([living]);
    await unlink(join(`${path}.lock`, living));
    await waiting;
    expect(await namesIn(path)).toEqual(['one', 'three', 'two']);
  });
});
