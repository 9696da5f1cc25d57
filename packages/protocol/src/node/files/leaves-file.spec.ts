import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LeavesFile, readLeaves } from './leaves-file.js';
import { openWithin, temporaryFolder } from './testing/temporary-folder.js';

const root = temporaryFolder();
let count = 0;
const path = (): string => {
  count += 1;
  return join(root, `${count}.leaves`);
};
const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 });

it('has the digests that were added and not dropped, whenever it was closed in between', async () => {
  const step = fc.oneof(leaf, fc.nat(8), fc.constantFrom('park' as const, 'sync' as const));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const at = path();
      const file = new LeavesFile(at, 0);
      let expected: Uint8Array[] = [];
      await file.sync();
      for (const one of steps) {
        if (one === 'park') await file.park();
        else if (one === 'sync') await file.sync();
        else if (typeof one === 'number') {
          await file.truncate(one);
          expected = expected.slice(0, one);
        } else {
          await file.append(one);
          expected.push(one);
        }
        expect(file.count).toBe(expected.length);
      }
      await file.park();
      expect(await readLeaves(at)).toEqual(expected);
      const again = new LeavesFile(at, Math.floor(expected.length / 2));
      await again.sync();
      await again.park();
      expect(await readLeaves(at)).toEqual(expected.slice(0, Math.floor(expected.length / 2)));
      await again.discard();
      await expect(readLeaves(at)).rejects.toMatchObject({ code: 'ENOENT' });
    }),
    { numRuns: 30 },
  );
  expect(openWithin(root)).toEqual([]);
});

it('ends before the first digest that is damaged, torn, or in another place', async () => {
  const leaves = fc.array(leaf, { minLength: 2, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(leaves, fc.nat(), fc.integer({ min: 1, max: 255 }), async (given, place, change) => {
      const at = path();
      const file = new LeavesFile(at, 0);
      for (const one of given) await file.append(one);
      await file.park();
      const bytes = readFileSync(at);
      const index = place % bytes.length;
      const before = given.slice(0, Math.floor(index / 36));
      const damaged = Buffer.from(bytes);
      damaged[index] = (bytes[index] as number) ^ change;
      writeFileSync(at, damaged);
      expect(await readLeaves(at)).toEqual(before);
      writeFileSync(at, bytes.subarray(0, index));
      expect(await readLeaves(at)).toEqual(before);
      writeFileSync(at, bytes.subarray(36));
      expect(await readLeaves(at)).toEqual([]);
    }),
    { numRuns: 50 },
  );
});
