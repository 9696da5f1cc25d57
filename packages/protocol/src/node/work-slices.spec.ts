import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONG_WORK, REST_FACTOR, WORK_SLICE } from './bounds.js';
import { WorkSlices } from './work-slices.js';

/** Slices on a clock that goes on only by the work that is done. */
function slicesOnClock() {
  let time = 0;
  const turns: (() => void)[] = [];
  let preemptions = 0;
  const slices = new WorkSlices({
    now: () => time,
    preemptions: () => preemptions,
    nextTurn: (begin) => void turns.push(begin),
  });
  return {
    preempt: (): void => {
      preemptions += 1;
    },
    slices,
    pass: (milliseconds: number): void => {
      time += milliseconds;
    },
    now: () => time,
    /** @returns whether there was one. */
    turn: (): boolean => {
      const begin = turns.shift();
      begin?.();
      return begin !== undefined;
    },
  };
}

describe('work in slices', () => {
  it('is done in order, each piece once, and no turn takes longer than a slice and the piece that ends it', () => {
    const piece = fc.double({ min: 0.01, max: 3, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.constant('turn' as const)), { maxLength: 60 }), (steps) => {
        const { slices, pass, now, turn } = slicesOnClock();
        const done: number[] = [];
        let turnBegan = 0;
        const nextTurn = (): boolean => {
          turnBegan = now();
          return turn();
        };
        let count = 0;
        for (const step of steps) {
          if (step === 'turn') {
            nextTurn();
            continue;
          }
          const number = count;
          count += 1;
          const wasDone = slices.run(() => {
            expect(now() - turnBegan).toBeLessThan(2 * WORK_SLICE + 3);
            done.push(number);
            pass(step);
          });
          expect(wasDone).toBe(done.at(-1) === number);
        }
        while (nextTurn());
        expect(done).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  it('rests after a piece that took long, ten times as long, and not after a short one', () => {
    const { slices, pass } = slicesOnClock();
    slices.run(() => pass(LONG_WORK));
    expect(slices.resting).toBe(false);
    const other = slicesOnClock();
    other.slices.run(() => other.pass(LONG_WORK + 1));
    expect(other.slices.resting).toBe(true);
    other.pass(REST_FACTOR * (LONG_WORK + 1) - 1);
    expect(other.slices.resting).toBe(true);
    other.pass(1);
    expect(other.slices.resting).toBe(false);
  });

  it('does not rest where it may have been the processor that was waited for', () => {
    const { slices, pass, preempt } = slicesOnClock();
    preempt();
    slices.run(() => pass(LONG_WORK + 1));
    expect(slices.resting).toBe(false);
    const other = slicesOnClock();
    other.preempt();
    other.slices.run(() => other.pass(LONG_WORK + 1));
    other.turn();
    other.slices.run(() => other.pass(LONG_WORK + 1));
    expect(other.slices.resting).toBe(true);
  });
});
