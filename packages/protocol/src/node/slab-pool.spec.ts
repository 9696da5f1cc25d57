import { describe, expect, it } from 'vitest';
import { MANY_SLABS, MAX_FREE_SLABS, SLAB_SIZE } from './bounds.js';
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

  it('is not kept when there are enough', () => {
    const pool = new SlabPool();
    const taken = Array.from({ length: MAX_FREE_SLABS + 3 }, () => pool.take('send'));
    for (const slab of taken) slab.release();
    const again = new Set(Array.from({ length: MAX_FREE_SLABS + 3 }, () => pool.take('send').buffer));
    expect(taken.filter(({ buffer }) => again.has(buffer)).length).toBe(MAX_FREE_SLABS);
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
