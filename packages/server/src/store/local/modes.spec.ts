import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stagedIn, temporaryFolder } from '../../testing/temporary-folder.js';
import type { Store } from '../store.js';
import { commit, stage, upload } from '../testing/transfer.js';
import { LocalStore } from './local-store.js';

const top = temporaryFolder();
const umask = process.umask();
let count = 0;

describe.runIf(process.platform !== 'win32')('the permissions of what is stored', () => {
  let root: string;
  let store: Store;
  const mode = (path: string): number => lstatSync(join(root, path)).mode & 0o7777;

  beforeEach(async () => {
    count += 1;
    root = join(top, String(count));
    mkdirSync(root);
    store = await LocalStore.open(root);
  });

  afterEach(() => store.close());

  it('are the usual ones, and private as long as the file is staged', async () => {
    for (const executable of [false, true]) {
      const staged = await stage(store, `file-${executable}`, Buffer.from('x'), { executable });
      const [owner] = readdirSync(join(root, '.filex/staging')) as [string];
      const [name] = stagedIn(root) as [string];
      expect(mode(`.filex/staging/${owner}/journal`)).toBe(0o600);
      expect(mode(`.filex/staging/${owner}/${name}`)).toBe(0o600);
      for (const folder of ['.filex', '.filex/staging', `.filex/staging/${owner}`])
        expect(mode(folder)).toBe(0o700);
      await commit(staged, Buffer.from('x'));
      expect(mode(`file-${executable}`)).toBe((executable ? 0o755 : 0o644) & ~umask);
    }
    await store.makeDirectory('a/b', { parents: true, mtime: undefined });
    expect([mode('a'), mode('a/b')]).toEqual([0o755 & ~umask, 0o755 & ~umask]);
  });

  it('are those of nobody else: the umask of a careless shell opens nothing for writing', async () => {
    const before = process.umask(0);
    try {
      await store.makeDirectory('open', { parents: false, mtime: undefined });
      await upload(store, 'open/file', 'x');
    } finally {
      process.umask(before);
    }
    expect(mode('open')).toBe(0o755);
    expect(mode('open/file') & 0o7133).toBe(0);
  });

  it('never let more people read, and are never special, when a file is replaced', async () => {
    for (const old of [0o600, 0o640, 0o644, 0o604, 0o4755, 0o2755, 0o1777, 0o666, 0o6711]) {
      for (const ifExists of ['overwrite', 'newer'] as const) {
        for (const executable of [false, true]) {
          writeFileSync(join(root, 'file'), `old ${old}`);
          chmodSync(join(root, 'file'), old);
          const mtime = Date.now() * 1000 + 1e9;
          const { outcome } = await upload(store, 'file', 'new', { ifExists, mtime, executable });
          expect(outcome).toBe('replaced');
          expect(mode('file') & ~(executable ? 0o755 : 0o644), old.toString(8)).toBe(0);
          expect(mode('file') & 0o044 & ~old, old.toString(8)).toBe(0);
          expect(mode('file') & 0o700).toBe(executable ? 0o700 : 0o600);
          await store.remove('file', { recursive: false });
        }
      }
    }
  });

  it('of the folder for staging are made right when they are too wide', async () => {
    await store.close();
    chmodSync(join(root, '.filex'), 0o777);
    chmodSync(join(root, '.filex/staging'), 0o755);
    store = await LocalStore.open(root);
    expect([mode('.filex'), mode('.filex/staging')]).toEqual([0o700, 0o700]);
    expect(statSync(root).mode & 0o777).toBe(0o755 & ~umask); // not ours to change
  });
});
