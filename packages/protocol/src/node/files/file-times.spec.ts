import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fstat } from './calls.js';
import { modificationTime, setModificationTime } from './file-times.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const path = join(temporaryFolder(), 'file');
const fd = openSync(path, 'w');
afterAll(() => closeSync(fd));

async function stored(microseconds: number): Promise<number> {
  await setModificationTime(fd, microseconds);
  return modificationTime(await fstat(fd));
}

describe('modification time', () => {
  it('comes back to the microsecond, before 1970 too', async () => {
    // What 32 bits of seconds hold, and so every file system: beyond, ext4 with small inodes stores the nearest it can.
    const times = fc.integer({ min: -(2 ** 31 - 1) * 1e6, max: (2 ** 31 - 1) * 1e6 });
    await fc.assert(
      fc.asyncProperty(times, async (time) => {
        expect(await stored(time)).toBe(time);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([0, 1, -1, 999_999, -999_999, -1_000_001, 1_732_318_000_123_456, (2 ** 31 - 1) * 1e6])(
    '%i',
    async (time) => {
      expect(await stored(time)).toBe(time);
    },
  );

  it('can be set by path', async () => {
    await setModificationTime(path, 7_000_001);
    expect(modificationTime(await fstat(fd))).toBe(7_000_001);
  });

  it('is rounded to the nearest microsecond', () => {
    const at = (mtimeNs: bigint) => modificationTime({ mtimeNs } as Parameters<typeof modificationTime>[0]);
    expect([at(1499n), at(1500n), at(-1499n), at(-1501n)]).toEqual([1, 2, -1, -2]);
  });
});
