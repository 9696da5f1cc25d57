import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HEADER_SIZE } from '../wire/frame.js';
import { SLAB_PAYLOAD, SMALL_READ_SIZE } from './bounds.js';
import type { Piece } from './data-sender.js';
import { IterableSource, SlabSource } from './pieces.js';
import { slabs } from './slab-pool.js';
import { failureOf, turns } from './testing/deferred.js';
import { content } from './testing/rig.js';
import { SlabWatch } from './testing/slab-watch.js';

const reader = (bytes: Buffer, most = bytes.length) => ({
  read: async (buffer: Uint8Array, offset: number) => bytes.copy(buffer, 0, offset, offset + most),
});

describe('a file', () => {
  it('comes in pieces as long as there is room for, from buffers that go back', async () => {
    const watch = new SlabWatch();
    for (const size of [0, 1, SMALL_READ_SIZE, SLAB_PAYLOAD, 3 * SLAB_PAYLOAD + 5]) {
      const bytes = content(size);
      for (const room of [1_000_000, 100_000, SLAB_PAYLOAD, 4096]) {
        const source = new SlabSource(reader(bytes, 300_000), size);
        const got: Buffer[] = [];
        while (source.takesMemory) {
          const piece = (await source.next(room)) as Piece;
          const { bytes: part, framed } = piece;
          expect(part.length).toBeLessThanOrEqual(Math.min(room, SLAB_PAYLOAD));
          // With room for a header before, in the same memory.
          expect(framed?.buffer === part.buffer).toBe(true);
          expect(framed?.byteOffset).toBe(part.byteOffset - HEADER_SIZE);
          expect(framed?.length).toBe(HEADER_SIZE + part.length);
          got.push(Buffer.from(part));
          piece.release();
        }
        expect(await source.next(room)).toBeUndefined();
        expect(Buffer.concat(got).equals(bytes)).toBe(true);
      }
    }
    expect(watch.out).toBe(0);
  });

  it('that is small, or has little room, takes no pooled buffer', async () => {
    const watch = new SlabWatch();
    await new SlabSource(reader(content(SMALL_READ_SIZE)), SMALL_READ_SIZE).next(1e9);
    await new SlabSource(reader(content(1_000_000)), 1_000_000).next(SMALL_READ_SIZE);
    expect(watch.most).toBe(0);
  });

  it('takes no pooled buffer when those are scarce', async () => {
    const watch = new SlabWatch();
    const scarce = vi.spyOn(slabs, 'scarce', 'get').mockReturnValue(true);
    onTestFinished(() => scarce.mockRestore());
    const piece = await new SlabSource(reader(content(1_000_000)), 1_000_000).next(1e9);
    expect(piece?.bytes.length).toBe(SMALL_READ_SIZE);
    expect(watch.most).toBe(0);
  });

  it('that ends early, or cannot be read, fails and gives the buffer back', async () => {
    const watch = new SlabWatch();
    const short = new SlabSource(reader(content(600_000)), 1_000_000);
    (await short.next(1e9))?.release();
    (await short.next(1e9))?.release();
    expect(await failureOf(short.next(1e9))).toMatchObject({ code: 'SOURCE_CHANGED' });
    const broken = new SlabSource({ read: () => Promise.reject(new Error('bad sector')) }, 1_000_000);
    expect(await failureOf(broken.next(1e9))).toMatchObject({ message: 'bad sector' });
    expect(watch.out).toBe(0);
  });
});

describe('an iterable', () => {
  it('is passed on by identity, without what is empty', async () => {
    const chunks = [content(3), new Uint8Array(0), content(5)];
    const source = new IterableSource(chunks);
    expect((await source.next())?.bytes).toBe(chunks[0]);
    expect((await source.next())?.bytes).toBe(chunks[2]);
    expect(await source.next()).toBeUndefined();
    await source.close();
  });

  it('that throws, in any way, fails with an error of its own', async () => {
    const fail = (): never => {
      throw new Error('broken');
    };
    const ways: (AsyncIterable<Uint8Array> | Iterable<Uint8Array>)[] = [
      (async function* () {
        yield fail();
      })(),
      (function* () {
        yield fail();
      })(),
      new Readable({ read: fail }),
      { [Symbol.iterator]: () => ({ next: fail }) },
      { [Symbol.asyncIterator]: () => ({ next: async () => fail() }) },
    ];
    for (const way of ways) {
      const source = new IterableSource(way);
      expect(await failureOf(source.next())).toMatchObject({ code: 'IO_ERROR', message: 'broken' });
      await source.close();
    }
  });

  it('that yields no bytes is refused', async () => {
    const source = new IterableSource(['text'] as never);
    expect(await failureOf(source.next())).toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('is closed exactly when it has not ended by itself', async () => {
    for (const [count, expected] of [
      [1, 1],
      [3, 0],
    ] as const) {
      let returned = 0;
      const chunks = [content(1), content(1)];
      const iterator = {
        next: () => ({ done: chunks.length === 0, value: chunks.pop() as Buffer }),
        return: () => {
          returned += 1;
          return { done: true, value: undefined };
        },
      };
      const source = new IterableSource({ [Symbol.iterator]: () => iterator as Iterator<Uint8Array> });
      for (let i = 0; i < count; i += 1) await source.next();
      await source.close();
      expect(returned).toBe(expected);
    }
  });

  it('that cannot even be closed does not get in the way', async () => {
    for (const fail of [
      () => {
        throw new Error('no');
      },
      () => Promise.reject(new Error('no')),
    ]) {
      const iterator = { next: async () => ({ done: false, value: content(1) }), return: fail };
      const source = new IterableSource({ [Symbol.asyncIterator]: () => iterator as never });
      await source.next();
      await source.close();
    }
  });

  it('that never answers is left by a cancellation, and closed without waiting', async () => {
    const idle = new PassThrough();
    const source = new IterableSource(idle);
    const next = source.next();
    await turns();
    source.cancel();
    expect(await next).toBeUndefined();
    expect(await source.next()).toBeUndefined();
    await source.close();
    expect(idle.destroyed).toBe(true);
  });

  it('whose answer comes after the cancellation, even a failure, is not missed by anyone', async () => {
    let fail = (_error: Error): void => undefined;
    const iterator = {
      next: () =>
        new Promise<never>((_resolve, reject) => {
          fail = reject;
        }),
      return: () => new Promise(() => undefined),
    };
    const source = new IterableSource({ [Symbol.asyncIterator]: () => iterator as never });
    const next = source.next();
    source.cancel();
    expect(await next).toBeUndefined();
    await source.close();
    fail(new Error('late'));
    await turns(2);
  });
});
