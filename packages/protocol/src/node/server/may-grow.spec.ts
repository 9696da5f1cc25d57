import { performance } from 'node:perf_hooks';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CROWDED_REST, MANY_RECEIVED_SLABS } from '../bounds.js';
import { slabs } from '../slab-pool.js';
import { loopLoad } from './loop-load.js';
import { mayGrow } from './may-grow.js';

const uses = ['distance', 'near', 'held'] as const;

/** What may grow at a time, of a process with that load. */
function allowed(load: number, now: number): readonly boolean[] {
  const spies = [
    vi.spyOn(loopLoad, 'share', 'get').mockReturnValue(load),
    vi.spyOn(performance, 'now').mockReturnValue(now),
  ];
  try {
    return uses.map(mayGrow);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe('growth', () => {
  it('is for all uses while the process has time', () => {
    expect(allowed(0.5, 0)).toEqual([true, true, true]);
  });

  it('is for no distance while the process is what is waited for', () => {
    expect(allowed(1, 0)).toEqual([false, true, true]);
  });

  it('is for nothing but what is held while the disk is, and a while after', () => {
    const taken = Array.from({ length: MANY_RECEIVED_SLABS }, () => slabs.take('receive'));
    const release = (): void => {
      for (const slab of taken.splice(0)) slab.release();
    };
    onTestFinished(release);
    expect(allowed(0.5, 10)).toEqual([false, false, true]);
    release();
    expect(allowed(0.5, 9 + CROWDED_REST)).toEqual([false, false, true]);
    expect(allowed(0.5, 10 + CROWDED_REST)).toEqual([true, true, true]);
  });
});
