import { describe, expect, it } from 'vitest';
import { MANY_SLABS, MAX_FREE_SLABS, SLAB_SIZE, SLABS_PER_CHUNK } from './bounds.js';
import { SlabPool } from './slab-pool.js';

describe('a slab', () => {
  it('goes back when the last one lets go, and not before', () => {
    const pool = new SlabPool();
    const slab = pool.take('send');
    expect(slab.buffer.length).toBe(SLAB_SIZE);
    slab.hold();
    slab.release();
    expect(pool.take('send').buffer === slab.buffer).toBe(false);
    slab.release();
    expect(pool.take('send').buffer === slab.buffer).toBe(true);
  });

  it('that is let go once too often says so', () => {
    const slab = new SlabPool().take('send');
    slab.release();
    expect(() => slab.release()).toThrow('more often');
  });

  it('that is let go once too often says so, and not for whoever has its buffer by then', () => {
    const pool = new SlabPool();
    const slab = pool.take('send');
    slab.release();
    const next = pool.take('send');
    expect(next.buffer).toBe(slab.buffer);
    expect(() => slab.release()).toThrow('more often');
    expect(pool.out).toBe(1);
    next.release();
    expect(pool.out).toBe(0);
  });

  it('is not kept when there are enough of them, in whichever order they come back', () => {
    const reversed = <T>(items: readonly T[]): T[] => [...items].reverse();
    for (const order of [<T>(items: T[]): T[] => items, reversed]) {
      const pool = new SlabPool();
      const taken = Array.from({ length: 5 * SLABS_PER_CHUNK }, () => pool.take('send'));
      expect(pool.size).toBe(5 * SLABS_PER_CHUNK);
      for (const slab of order(taken)) slab.release();
      expect(pool.size).toBeGreaterThanOrEqual(MAX_FREE_SLABS);
      expect(pool.size).toBeLessThan(MAX_FREE_SLABS + 2 * SLABS_PER_CHUNK);
    }
  });

  it('is one whose memory is in use already, rather than of other memory', () => {
    const pool = new SlabPool();
    const taken = Array.from({ length: 2 * SLABS_PER_CHUNK }, () => pool.take('send'));
    taken.at(-1)?.release();
    taken[3]?.release();
    expect(pool.take('send').buffer).toBe(taken[3]?.buffer);
  });

  it('shares no byte with another one, and all begin in the same way in a page', () => {
    const pool = new SlabPool();
    const taken = Array.from({ length: SLABS_PER_CHUNK + 1 }, () => pool.take('receive'));
    for (const [i, { buffer }] of taken.entries()) buffer.fill(i);
    for (const [i, { buffer }] of taken.entries()) {
      expect([buffer[0], buffer.at(-1)]).toEqual([i, i]);
      expect((buffer.byteOffset - (taken[0]?.buffer.byteOffset as number)) % 4096).toBe(0);
    }
  });

  it('is scarce when many are out', () => {
    const pool = new SlabPool();
    const taken = Array.from({ length: MANY_SLABS - 1 }, () => pool.take('send'));
    expect([pool.out, pool.scarce]).toEqual([MANY_SLABS - 1, false]);
    taken.push(pool.take('send'));
    expect(pool.scarce).toBe(true);
    for (const slab of taken) slab.release();
    expect([pool.out, pool.scarce]).toEqual([0, false]);
  });

  it('is counted by what it is filled from', () => {
    const pool = new SlabPool();
    const taken = [pool.take('send'), pool.take('receive'), pool.take('receive')];
    expect([pool.out, pool.received]).toEqual([3, 2]);
    taken[1]?.release();
    expect([pool.out, pool.received]).toEqual([2, 1]);
    // What it is used for next is told anew.
    taken.push(pool.take('send'));
    for (const slab of [taken[0], taken[2], taken[3]]) slab?.release();
    expect([pool.out, pool.received]).toEqual([0, 0]);
  });
});
