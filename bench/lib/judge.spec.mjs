import fc from 'fast-check';
import { expect, it } from 'vitest';
import { judge, missedIn, verdictOf } from './judge.mjs';

const positive = fc.double({ min: 0.01, max: 1e4, noNaN: true });

it('misses a floor from below and a ceiling from above, and reaches a goal beyond either', () => {
  fc.assert(
    fc.property(positive, positive, positive, (value, bound, goal) => {
      expect(verdictOf(value, { floor: bound }) === 'missed').toBe(value < bound);
      expect(verdictOf(value, { ceiling: bound }) === 'missed').toBe(value > bound);
      expect(verdictOf(value, { floor: bound, goal }) === 'goal').toBe(value >= bound && value >= goal);
      expect(verdictOf(value, { ceiling: bound, goal }) === 'goal').toBe(value <= bound && value <= goal);
      expect(verdictOf(value, { goal })).toBeUndefined();
    }),
  );
});

const runsOf = (...values) => values.map((value) => ({ value, processor: 1 }));
const row = { id: 'row', section: 'Section', title: 'title', targets: { peer: { floor: 2 } } };
const ours = { name: 'filex', title: 'FileX', runs: runsOf(10, 30, 20) };

it('compares medians with medians, and rounds with rounds', () => {
  const { programs } = judge(row, [ours, { name: 'peer', title: 'Peer', runs: runsOf(5, 10, 40) }]);
  expect(programs[0].ratio).toBeUndefined();
  expect(programs[1]).toMatchObject({ ratio: 2, ratios: { least: 0.5, most: 3 }, verdict: 'met' });
});

it('says of a program that is missing why, and judges the others', () => {
  const missing = { name: 'peer', title: 'Peer', missing: 'not installed' };
  const judged = judge(row, [ours, missing, { name: 'slow', title: 'Slow', runs: runsOf(1, 1, 1) }]);
  expect(judged.programs[1]).toEqual(missing);
  expect(judged.programs[2].ratio).toBe(20);
  expect(missedIn(judged)).toEqual([]);
});

it('takes the share of what can be reached where it is known, also for ours', () => {
  const runs = [0.5, 0.7, 0.6].map((share) => ({ value: 1, share }));
  const judged = judge({ ...row, targets: { filex: { floor: 0.9 } } }, [{ ...ours, runs }]);
  expect(judged.programs[0]).toMatchObject({ ratio: 0.6, ratios: { least: 0.5, most: 0.7 } });
  expect(missedIn(judged)).toEqual(['row, FileX: 0.60 is below the floor of 0.9']);
});

it('judges other figures of ours', () => {
  const runs = [1, 40, 30].map((delay) => ({ value: 1, more: { delay } }));
  const judged = judge({ ...row, bounds: { delay: { ceiling: 20 } } }, [{ ...ours, runs }]);
  expect(judged.bounds).toEqual([{ title: 'delay', value: 30, target: { ceiling: 20 }, verdict: 'missed' }]);
  expect(missedIn(judged)).toEqual(['row, delay: 30.00 is above 20']);
});
