import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWithin, temporaryFolder } from '../../testing/temporary-folder.js';
import type { Store, StoredFile } from '../store.js';
import { download, outcomeOf } from '../testing/transfer.js';
import { LocalStore } from './local-store.js';

const top = temporaryFolder();
const PLACES = 2;
let count = 0;

describe('more files are read at once than are open', () => {
  let root: string;
  let store: Store;
  let openBefore: number;

  beforeEach(async () => {
    count += 1;
    root = join(top, String(count));
    mkdirSync(root);
    store = await LocalStore.open(root, { openDownloads: PLACES });
    openBefore = openWithin(root).length;
  });

  afterEach(async () => {
    await store.close();
    expect(openWithin(root)).toEqual([]);
  });

  const begin = (path: string): Promise<StoredFile> => store.open(path, { ifMatch: undefined });
  const readAt = async (file: StoredFile, offset: number, length: number): Promise<string> => {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, await file.read(buffer, offset)).toString();
  };

  it('and each is read right, in whatever order, also several times at once, and closed at any time', async () => {
    const contents = Array.from({ length: 6 }, (_, i) => `file ${i}: `.repeat(10));
    for (const [i, content] of contents.entries()) writeFileSync(join(root, `f${i}`), content);
    const step = fc.record({
      who: fc.nat(contents.length - 1),
      at: fc.nat(100),
      what: fc.constantFrom('read', 'read', 'read', 'verify', 'close'),
      wait: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const files = await Promise.all(contents.map((_, i) => begin(`f${i}`)));
        const closed = new Set<number>();
        const running: Promise<unknown>[] = [];
        for (const { who, at, what, wait } of steps) {
          const file = files[who] as StoredFile;
          const content = contents[who] as string;
          if (what === 'close') {
            closed.add(who);
            running.push(file.close());
          } else if (closed.has(who)) expect(await outcomeOf(readAt(file, 0, 1))).toBe('CANCELLED');
          else if (what === 'verify') running.push(outcomeOf(file.verify()));
          else
            running.push(
              outcomeOf(readAt(file, at, 20)).then((found) => {
                if (!(closed.has(who) && found === 'CANCELLED'))
                  expect(found).toBe(content.slice(at, at + 20));
              }),
            );
          expect(openWithin(root).length - openBefore).toBeLessThanOrEqual(PLACES + 3); // and folders on the way
          if (wait) await Promise.all(running.splice(0));
        }
        await Promise.all(running);
        expect(openWithin(root).length - openBefore).toBeLessThanOrEqual(PLACES);
        for (const file of files) await file.close();
        expect(openWithin(root).length).toBe(openBefore);
      }),
      { numRuns: 60 },
    );
  });

  it('and those that nobody goes on reading keep nobody else waiting', async () => {
    for (let i = 0; i < 20; i += 1) writeFileSync(join(root, `f${i}`), `file ${i}`);
    const stalled = await Promise.all(Array.from({ length: 20 }, (_, i) => begin(`f${i}`)));
    expect(openWithin(root).length - openBefore).toBeLessThanOrEqual(PLACES);
    expect(await download(store, 'f7')).toBe('file 7');
    for (const [i, file] of stalled.entries()) {
      expect(await readAt(file, 0, 100)).toBe(`file ${i}`);
      await file.verify();
      await file.close();
    }
  });

  it('and one that changed while it was closed is said to have changed, never mixed', async () => {
    const changes: Record<string, (path: string) => void> = {
      replaced: (path) => {
        writeFileSync(`${path}.new`, 'THE OLD CONTENT');
        utimesSync(`${path}.new`, 1, 1);
        renameSync(`${path}.new`, path);
      },
      written: (path) => writeFileSync(path, 'THE OLD CONTENT'),
      'written, with the time set back': (path) => {
        writeFileSync(path, 'THE OLD CONTENT');
        utimesSync(path, 1, 1);
      },
      removed: (path) => rmSync(path),
      'a folder now': (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    };
    for (const [name, change] of Object.entries(changes)) {
      const path = join(root, name);
      writeFileSync(path, 'the old content');
      utimesSync(path, 1, 1);
      const file = await begin(name);
      expect(await readAt(file, 0, 3)).toBe('the');
      writeFileSync(join(root, 'other'), 'x');
      const others = [await begin('other'), await begin('other')];
      change(path);
      expect(await outcomeOf(readAt(file, 4, 3)), name).toBe('SOURCE_CHANGED');
      for (const other of [file, ...others]) await other.close();
    }
  });
});
