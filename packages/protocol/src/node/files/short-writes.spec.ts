import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FileSource } from './file-source.js';
import { createPublishingContext, StagedFile, stagingName } from './staged-file.js';
import { openWithin, temporaryFolder } from './testing/temporary-folder.js';

/** How much the next calls move at most, and then the error of the device. */
const device = vi.hoisted(() => ({ moves: [] as number[], fails: undefined as string | undefined }));

/** Where writes fail. */
const holes = vi.hoisted(() => new Set<number>());

vi.mock('./calls.js', async (importOriginal) => {
  const real = await importOriginal<typeof import('./calls.js')>();
  const limited =
    (call: typeof real.write): typeof real.write =>
    async (fd, bytes, from, length, position) => {
      if (holes.has(position)) throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'write' });
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

  it('counts only what is before the first of several writes that fails, and publishes nothing behind it', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.nat(7), { minLength: 1 }),
        fc.constantFrom('not' as const, 'in one' as const, 'as before' as const),
        async (sizes, failing, again) => {
          count += 1;
          const name = String(count);
          const whole = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0)).map((_, i) => i % 251);
          const offsets = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
          for (const each of failing) holes.add(offsets[each % sizes.length] as number);
          const first = Math.min(...holes);
          const file = await stage();
          const writing = sizes.map((size, i) => {
            const offset = offsets[i] as number;
            return file.write(whole.subarray(offset, offset + size), offset);
          });
          const outcomes = await Promise.allSettled(writing);
          expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(
            offsets.map((at) => holes.has(at)),
          );
          expect(file.length).toBe(first);
          expect(file.extent).toBe(whole.length);
          holes.clear();
          if (again === 'in one') await file.write(whole.subarray(first), first);
          for (const at of again === 'as before' ? offsets.filter((offset) => offset >= first) : [])
            await file.write(
              whole.subarray(
                at,
                offsets.find((next) => next > at),
              ),
              at,
            );
          expect(file.length).toBe(again === 'not' ? first : whole.length);
          const rest = { ifExists: 'fail', mtime: 0, executable: false, durable: false } as const;
          await file.publish({ directory: { path: root, key: root }, name, ...rest });
          expect(readFileSync(join(root, name))).toEqual(whole.subarray(0, file.length));
        },
      ),
      { numRuns: 100 },
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
    expect(file.extent).toBe(20);
    await file.discard();
    expect(readdirSync(staging)).toEqual([]);
    expect(openWithin(root)).toEqual([]);
  });
});
