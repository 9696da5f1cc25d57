import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../bounds.js';
import { openWithin, temporaryFolder } from '../../testing/temporary-folder.js';
import { list, outcomeOf } from '../testing/transfer.js';
import { DescriptorConfinement } from './descriptor-confinement.js';
import { LocalStore } from './local-store.js';

const top = temporaryFolder();
const kinds = DescriptorConfinement.isAvailable()
  ? (['descriptors', 'paths'] as const)
  : (['paths'] as const);
let count = 0;
const newFolder = (): string => {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return path;
};

/** Folders in folders, deeper than any path reaches, each with one beside. */
function makeDeepTree(at: string, levels: number): void {
  const program = `
    const { mkdirSync } = require('node:fs');
    for (let level = 0; level < ${levels}; level += 1) {
      mkdirSync('d');
      mkdirSync('e');
      process.chdir('d');
    }`;
  execFileSync(process.execPath, ['-e', program], { cwd: at });
}

describe.each(kinds)('a tree that another program has made, by %s', (confinement) => {
  // Other systems take no path of that length.
  it.runIf(confinement === 'descriptors')(
    'is listed as deep as a path reaches, and removed, with few folders open',
    { timeout: 180_000 },
    async () => {
      const root = newFolder();
      makeDeepTree(root, 3000);
      const warnings: string[] = [];
      const onWarning = (message: string): void => void warnings.push(message);
      const store = await LocalStore.open(root, { confinement, onWarning });
      // Their paths are too long to be told, so all are counted.
      const openNow = (): number => readdirSync('/proc/self/fd').length;
      const openBefore = openNow();
      let entries = 0;
      let deepest = 0;
      let mostOpen = 0;
      for await (const entry of store.list('', { recursive: true })) {
        entries += 1;
        deepest = Math.max(deepest, entry.path.length);
        if (entries % 64 === 0) mostOpen = Math.max(mostOpen, openNow());
      }
      expect(deepest).toBe(4095); // 2048 names of one letter
      expect(entries).toBe(2 * 2048);
      expect(mostOpen - openBefore).toBeLessThanOrEqual(3);
      expect(warnings).toEqual([expect.stringContaining('too long')]);
      expect(await store.remove('d', { recursive: true })).toBe('removed');
      expect(await store.remove('e', { recursive: true })).toBe('removed');
      expect(readdirSync(root)).toEqual(['.filex']);
      await store.close();
      expect(openWithin(root)).toEqual([]);
    },
  );

  it('is listed to the end when folders are moved, replaced or removed under the hands of the listing', async () => {
    const root = newFolder();
    for (const name of ['a', 'b', 'c'])
      mkdirSync(join(root, `${name}/${name}1/${name}2/${name}3`), { recursive: true });
    const store = await LocalStore.open(root, { confinement });
    const found: string[] = [];
    for await (const { path } of store.list('', { recursive: true })) {
      found.push(path);
      // When it is at the bottom of one of them.
      if (path === 'c/c1/c2/c3') renameSync(join(root, 'c/c1'), join(root, 'moved'));
      if (path === 'b/b1/b2/b3') {
        rmSync(join(root, 'b'), { recursive: true });
        symlinkSync('a', join(root, 'b'));
      }
      if (path === 'a/a1/a2/a3') {
        renameSync(join(root, 'a/a1'), join(root, 'aside'));
        mkdirSync(join(root, 'a/a1/a2/a3/new'), { recursive: true });
      }
    }
    expect(found.filter((path) => !path.includes('new')).sort()).toEqual(
      ['a', 'b', 'c'].flatMap((n) => [n, `${n}/${n}1`, `${n}/${n}1/${n}2`, `${n}/${n}1/${n}2/${n}3`]).sort(),
    );
    await store.close();
    expect(openWithin(root)).toEqual([]);
  });

  it('is removed when one folder holds more folders than are kept in mind', async () => {
    const root = newFolder();
    for (let i = 0; i < 2 * bounds.pendingRemovals + 100; i += 1)
      mkdirSync(join(root, `wide/${i}/below`), { recursive: true });
    const store = await LocalStore.open(root, { confinement });
    expect(await store.remove('wide', { recursive: true })).toBe('removed');
    expect(await list(store)).toEqual([]);
    await store.close();
    expect(openWithin(root)).toEqual([]);
  });

  it('does not keep short operations waiting while many trees are removed', async () => {
    const root = newFolder();
    const trees = Array.from({ length: bounds.concurrentOperations + 10 }, (_, i) => `tree-${i}`);
    for (const tree of trees)
      for (let i = 0; i < 20; i += 1) mkdirSync(join(root, `${tree}/${i}/below`), { recursive: true });
    const store = await LocalStore.open(root, { confinement });
    let removed = 0;
    const removals = trees.map(async (tree) => {
      expect(await outcomeOf(store.remove(tree, { recursive: true }))).toBe('removed');
      removed += 1;
    });
    await new Promise(setImmediate); // they have all begun, or queue
    expect((await store.stat('')).kind).toBe('directory');
    // In one queue with them it would have waited for all but the last ones.
    expect(removed).toBeLessThan(trees.length - bounds.concurrentOperations);
    await Promise.all(removals);
    await store.close();
  });
});
