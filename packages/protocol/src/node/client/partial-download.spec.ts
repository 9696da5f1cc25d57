import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_SIZE } from '../../wire/digest.js';
import { connect } from '../connect.js';
import { Cable } from '../testing/cable.js';
import { failureOf } from '../testing/deferred.js';
import { folder, large } from '../testing/reconnecting.js';
import { content, Rig } from '../testing/rig.js';

describe('a partial download', () => {
  const damages = {
    nothing: async () => undefined,
    'a byte of the file': async (file: string, _digests: string, at: number) => {
      const bytes = await readFile(file);
      bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ 1;
      await writeFile(file, bytes);
    },
    'a wrong file': async (file: string) => writeFile(file, content((await readFile(file)).length, 3)),
    'a longer file': async (file: string) => writeFile(file, large.subarray(7), { flag: 'a' }),
    'a shorter file': async (file: string, _digests: string, at: number) => {
      const bytes = await readFile(file);
      await writeFile(file, bytes.subarray(0, at % bytes.length));
    },
    'no file': async (file: string) => rm(file),
    'no digests': async (_file: string, digests: string) => rm(digests),
    'a byte of the digests': async (_file: string, digests: string, at: number) => {
      const bytes = await readFile(digests);
      bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ 1;
      await writeFile(digests, bytes);
    },
    'torn digests': async (_file: string, digests: string, at: number) => {
      const bytes = await readFile(digests);
      await writeFile(digests, bytes.subarray(0, at % bytes.length));
    },
    'other digests': async (_file: string, digests: string) => writeFile(digests, content(1000)),
  };

  it('leads to the right file whatever became of it, and nothing is left', async () => {
    const other = content(2 * BLOCK_SIZE + 5, 8);
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(damages) as (keyof typeof damages)[])),
        fc.nat(),
        fc.double({ min: 1.2, max: 4.5, noNaN: true }),
        fc.constantFrom('the same', 'the same', 'the same', 'another'),
        async (damage, at, cut, version) => {
          const now = version === 'the same' ? large : other;
          const directory = await folder();
          const target = join(directory, 'target');
          const partial = { file: join(directory, '.part'), digests: join(directory, '.leaves') };
          const rig = await Rig.start();
          rig.handler.put('x', large);
          const cable = await Cable.start(rig.port);
          const first = await connect(cable.url);
          cable.cutAfter('down', cut * BLOCK_SIZE);
          expect(await failureOf(first.download('x', target, { partial }))).toMatchObject({
            code: 'CONNECTION_LOST',
          });
          // A block may have been on its way still.
          const left = (await readdir(directory)).sort();
          const blocks = left.length === 0 ? 0 : (await readFile(partial.digests)).length / 36;
          if (blocks > 0) {
            expect(left).toEqual(['.leaves', '.part']);
            kept += 1;
            await damages[damage](partial.file, partial.digests, at);
          }
          rig.handler.put('x', now);
          const session = await rig.connect();
          const seen: number[] = [];
          await session.download('x', target, {
            partial,
            onProgress: ({ acknowledged }) => void seen.push(acknowledged),
          });
          expect((await readFile(target)).equals(now)).toBe(true);
          expect(await readdir(directory)).toEqual(['target']);
          // What was good was not fetched again.
          if (damage === 'nothing' && now === large) expect(seen[0]).toBeGreaterThan(blocks * BLOCK_SIZE);
          await rig.server.destroy();
        },
      ),
      { numRuns: 40, endOnFailure: true },
    );
    expect(kept).toBeGreaterThan(20);
  }, 60_000);

  it('is not kept when it is known to be wrong, or less than a block', async () => {
    const directory = await folder();
    const target = join(directory, 'target');
    const partial = { file: join(directory, '.part'), digests: join(directory, '.leaves') };
    const rig = await Rig.start();
    rig.handler.put('x', large);
    const cable = await Cable.start(rig.port);
    const session = await connect(cable.url);
    cable.cutAfter('down', BLOCK_SIZE / 2);
    await failureOf(session.download('x', target, { partial }));
    expect(await readdir(directory)).toEqual([]);
  });

  it('is for a file', async () => {
    const rig = await Rig.start();
    rig.handler.put('x', large);
    const session = await rig.connect();
    const partial = { file: '/nowhere/a', digests: '/nowhere/b' };
    expect(await failureOf(session.download('x', { write: () => undefined }, { partial }))).toMatchObject({
      code: 'UNSUPPORTED',
    });
  });
});
