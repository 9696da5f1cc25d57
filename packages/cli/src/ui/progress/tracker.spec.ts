import { FilexError } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lane, Settled } from '../../transfer/outcome.js';
import { Tracker } from './tracker.js';

const done = (size: number): Settled => ({
  status: 'done',
  outcome: 'created',
  from: 'a',
  to: 'b',
  size,
  digest: undefined,
  algorithm: 'sha256',
});
const failed: Settled = { status: 'failed', from: 'a', to: 'b', error: new FilexError('IO_ERROR') };

describe('Tracker', () => {
  it('goes back only when a file does, never exceeds the total, and ends at the whole, whatever the files do', () => {
    const file = fc.record({
      announced: fc.nat({ max: 1000 }),
      real: fc.nat({ max: 1000 }),
      steps: fc.array(fc.nat({ max: 1000 }), { maxLength: 5 }),
      fails: fc.boolean(),
      tried: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(file, { maxLength: 10 }), (files) => {
        const tracker = new Tracker(1000);
        let before = 0;
        let time = 0;
        /** @param change of the file that was told about. */
        const check = (change: number): void => {
          if (change >= 0) expect(tracker.bytesAcknowledged).toBeGreaterThanOrEqual(before);
          else expect(tracker.bytesAcknowledged).toBe(before + change);
          expect(tracker.rate() ?? 0).toBeGreaterThanOrEqual(0);
          expect(tracker.bytesAcknowledged).toBeLessThanOrEqual(tracker.bytesFound);
          before = tracker.bytesAcknowledged;
        };
        for (const { announced } of files) tracker.found(announced);
        tracker.foundAll();
        for (const { announced, real, steps, fails, tried } of files) {
          if (!tried) {
            tracker.notTried(announced);
            continue;
          }
          const lane: Lane = tracker.begin('x', announced);
          let acknowledged = 0;
          for (const step of steps) {
            const now = Math.min(step, real);
            lane.progress(now, real);
            check(now - acknowledged);
            acknowledged = now;
            time += 500;
            tracker.sample(time);
          }
          lane.end(fails ? failed : done(real));
          check(0);
        }
        expect(tracker.fraction()).toBe(1);
        expect(tracker.filesSettled).toBe(tracker.filesFound);
        expect(tracker.active.size).toBe(0);
      }),
    );
  });

  it('tells the rate over the window and what remains', () => {
    const tracker = new Tracker(2_000);
    tracker.found(10_000);
    const lane = tracker.begin('x', 10_000);
    expect(tracker.rate()).toBeUndefined();
    for (let second = 0; second <= 5; second += 1) {
      lane.progress(second * 1000, 10_000);
      tracker.sample(second * 1000);
    }
    expect(tracker.rate()).toBe(1000);
    expect(tracker.remaining()).toBeUndefined();
    tracker.foundAll();
    expect(tracker.remaining()).toBe(5_000);
    for (let second = 6; second <= 9; second += 1) tracker.sample(second * 1000);
    expect(tracker.rate()).toBe(0);
    expect(tracker.remaining()).toBeUndefined();
  });

  it('counts files when there are no bytes', () => {
    const tracker = new Tracker(1000);
    tracker.found(0);
    tracker.found(0);
    expect(tracker.fraction()).toBeUndefined();
    tracker.foundAll();
    tracker.begin('x', 0).end(done(0));
    expect(tracker.fraction()).toBe(0.5);
  });
});
