import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../bounds.js';
import { Space, type SpacePromise } from './space.js';

const BLOCK = 512;
const KEEP = 10_000;

/** A file system whose answers are on their way for a while. */
class Disk {
  free: number;
  readonly #answers: ((late: boolean) => void)[] = [];

  constructor(free: number) {
    this.free = free;
  }

  look(): Promise<{ free: number; total: number; block: number }> {
    const { free } = this;
    return new Promise((resolve) => {
      this.#answers.push((late) => resolve({ free: late ? this.free : free, total: 1e9, block: BLOCK }));
    });
  }

  /** @param late whether it has looked just now, not when it was asked: it may at any time in between. */
  answer(late: boolean): void {
    for (const answer of this.#answers.splice(0)) answer(late);
  }
}

/** Lets everything run that does not wait for the disk. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the space that is kept free', () => {
  it('is never touched, whatever uploads do at once, and however late the file system answers', async () => {
    const command = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('begin' as const), size: fc.option(fc.nat(60_000)) }),
      },
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('write' as const), who: fc.nat(9), part: fc.nat(20_000) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('drop' as const), who: fc.nat(9), part: fc.nat(20_000) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('end', 'abort'), who: fc.nat(9) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), late: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
    );
    let refused = 0;
    let stored = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 200_000 }),
        fc.array(command, { maxLength: 60 }),
        async (free, commands) => {
          const disk = new Disk(free);
          const least = Math.min(free, KEEP);
          let time = 0;
          const space = new Space({ keepFree: KEEP, look: () => disk.look(), now: () => time });
          interface Upload {
            promise: SpacePromise;
            size: number | undefined;
            written: number;
            busy: boolean;
          }
          const uploads: Upload[] = [];
          const running: Promise<unknown>[] = [];
          const work = (promise: Promise<unknown>): void =>
            void running.push(
              promise.catch((error: { code: string }) => {
                expect(error.code).toBe('NO_SPACE');
                refused += 1;
              }),
            );
          for (const c of commands) {
            const upload = 'who' in c ? uploads[c.who % Math.max(1, uploads.length)] : undefined;
            if (c.kind === 'begin')
              work(
                space
                  .promise(c.size ?? undefined, 'a')
                  .then((promise) =>
                    uploads.push({ promise, size: c.size ?? undefined, written: 0, busy: false }),
                  ),
              );
            if (c.kind === 'answer') disk.answer(c.late);
            if (c.kind === 'wait') time += bounds.spaceAge;
            if (upload !== undefined && !upload.busy) {
              if (c.kind === 'write') {
                const bytes = Math.min(c.part, (upload.size ?? Number.POSITIVE_INFINITY) - upload.written);
                upload.busy = true;
                const half = Math.floor(bytes / 2);
                const writing = [half, bytes - half].map((part) =>
                  upload.promise.take(part, async () => {
                    disk.free -= part; // it is on the disk, and we do not know yet
                    expect(disk.free).toBeGreaterThanOrEqual(least);
                    await settle();
                    upload.written += part;
                    stored += part;
                  }),
                );
                for (const each of writing) work(each);
                work(
                  Promise.allSettled(writing).then(() => {
                    upload.busy = false;
                  }),
                );
              }
              if (c.kind === 'drop') {
                const bytes = Math.min(c.part, upload.written);
                upload.promise.drops(bytes);
                disk.free += bytes;
                upload.written -= bytes;
              }
              if (c.kind === 'end' || c.kind === 'abort') {
                uploads.splice(uploads.indexOf(upload), 1);
                upload.promise.end();
                if (c.kind === 'abort') disk.free += upload.written;
              }
            }
            await settle();
          }
          for (let open = true; open; ) {
            disk.answer(true);
            open = (await Promise.race([Promise.all(running), settle().then(() => 'open')])) === 'open';
          }
          for (const { promise } of uploads) promise.end();
          // All that was promised is given back: what is free can be had, to the last byte.
          time += bounds.spaceAge;
          const rest = disk.free - KEEP - 2 * BLOCK;
          if (rest >= 0) {
            const all = space.promise(rest, 'all');
            disk.answer(true);
            await settle();
            disk.answer(true);
            (await all).end();
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(50);
    expect(stored).toBeGreaterThan(100_000);
  });

  it('is a hundredth of the file system unless told, at most 1 GiB, and named in the refusal', async () => {
    const GiB = 1024 ** 3;
    const kept = async (total: number, keepFree?: number): Promise<string> => {
      const look = async () => ({ free: 0, total, block: BLOCK });
      const error = (await new Space({ keepFree, look, now: () => 0 })
        .promise(0, 'a')
        .catch((e: unknown) => e)) as Error;
      return /the (\d+) bytes to be kept free \(keepFree\)/.exec(error.message)?.[1] as string;
    };
    expect(await kept(1_000_099)).toBe('10000');
    expect(await kept(1000 * GiB)).toBe(String(GiB));
    expect(await kept(1000 * GiB, 0)).toBe('0');
    expect(await kept(1000, 5 * GiB)).toBe(String(5 * GiB));
  });

  it('asks the file system seldom: not for each small file, and every few MiB of a long one', async () => {
    let asked = 0;
    let time = 0;
    const look = async () => {
      asked += 1;
      return { free: 1e12, total: 1e13, block: 4096 };
    };
    const space = new Space({ keepFree: undefined, look, now: () => time });
    for (let i = 0; i < 1000; i += 1) (await space.promise(10, 'a')).end();
    expect(asked).toBe(1);
    const long = await space.promise(undefined, 'long');
    for (let i = 0; i < 1000; i += 1) {
      await long.cover(65_536);
      long.wrote(65_536);
      time += bounds.spaceAge;
    }
    expect(asked).toBeLessThanOrEqual(1 + (1000 * 65_536) / bounds.spaceStep + 1);
    expect(asked).toBeGreaterThan(10);
  });

  it('finds what has just become free, and keeps what was promised for bytes that are written again', async () => {
    let free = KEEP + 10 * BLOCK;
    const space = new Space({
      keepFree: KEEP,
      look: async () => ({ free, total: 1e9, block: BLOCK }),
      now: () => 0,
    });
    const all = await space.promise(8 * BLOCK, 'all');
    await all.cover(8 * BLOCK);
    free -= 8 * BLOCK;
    all.wrote(8 * BLOCK);
    await expect(space.promise(0, 'other')).rejects.toMatchObject({ code: 'NO_SPACE', path: 'other' });
    all.drops(8 * BLOCK);
    free += 8 * BLOCK;
    await expect(space.promise(0, 'other')).rejects.toMatchObject({ code: 'NO_SPACE' });
    await all.cover(8 * BLOCK);
    all.end();
    (await space.promise(8 * BLOCK, 'other')).end();
  });

  it('is not minded where the file system does not tell', async () => {
    const look = async () => ({ free: Number.POSITIVE_INFINITY, total: 0, block: 0 });
    const space = new Space({ keepFree: undefined, look, now: () => 0 });
    const promise = await space.promise(2 ** 52, 'a');
    await promise.cover(2 ** 52);
    promise.end();
  });
});
