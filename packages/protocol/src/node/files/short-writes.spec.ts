import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FileSource } from './file-source.js';
import { createPublishingContext, StagedFile, stagingName } from './staged-file.js';
import { openWithin, temporaryFolder } from './testing/temporary-folder.js';

/** How much the next calls move at most, and then the error of the device. */
const device = vi.hoisted(() => ({ moves: [] as number[], fails: undefined as string | undefined }));

vi.mock('./calls.js', async (importOriginal) => {
  const real = await importOriginal<typeof import('./calls.js')>();
  const limited =
    (call: typeof real.write): typeof real.write =>
    async (fd, bytes, from, length, position) => {
      const most = device.moves.shift();
      if (most === undefined && device.fails !== undefined)
        throw Object.assign(new Error(device.fails), { code: device.fails, syscall: 'write' });
      return call(fd, bytes, from, Math.min(length, most ?? length), position);
    };
  return { ...real, write: limited(real.write), read: limited(real.read) };
});

const root = temporaryFolder();
const staging = join(root, 'staging');
mkdirSync(staging);
const context = createPublishingContext((error) => expect.fail(String(error)));
const stage = () => StagedFile.create({ path: join(staging, stagingName()), label: 'a', context });
let count = 0;

describe('a device that takes and gives less than it is asked for', () => {
  it('loses nothing', async () => {
    const moves = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 500 }), moves, async (content, moves) => {
        count += 1;
        const name = String(count);
        const file = await stage();
        device.moves = [...moves];
        await file.write(content);
        device.moves = [];
        const directory = { path: root, key: root };
        const rest = { ifExists: 'fail', mtime: 0, executable: false, durable: false } as const;
        await file.publish({ directory, name, ...rest });
        expect(new Uint8Array(readFileSync(join(root, name)))).toEqual(content);
        const source = await FileSource.open(join(root, name));
        device.moves = [...moves];
        const buffer = new Uint8Array(content.length);
        expect(await source.read(buffer, 0)).toBe(content.length);
        device.moves = [];
        expect(buffer).toEqual(content);
        await source.close();
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['ENOSPC', 'NO_SPACE'],
    ['EIO', 'IO_ERROR'],
    ['EDQUOT', 'NO_SPACE'],
    ['EFBIG', 'TOO_LARGE'],
  ])('and then fails with %s: %s, and nothing is left', async (errno, code) => {
    const file = await stage();
    device.moves = [3, 4];
    device.fails = errno;
    await expect(file.write(new Uint8Array(20))).rejects.toMatchObject({ code, path: 'a' });
    device.fails = undefined;
    expect(file.length).toBe(7);
    await file.discard();
    expect(readdirSync(staging)).toEqual([]);
    expect(openWithin(root)).toEqual([]);
  });
});
