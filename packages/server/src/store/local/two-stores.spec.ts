import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWithin, temporaryFolder } from '../../testing/temporary-folder.js';
import { download, list, outcomeOf, upload } from '../testing/transfer.js';
import { LocalStore } from './local-store.js';

const top = temporaryFolder();

/** Two stores know nothing of each other's locks, as two processes: only the file system keeps order. */
async function withTwoStores(
  name: string,
  work: (stores: readonly [LocalStore, LocalStore]) => Promise<void>,
) {
  const root = join(top, name);
  mkdirSync(root);
  const stores = [await LocalStore.open(root), await LocalStore.open(root)] as const;
  await work(stores);
  for (const store of stores) await store.close();
  expect(openWithin(root)).toEqual([]);
}

const makeFolder = { parents: false, mtime: undefined };

describe('two stores on one folder', () => {
  it('never move two folders to one name', async () => {
    await withTwoStores('folders', async (stores) => {
      for (let round = 0; round < 100; round += 1) {
        await stores[0].makeDirectory('a', makeFolder);
        await stores[0].makeDirectory('b', makeFolder);
        const [a, b] = await Promise.all([
          outcomeOf(stores[0].rename('a', 'target', { ifExists: 'fail' })),
          outcomeOf(stores[1].rename('b', 'target', { ifExists: 'fail' })),
        ]);
        expect([a, b].filter((outcome) => outcome === 'renamed')).toHaveLength(1);
        expect((await list(stores[0])).map((entry) => entry.path).sort()).toEqual(
          a === 'renamed' ? ['b', 'target'] : ['a', 'target'],
        );
        for (const entry of await list(stores[0])) await stores[0].remove(entry.path, { recursive: true });
      }
    });
  });

  it('never publish two files under one name, and number them all', async () => {
    await withTwoStores('files', async (stores) => {
      const writers = Array.from({ length: 40 }, (_, i) => i);
      const at = (i: number) => stores[i % 2] as LocalStore;
      const failing = await Promise.all(writers.map((i) => outcomeOf(upload(at(i), 'a', `writer ${i}`))));
      const winner = failing.findIndex((outcome) => typeof outcome !== 'string');
      expect(failing.filter((outcome) => outcome === 'ALREADY_EXISTS')).toHaveLength(39);
      expect(await download(stores[0], 'a')).toBe(`writer ${winner}`);
      const settings = { ifExists: 'rename' } as const;
      const others = writers.filter((i) => i !== winner);
      const renamed = await Promise.all(others.map((i) => upload(at(i), 'a', `writer ${i}`, settings)));
      expect(new Set(renamed.map(({ path }) => path)).size).toBe(39);
      for (const [index, { path }] of renamed.entries())
        expect(await download(stores[0], path)).toBe(`writer ${others[index]}`);
    });
  });
});
