import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FilexError } from '@filex/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWithin, temporaryFolder } from '../../testing/temporary-folder.js';
import type { Store } from '../store.js';
import { type Decoy, type Swapped, whileSwapping } from '../testing/swapper.js';
import { download, list, outcomeOf, readWhole, upload } from '../testing/transfer.js';
import { DescriptorConfinement } from './descriptor-confinement.js';
import { LocalStore } from './local-store.js';

const top = temporaryFolder();
const OUTSIDE = 'outside: nobody may read this';
let count = 0;

/** Every name below a folder, and the folder, with all that a change would change, and the content. */
function snapshot(folder: string): string[] {
  const { dev, ino, mode, nlink, size, mtimeNs, ctimeNs } = lstatSync(folder, { bigint: true });
  const itself = `${folder} ${[dev, ino, mode, nlink, size, mtimeNs, ctimeNs].join(' ')}`;
  if (!lstatSync(folder).isDirectory()) return [`${itself} ${readFileSync(folder, 'utf8')}`];
  return [
    itself,
    ...readdirSync(folder)
      .sort()
      .flatMap((name) => snapshot(join(folder, name))),
  ];
}

/** Like `outcomeOf`, but what a round finds wrong is thrown. */
const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => {
    if (error instanceof FilexError) return error.code;
    throw error;
  });

/** One round of an operation: what it ended with. */
type Round = (store: Store, round: number) => Promise<unknown>;

/** Enough to meet either side often, however two processes share the machine; more while one was not met. */
const LEAST_ROUNDS = 150;
const MOST_ROUNDS = 20_000;

// Other systems have no way to do this from Node: `PathConfinement` says what they get.
describe.runIf(DescriptorConfinement.isAvailable())('another program swaps something for a symlink', () => {
  let root: string;
  let outside: string;
  let store: Store;
  let before: string[];

  beforeEach(async () => {
    count += 1;
    root = join(top, `${count}-inside`);
    outside = join(top, `${count}-outside`);
    mkdirSync(root);
    mkdirSync(join(outside, 'folder/canary'), { recursive: true });
    mkdirSync(join(outside, 'empty'));
    for (const name of ['secret', 'canary', 'folder/inner', 'folder/canary/deep'])
      writeFileSync(join(outside, name), OUTSIDE);
    store = await LocalStore.open(root);
    before = snapshot(outside);
  });

  afterEach(async () => {
    expect(snapshot(outside)).toEqual(before);
    await store.close();
    expect(openWithin(root)).toEqual([]);
    expect(openWithin(outside)).toEqual([]);
  });

  /**
   * @param at the folder of `swapped`, below the root.
   * @param met the outcomes that must come up, so that the test has seen both sides.
   */
  async function attack(
    { at = '', swapped = 'folder', decoy }: { at?: string; swapped?: Swapped; decoy?: Decoy },
    met: readonly string[],
    round: Round,
  ): Promise<void> {
    const target = swapped === 'folder' ? outside : join(outside, 'secret');
    const outcomes = new Set<unknown>();
    await whileSwapping(join(root, at), swapped, decoy ?? { symlinkTo: target }, async () => {
      for (let i = 0; i < LEAST_ROUNDS || (i < MOST_ROUNDS && !met.every((o) => outcomes.has(o))); i += 1)
        outcomes.add(await codeOf(round(store, i)));
    });
    expect([...outcomes]).toEqual(expect.arrayContaining([...met]));
  }

  const inside = (text: string): string => {
    expect(text).toBe('inside');
    return 'inside';
  };
  /** Many at once: the gap between looking at a file and opening it is narrow, and wider the more there is to do. */
  const downloadOften = async (s: Store, path: string): Promise<string> => {
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => download(s, path)));
    for (const one of all) if (one.status === 'fulfilled') inside(one.value);
    return download(s, path);
  };
  const nothingFromOutside = (paths: readonly string[]): string => {
    for (const path of paths) expect(path).not.toMatch(/canary|empty/);
    return 'inside';
  };

  it('above a file that is read', () =>
    attack({}, ['inside', 'NOT_A_DIRECTORY'], async (s) => inside(await download(s, 'swapped/secret'))));

  it('further above a file that is read', () =>
    attack({}, ['inside', 'NOT_A_DIRECTORY'], async (s) =>
      inside(await download(s, 'swapped/folder/inner')),
    ));

  it('in place of a file that is read', () =>
    attack({ swapped: 'file' }, ['inside', 'NOT_A_FILE'], async (s) =>
      inside(await downloadOften(s, 'swapped')),
    ));

  it('in place of a file that is read, or rather for a pipe, which would make it wait for ever', () =>
    attack({ swapped: 'file', decoy: 'pipe' }, ['inside', 'NOT_A_FILE'], async (s) =>
      inside(await downloadOften(s, 'swapped')),
    ));

  const inOneGo = async (s: Store, path: string): Promise<string> => {
    await new Promise(setImmediate);
    const file = readWhole(s, path);
    return file === undefined ? 'nothing' : inside(file.content);
  };

  it('above a file that is read in one go', () =>
    attack({}, ['inside', 'nothing'], (s, round) =>
      inOneGo(s, round % 2 === 0 ? 'swapped/secret' : 'swapped/folder/inner'),
    ));

  it('in place of a file that is read in one go', () =>
    attack({ swapped: 'file' }, ['inside', 'nothing'], (s) => inOneGo(s, 'swapped')));

  it('in place of a file that is read in one go, or rather for a pipe', () =>
    attack({ swapped: 'file', decoy: 'pipe' }, ['inside', 'nothing'], (s) => inOneGo(s, 'swapped')));

  it('above a file that is looked at', () =>
    attack({}, ['inside', 'NOT_A_DIRECTORY'], async (s) => {
      expect((await s.stat('swapped/secret')).size).toBe('inside'.length);
      return 'inside';
    }));

  it('in place of what is looked at', () =>
    attack({}, ['directory', 'symlink'], async (s) => {
      const { kind, etag } = await s.stat('swapped');
      expect(etag).toBeUndefined();
      return kind;
    }));

  it('in place of a folder that is listed, or above it', () =>
    attack({}, ['inside', 'NOT_A_DIRECTORY'], async (s, round) => {
      const path = round % 2 === 0 ? 'swapped' : 'swapped/folder';
      return nothingFromOutside((await list(s, path, round % 3 === 0)).map((entry) => entry.path));
    }));

  it('in a tree that is listed', () =>
    attack({ at: 'tree' }, ['symlink', 'inner'], async (s) => {
      const entries = await list(s, 'tree');
      nothingFromOutside(entries.map((entry) => entry.path));
      if (entries.some(({ path }) => path.endsWith('inner'))) return 'inner';
      return entries.some(({ kind }) => kind === 'symlink') ? 'symlink' : 'neither';
    }));

  it('above a folder that is made, with those above it, and gets a time', () =>
    attack({}, ['created', 'NOT_A_DIRECTORY'], (s, round) =>
      s.makeDirectory(`swapped/new-${round}/deeper`, { parents: true, mtime: 1_000_000 }),
    ));

  it('in place of a folder that gets a time', () =>
    attack({}, ['identical', 'ALREADY_EXISTS'], (s) =>
      s.makeDirectory('swapped', { parents: false, mtime: 1_000_000 }),
    ));

  it('above a file that is stored', () =>
    attack({}, ['created', 'NOT_A_DIRECTORY'], async (s, round) => {
      const path = round % 2 === 0 ? `swapped/new-${round}` : `swapped/folder/new-${round}`;
      return (await upload(s, path, 'mine', { mtime: 1_000_000 })).outcome;
    }));

  it('above a file that is replaced', () =>
    attack({}, ['replaced', 'NOT_A_DIRECTORY'], async (s, round) => {
      const settings = { ifExists: 'overwrite', mtime: round } as const;
      return (await upload(s, 'swapped/secret', `mine ${round}`, settings)).outcome;
    }));

  it('in place of a file that is replaced, or compared', () =>
    attack({ swapped: 'file' }, ['replaced', 'NOT_A_FILE', 'ALREADY_EXISTS'], async (s, round) => {
      // The same content as outside: to find it `identical` would tell what is there.
      if (round % 2 === 0) {
        const { outcome } = await upload(s, 'swapped', OUTSIDE, { ifExists: 'skip', tellSize: false });
        expect(outcome).not.toBe('identical');
        if (outcome === 'created') await s.remove('swapped', { recursive: false });
        return outcome;
      }
      return (await upload(s, 'swapped', 'mine', { ifExists: 'overwrite' })).outcome;
    }));

  it('above a file or folder that is renamed', () =>
    attack({}, ['renamed', 'NOT_A_DIRECTORY'], async (s, round) => {
      const source = round % 2 === 0 ? 'swapped/secret' : 'swapped/folder';
      const target = `taken-${round}`;
      const outcome = await s.rename(source, target, { ifExists: 'fail' });
      if (round % 2 === 0) inside(await download(s, target));
      else nothingFromOutside((await list(s, target)).map((entry) => entry.path));
      // Something to rename in the next round.
      if (round % 2 === 0) await outcomeOf(upload(s, source, 'inside'));
      else await outcomeOf(s.makeDirectory(source, { parents: false, mtime: undefined }));
      return outcome;
    }));

  it('in place of a folder that is renamed', () =>
    attack({}, ['renamed', 'NOT_A_FILE'], async (s, round) => {
      const outcome = await s.rename('swapped', `taken-${round}`, { ifExists: 'fail' });
      for (const { path, kind } of await list(s, '', false))
        if (kind === 'directory') nothingFromOutside((await list(s, path)).map((entry) => entry.path));
      return outcome;
    }));

  it('above the place where a file or folder is moved to', async () => {
    mkdirSync(join(root, 'sources'));
    await attack({}, ['renamed', 'replaced', 'NOT_A_DIRECTORY'], async (s, round) => {
      const source = `sources/${round}`;
      const asFolder = round % 3 === 0;
      if (asFolder) await s.makeDirectory(source, { parents: false, mtime: undefined });
      else writeFileSync(join(root, source), 'mine');
      const target = round % 3 === 1 ? 'swapped/secret' : `swapped/new-${round}`;
      return s.rename(source, target, { ifExists: 'overwrite' });
    });
  });

  it('in place of the file that a renamed one replaces', async () => {
    mkdirSync(join(root, 'sources'));
    await attack({ swapped: 'file' }, ['replaced', 'NOT_A_FILE'], async (s, round) => {
      writeFileSync(join(root, `sources/${round}`), 'mine');
      return s.rename(`sources/${round}`, 'swapped', { ifExists: 'overwrite' });
    });
  });

  it('above what is removed', () =>
    attack({}, ['removed', 'NOT_A_DIRECTORY'], async (s, round) => {
      const outcome = await s.remove(round % 2 === 0 ? 'swapped/secret' : 'swapped/folder', {
        recursive: true,
      });
      // Put back, so that there is something to remove.
      if (round % 2 === 0) await outcomeOf(upload(s, 'swapped/secret', 'inside'));
      else await outcomeOf(upload(s, 'swapped/folder/inner', 'inside'));
      return outcome;
    }));

  it('in place of the folder that is removed with all that is in it', () =>
    attack({}, ['removed'], (s) => s.remove('swapped', { recursive: true })));

  it('in place of a folder within a tree that is removed', () =>
    attack({ at: 'tree/deeper' }, ['removed'], (s) => s.remove('tree', { recursive: true })));
});
