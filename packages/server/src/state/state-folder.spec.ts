import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { defaultStateFolder, openStateFolder, refuseServed } from './state-folder.js';

const top = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return path;
};

describe('defaultStateFolder', () => {
  it.each<[NodeJS.Platform, Record<string, string>, string]>([
    ['linux', { HOME: '/h' }, '/h/.local/state/filex-server'],
    ['linux', { HOME: '/h', XDG_STATE_HOME: '/x' }, '/x/filex-server'],
    ['linux', { HOME: '/h', XDG_STATE_HOME: 'relative' }, '/h/.local/state/filex-server'],
    ['linux', { HOME: '/h', XDG_STATE_HOME: '' }, '/h/.local/state/filex-server'],
    ['linux', {}, join(homedir(), '.local/state/filex-server')],
    ['darwin', { HOME: '/h', XDG_STATE_HOME: '/x' }, '/h/Library/Application Support/filex-server'],
    ['win32', { LOCALAPPDATA: '/l' }, '/l/filex-server/state'],
  ])('%s %j', (platform, env, expected) => {
    expect(defaultStateFolder(env, platform)).toBe(expected);
  });
});

describe('openStateFolder', () => {
  it('makes it for the owner alone, and takes it as it is the next time', async () => {
    const path = join(folder(), 'a/b');
    expect(await openStateFolder(path)).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    chmodSync(path, 0o750);
    expect(await openStateFolder(path)).toBe(path);
  });

  it('refuses one that others can write to, and says how to mend that', async () => {
    const path = folder();
    for (const mode of [0o720, 0o702, 0o777]) {
      chmodSync(path, mode);
      await expect(openStateFolder(path)).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining(`chmod go-w '${path}'`),
      });
    }
  });

  it.skipIf(process.geteuid?.() !== 0)(
    'refuses one of another user, who could exchange what is in it',
    async () => {
      const path = folder();
      chmodSync(path, 0o755);
      chownSync(path, 12_345, 12_345);
      await expect(openStateFolder(path)).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining('belongs to another user'),
      });
    },
  );

  it('refuses what is no folder', async () => {
    const at = folder();
    const path = join(at, 'file');
    writeFileSync(path, '');
    await expect(openStateFolder(path)).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' });
    await expect(openStateFolder(join(path, 'below'))).rejects.toThrow('is not a folder');
    symlinkSync(join(at, 'nowhere'), join(at, 'dangling'));
    await expect(openStateFolder(join(at, 'dangling'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('refuseServed', () => {
  it('finds what would be served, by whatever name, there or not', () => {
    const root = folder();
    mkdirSync(join(root, 'deep'));
    const elsewhere = folder();
    symlinkSync(join(root, 'deep'), join(elsewhere, 'link'));
    symlinkSync(root, join(elsewhere, 'root'));
    for (const path of [root, join(root, 'state'), join(root, 'deep/a/b'), join(elsewhere, 'link/state')]) {
      for (const name of [root, join(elsewhere, 'root')])
        expect(() => refuseServed(path, name, 'the state folder', '--state DIR')).toThrow(
          /^the state folder .* is inside the served folder .*--state DIR/,
        );
    }
    for (const path of [join(root, '..'), elsewhere, `${root}-beside`, join(elsewhere, 'not/there')])
      refuseServed(path, root, 'the state folder', '--state DIR');
    expect(readdirSync(root)).toEqual(['deep']);
  });

  it('finds what a symlink in the served folder leads to: clients could exchange the link', () => {
    const root = folder();
    const elsewhere = folder();
    symlinkSync(elsewhere, join(root, 'link'));
    writeFileSync(join(elsewhere, 'users.json'), '');
    symlinkSync(join(elsewhere, 'users.json'), join(root, 'users.json'));
    for (const path of [join(root, 'users.json'), join(root, 'link'), join(root, 'link/users.json')])
      expect(() => refuseServed(path, root, 'the users file', '--users FILE')).toThrow(
        'inside the served folder',
      );
  });
});
