import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import type { Store } from '../store.js';
import { commit, download, list, outcomeOf, stage, upload } from '../testing/transfer.js';
import { DescriptorConfinement } from './descriptor-confinement.js';
import { LocalStore } from './local-store.js';
import { isReservedName } from './reserved-folder.js';

const top = temporaryFolder();
let count = 0;
const newFolder = (): string => {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return path;
};

/** Everything that can be asked of a path leads nowhere. */
async function expectOutOfReach(store: Store, path: string): Promise<void> {
  for (const at of [path, `${path}/staging`, `${path}/staging/x`]) {
    expect(await outcomeOf(store.stat(at)), at).toBe('NOT_FOUND');
    expect(await outcomeOf(list(store, at)), at).toBe('NOT_FOUND');
    expect(await outcomeOf(download(store, at)), at).toMatch(/^(NOT_FOUND|IS_A_DIRECTORY)$/);
    expect(await outcomeOf(store.remove(at, { recursive: true })), at).toBe('NOT_FOUND');
    expect(await outcomeOf(store.rename(at, 'stolen', { ifExists: 'fail' })), at).toBe('NOT_FOUND');
    const refused = expect.stringMatching(/^(PATH_INVALID|PARENT_NOT_FOUND|IS_A_DIRECTORY|ALREADY_EXISTS)$/);
    expect(await outcomeOf(upload(store, at, 'x', { ifExists: 'overwrite' })), at).toEqual(refused);
    const make = store.makeDirectory(at, { parents: true, mtime: 1 });
    expect(await outcomeOf(make), at).toEqual(refused);
    await upload(store, 'a', 'x', { ifExists: 'overwrite' });
    expect(await outcomeOf(store.rename('a', at, { ifExists: 'overwrite' })), at).toEqual(refused);
  }
  for (const entry of await list(store)) expect(entry.path).not.toContain('staging');
}

const kinds = DescriptorConfinement.isAvailable()
  ? (['descriptors', 'paths'] as const)
  : (['paths'] as const);

/** Whether this user may give a folder another name, which is what other spellings are on some file systems. */
function canBind(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const folder = newFolder();
  try {
    execFileSync('mount', ['--bind', folder, folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false; // in a container, root may not
  }
}

describe.each(kinds)('the folder of the store, confined by %s', (confinement) => {
  // Skipped where this user may not mount: only another file system, or this, gives one folder two names.
  it.runIf(canBind())(
    'is out of reach by whatever name the file system has for it, also further down',
    async () => {
      const root = newFolder();
      mkdirSync(join(root, '.filex'));
      const aliases = ['.FILEX', 'FILEX~1', 'other', 'deep/er/alias'];
      for (const alias of aliases) {
        mkdirSync(join(root, alias), { recursive: true });
        execFileSync('mount', ['--bind', join(root, '.filex'), join(root, alias)]);
      }
      const store = await LocalStore.open(root, { confinement });
      try {
        const staged = await stage(store, 'a', Buffer.from('x'));
        const before = readdirSync(join(root, '.filex/staging'));
        for (const alias of [...aliases, '.filex']) await expectOutOfReach(store, alias);
        expect(await outcomeOf(store.remove('deep', { recursive: true }))).toEqual(expect.any(String));
        expect(readdirSync(join(root, '.filex/staging'))).toEqual(before);
        const paths = (await list(store)).map((entry) => entry.path).sort();
        expect(paths).toEqual(['a', 'deep', 'deep/er']);
        await store.remove('a', { recursive: false });
        await commit(staged, Buffer.from('x'));
      } finally {
        await store.close();
        for (const alias of aliases) execFileSync('umount', [join(root, alias)]);
      }
    },
  );

  it('is out of reach where the file system does not tell upper from lower case, also before it is there', async () => {
    const root = newFolder();
    const reader = await LocalStore.open(root, { confinement, readOnly: true });
    const store = await LocalStore.open(root, { confinement });
    const isFolded = existsSync(join(root, '.FILEX'));
    for (const path of ['.filex', ...(isFolded ? ['.FILEX', '.Filex'] : [])]) {
      await expectOutOfReach(store, path);
      expect(await outcomeOf(reader.stat(path))).toBe('NOT_FOUND');
      expect(await outcomeOf(list(reader, `${path}/staging`))).toBe('NOT_FOUND');
    }
    if (!isFolded) {
      // Another folder like any other.
      await upload(store, '.FILEX', 'x');
      expect(readFileSync(join(root, '.FILEX'), 'utf8')).toBe('x');
    }
    await store.close();
    await reader.close();
  });

  it('is out of reach for a store that is only read, when another server makes it later', async ({
    skip,
  }) => {
    if (!canBind()) return skip('only root can give a folder two names');
    const root = newFolder();
    const reader = await LocalStore.open(root, { confinement, readOnly: true });
    mkdirSync(join(root, '.filex/staging/x'), { recursive: true });
    writeFileSync(join(root, '.filex/staging/x/secret'), 'secret');
    mkdirSync(join(root, '.FILEX'));
    execFileSync('mount', ['--bind', join(root, '.filex'), join(root, '.FILEX')]);
    try {
      for (const name of ['.filex', '.FILEX'])
        expect(await outcomeOf(download(reader, `${name}/staging/x/secret`))).toBe('NOT_FOUND');
    } finally {
      await reader.close();
      execFileSync('umount', [join(root, '.FILEX')]);
    }
  });
});

describe('the name of the folder of the store', () => {
  const spellings = [
    '.FILEX',
    '.Filex',
    '.filex.',
    '.filex ',
    '.filex. .',
    '.fi\u00adlex',
    '.\uff46ilex',
    '.f\u200dilex',
  ];
  it.each(['darwin', 'win32'] as const)('is taken in every spelling on %s', (platform) => {
    for (const name of ['.filex', ...spellings]) expect(isReservedName(name, platform), name).toBe(true);
    for (const name of ['filex', '.filexx', '.file', 'a.filex'])
      expect(isReservedName(name, platform)).toBe(false);
  });

  it('is only itself on Linux', () => {
    expect(isReservedName('.filex', 'linux')).toBe(true);
    for (const name of spellings) expect(isReservedName(name, 'linux')).toBe(false);
  });
});
