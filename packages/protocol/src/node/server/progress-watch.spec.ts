import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProgressWatch, type Standing } from './progress-watch.js';

const limits = { interval: 1000, least: 100 };
const TICK = 125;

/** One tick of a transfer: bytes it moved in it, and whether it waited for the other end at its end. */
interface Step {
  readonly moves: number;
  readonly waits: boolean;
  readonly theirs?: number;
  readonly takes?: number;
}

/** After how many milliseconds it has stopped; undefined: never. */
function stopsAfter(steps: readonly Step[], others = 0, round = 0): number | undefined {
  const watch = new ProgressWatch(limits);
  let now = 5000;
  let standing: Standing = { moved: 0, waits: true, others, othersMoved: 0, round };
  watch.stopped(now, standing);
  for (const { moves, waits, theirs = 0, takes = TICK } of steps) {
    now += takes;
    const { moved, othersMoved } = standing;
    standing = { moved: moved + moves, waits, others, othersMoved: othersMoved + theirs, round };
    if (watch.stopped(now, standing)) return now - 5000;
  }
  return undefined;
}

const times = (count: number, step: Step): Step[] => Array.from({ length: count }, () => step);

describe('a transfer', () => {
  it('that does nothing while it could has stopped when the interval is over', () => {
    expect(stopsAfter(times(20, { moves: 0, waits: true }))).toBe(1000);
  });

  it('that drips less than it must has stopped too', () => {
    expect(stopsAfter(times(20, { moves: 12, waits: true }))).toBe(1000);
  });

  it('that is slow but moves never stops', () => {
    const slow = fc.array(fc.nat(8), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(slow, (pauses) => {
        // As little as it must, just before the interval would be over, or sooner.
        const steps = pauses.flatMap((_, i) => [
          ...times(Math.min(7, pauses[i] as number), { moves: 0, waits: true }),
          { moves: limits.least, waits: true },
        ]);
        expect(stopsAfter(steps)).toBeUndefined();
      }),
    );
  });

  it('that waits for this end now and then never stops', () => {
    const steps = fc.array(fc.nat(7), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(steps, (waiting) => {
        const all = waiting.flatMap((count) => [
          ...times(count, { moves: 0, waits: true }),
          { moves: 0, waits: false },
        ]);
        expect(stopsAfter(all)).toBeUndefined();
      }),
    );
  });

  it('has stopped once it has had an interval of its own, whatever was before', () => {
    const step = fc.record({ moves: fc.nat(200), waits: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (before) => {
        expect(stopsAfter([...before, ...times(9, { moves: 0, waits: true })])).toBeDefined();
      }),
    );
  });

  it('has not stopped because this process did not run', () => {
    expect(
      stopsAfter([
        { moves: 0, waits: true, takes: 1_000_000 },
        { moves: 100, waits: true },
      ]),
    ).toBeUndefined();
    expect(stopsAfter(times(4, { moves: 0, waits: true, takes: 1_000_000 }))).toBe(4_000_000);
  });

  it('waits for its turn among others on a slow connection, but not for ever', () => {
    const waiting = times(100, { moves: 0, waits: true, theirs: 50 });
    expect(stopsAfter(waiting, 4, 2000)).toBe(5000);
    expect(stopsAfter(waiting, 4, 1e9)).toBeUndefined();
    // On one where everybody has had a turn but it.
    expect(stopsAfter(times(20, { moves: 0, waits: true, theirs: 1000 }), 4, 2000)).toBe(1000);
    // On one where the others, taken together, drip less than each of them must.
    expect(stopsAfter(times(20, { moves: 0, waits: true, theirs: 49 }), 4, 2000)).toBe(1000);
  });
});
