import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_SIZE } from '../../wire/digest.js';
import type { Cable } from '../testing/cable.js';
import { failureOf } from '../testing/deferred.js';
import { fast, folder, over } from '../testing/reconnecting.js';
import { content, Rig } from '../testing/rig.js';

/** Downloads whose bytes are broken on the way, where no digest of the line has seen it. */

const file = content(3 * BLOCK_SIZE + 777);
/** Bytes by which a place in the file is found again in what is on the line. */
const NEEDLE = 8;

/** Breaks one byte of the file in each download, at the place that is next, of those that pass by. */
function breakAt(cable: Cable, rig: Rig, places: readonly number[], spared: number) {
  const count = { downloads: 0, broken: 0 };
  let armed: Buffer | undefined;
  rig.handler.before = (step) => {
    if (step !== 'download') return;
    count.downloads += 1;
    const place = places[count.downloads - 1 - spared];
    armed = place === undefined ? undefined : file.subarray(place, place + NEEDLE);
  };
  cable.tamper = (bytes) => {
    const at = armed === undefined ? -1 : bytes.indexOf(armed);
    if (at < 0) return;
    armed = undefined;
    count.broken += 1;
    bytes[at] = (bytes[at] as number) ^ 1;
  };
  return count;
}

describe('a download whose bytes are broken on the way', () => {
  it('is made again from the beginning, so often and no more, and nothing broken is left', async () => {
    const operationRetries = 2;
    let right = 0;
    let wrong = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(file.length - NEEDLE), { maxLength: 4 }),
        fc.option(fc.integer({ min: 2000, max: 3 * BLOCK_SIZE - 1000 }), { nil: undefined }),
        fc.boolean(),
        async (places, cut, kept) => {
          const directory = await folder();
          const target = join(directory, 'target');
          const partial = { file: join(directory, '.part'), digests: join(directory, '.leaves') };
          const rig = await Rig.start();
          rig.handler.put('x', file);
          const { cable, session } = await over(rig, { ...fast, operationRetries });
          const first = cut === undefined ? 0 : 1;
          if (cut !== undefined) {
            cable.cutAfter('down', cut);
            cable.onJoin = () => cable.cutAfter('down', Number.POSITIVE_INFINITY);
          }
          const count = breakAt(cable, rig, places, first);
          const outcome = await session
            .download('x', target, kept ? { partial } : {})
            .then((result) => result.outcome)
            .catch((error: unknown) => error);
          if (outcome === 'created') {
            right += count.broken;
            expect(count.broken).toBeLessThanOrEqual(operationRetries);
            expect((await readFile(target)).equals(file)).toBe(true);
            await rm(target);
          } else {
            wrong += 1;
            expect(outcome).toMatchObject({ code: 'DIGEST_MISMATCH', path: 'x' });
            expect(count.broken).toBe(operationRetries + 1);
          }
          expect(count.downloads).toBe(first + count.broken + (outcome === 'created' ? 1 : 0));
          expect(await readdir(directory)).toEqual([]);
          await session.close();
          await rig.server.destroy();
          // No block of one in which something was broken counts.
          const sent = rig.events.flatMap((event) => (event.type === 'operation' ? [event.bytes] : []));
          for (const bytes of sent.slice(first + 1)) expect(bytes).toBe(file.length);
        },
      ),
      { numRuns: 30, endOnFailure: true },
    );
    expect(right).toBeGreaterThan(5);
    expect(wrong).toBeGreaterThan(0);
  }, 60_000);

  it('fails at once where what was given away cannot be taken back', async () => {
    const rig = await Rig.start();
    rig.handler.put('x', file);
    const { cable, session } = await over(rig);
    const count = breakAt(cable, rig, [1000, 1000], 0);
    const reasons: Error[] = [];
    const sink = { write: () => undefined, abort: (reason: Error) => void reasons.push(reason) };
    expect(await failureOf(session.download('x', sink))).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(reasons).toMatchObject([{ code: 'DIGEST_MISMATCH' }]);
    expect(count).toEqual({ downloads: 1, broken: 1 });
  });

  it('keeps nothing when it is given up before it is made again', async () => {
    const directory = await folder();
    const target = join(directory, 'target');
    const partial = { file: join(directory, '.part'), digests: join(directory, '.leaves') };
    const rig = await Rig.start();
    rig.handler.put('x', file);
    const { cable, session } = await over(rig, { minDelay: 1_000_000, maxDelay: 1_000_000 });
    breakAt(cable, rig, [1000], 0);
    const running = failureOf(session.download('x', target, { partial }));
    await rig.event('operation');
    await session.close();
    expect(await running).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await readdir(directory)).toEqual([]);
  });
});
