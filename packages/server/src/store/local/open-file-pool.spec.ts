import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPublishingContext, StagedFile, stagingName } from '@filex/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWithin, temporaryFolder } from '../../testing/temporary-folder.js';
import { OpenFilePool, type ParkableFile } from './open-file-pool.js';

const root = temporaryFolder();
const context = createPublishingContext((error) => expect.fail(String(error)));
let count = 0;

describe('OpenFilePool', () => {
  it('works on any number of files with any number of places, whatever happens to them', async () => {
    const fate = fc.record({
      pieces: fc.array(fc.nat(255), { maxLength: 5 }),
      end: fc.constantFrom('publish' as const, 'discard' as const, 'discard at once' as const),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fate, { maxLength: 8 }),
        async (places, fates) => {
          count += 1;
          const staging = join(root, `staging-${count}`);
          const target = join(root, `target-${count}`);
          mkdirSync(staging);
          mkdirSync(target);
          const pool = new OpenFilePool<StagedFile>(places);
          const live = async ({ pieces, end }: (typeof fates)[number], name: string): Promise<void> => {
            const path = join(staging, stagingName());
            const file = await pool.create(() => StagedFile.create({ path, label: name, context }));
            for (const [i, piece] of pieces.entries()) {
              const write = (offset: number): Promise<void> =>
                pool.use(file, () => {
                  expect(openWithin(staging).length).toBeLessThanOrEqual(places);
                  return file.write(Uint8Array.of(piece), offset);
                });
              const writing = Promise.all([write(2 * i), write(2 * i + 1)]);
              if (end === 'discard at once') {
                // The client went away in the middle of a write.
                await Promise.all([
                  pool.discard(file),
                  writing.catch(() => 'it may still have begun, or not'),
                ]);
                return;
              }
              await writing;
            }
            if (end === 'publish') {
              const directory = { path: target, key: target };
              await pool.use(file, () =>
                file.publish({
                  directory,
                  name,
                  ifExists: 'fail',
                  mtime: 0,
                  executable: false,
                  durable: false,
                }),
              );
            } else await pool.discard(file);
          };
          await Promise.all(fates.map((f, i) => live(f, String(i))));
          expect(pool.size).toBe(0);
          expect(readdirSync(staging)).toEqual([]);
          expect(openWithin(staging)).toEqual([]);
          for (const [i, { pieces, end }] of fates.entries())
            if (end === 'publish')
              expect([...readFileSync(join(target, String(i)))]).toEqual(pieces.flatMap((p) => [p, p]));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes the place from a file whose calls overlap without end', async () => {
    const pool = new OpenFilePool<ParkableFile>(1);
    const parked: string[] = [];
    const file = (name: string): ParkableFile => ({
      ended: false,
      park: async () => void parked.push(name),
      discard: async () => undefined,
    });
    const [busy, other] = [file('busy'), file('other')];
    await pool.create(async () => busy);
    let isDone = false;
    const lane = async (): Promise<void> => {
      while (!isDone) await pool.use(busy, () => new Promise((resolve) => setImmediate(resolve)));
    };
    const lanes = [lane(), lane()];
    await pool.create(async () => other);
    isDone = true;
    await Promise.all(lanes);
    expect(parked.slice(0, 2)).toEqual(['busy', 'other']);
    expect(pool.size).toBe(1);
  });

  it('lets no call of a file overtake one that waits', async () => {
    const pool = new OpenFilePool<StagedFile>(2);
    const make = (): Promise<StagedFile> =>
      pool.create(() => StagedFile.create({ path: join(root, stagingName()), label: 'a', context }));
    const [a, b] = [await make(), await make()];
    let [endA, endB] = [(): void => undefined, (): void => undefined];
    const untilA = new Promise<void>((resolve) => {
      endA = resolve;
    });
    const untilB = new Promise<void>((resolve) => {
      endB = resolve;
    });
    const order: number[] = [];
    const write = (at: number): Promise<void> =>
      pool.use(a, async () => {
        order.push(at);
        if (at === 0) await untilA;
        await a.write(Uint8Array.of(at), at);
      });
    const busy = pool.use(b, () => untilB);
    const writes = [write(0)];
    await new Promise(setImmediate);
    const c = make();
    await new Promise(setImmediate);
    writes.push(write(1));
    await new Promise(setImmediate);
    // Nobody waits for a place any more, but one call of this file does.
    endB();
    await Promise.all([c, busy]);
    writes.push(write(2));
    await new Promise(setImmediate);
    endA();
    await Promise.all(writes);
    expect(order).toEqual([0, 1, 2]);
    expect(a.length).toBe(3);
    await Promise.all([a, b, await c].map((file) => pool.discard(file)));
  });

  it('gives the place back when a file cannot be made', async () => {
    const pool = new OpenFilePool<StagedFile>(1);
    for (let i = 0; i < 3; i += 1)
      await expect(pool.create(() => Promise.reject(new RangeError('no')))).rejects.toThrow('no');
    expect(pool.size).toBe(0);
  });
});
