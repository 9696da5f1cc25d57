import { describe, expect, it } from 'vitest';
import { MAX_READING_SLABS, SLAB_SIZE, SMALL_READ_SIZE } from './bounds.js';
import type { Slab } from './slab-pool.js';
import { slabReader } from './socket-reader.js';
import { SlabWatch } from './testing/slab-watch.js';

/** A reader and what Node does with it: asks for a buffer, fills it, tells how much. */
function reading() {
  const got: { readonly bytes: Uint8Array; readonly slab: Slab }[] = [];
  const reader = slabReader(() => (bytes, slab) => void got.push({ bytes, slab }));
  let buffer = reader.buffer();
  const read = (count: number): Buffer => {
    reader.callback(Math.min(count, buffer.length), buffer);
    buffer = reader.buffer();
    return buffer;
  };
  return { reader, got, read, offered: () => buffer.length };
}

describe('a socket', () => {
  it('that is idle is offered little, and one that is busy much', () => {
    const watch = new SlabWatch();
    const { read, offered, reader } = reading();
    expect(offered()).toBe(SMALL_READ_SIZE);
    read(100);
    expect(offered()).toBe(SMALL_READ_SIZE);
    read(SMALL_READ_SIZE);
    expect(offered()).toBe(SLAB_SIZE);
    read(100_000);
    expect(offered()).toBe(SLAB_SIZE);
    read(10);
    expect(offered()).toBe(SMALL_READ_SIZE);
    expect(watch.out).toBe(0);
    reader.close();
  });

  it('that closes gives back what waited for data', () => {
    const watch = new SlabWatch();
    const { read, reader } = reading();
    read(SMALL_READ_SIZE);
    expect(watch.out).toBe(1);
    reader.close();
    reader.close();
    expect(watch.out).toBe(0);
  });

  it('that many others are as busy as is offered little', () => {
    const watch = new SlabWatch();
    const sockets = Array.from({ length: MAX_READING_SLABS + 5 }, reading);
    for (const { read } of sockets) read(SMALL_READ_SIZE);
    expect(watch.out).toBe(MAX_READING_SLABS);
    expect(sockets.at(-1)?.offered()).toBe(SMALL_READ_SIZE);
    sockets[0]?.reader.close();
    sockets.at(-1)?.read(SMALL_READ_SIZE);
    expect(sockets.at(-1)?.offered()).toBe(SLAB_SIZE);
    for (const { reader } of sockets) reader.close();
    expect(watch.out).toBe(0);
  });

  it('whose data is not taken well is none the worse', () => {
    const watch = new SlabWatch();
    const reader = slabReader(() => () => {
      throw new Error('a defect');
    });
    const small = reader.buffer();
    expect(() => reader.callback(small.length, small)).toThrow('a defect');
    const large = reader.buffer();
    expect(() => reader.callback(large.length, large)).toThrow('a defect');
    expect(watch.out).toBe(0);
    reader.close();
  });
});
