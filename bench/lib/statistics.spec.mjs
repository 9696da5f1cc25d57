import fc from 'fast-check';
import { expect, it } from 'vitest';
import { median, spread } from './statistics.mjs';

// Times and rates: none is negative, and so none is -0.
const values = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1 });

it('has as many values above the median as below it', () => {
  fc.assert(
    fc.property(values, (all) => {
      const middle = median(all);
      const below = all.filter((value) => value < middle).length;
      const above = all.filter((value) => value > middle).length;
      expect(Math.max(below, above)).toBeLessThanOrEqual(all.length / 2);
    }),
  );
});

it('does not care in which order the values come, and leaves it as it is', () => {
  fc.assert(
    fc.property(values, (all) => {
      const before = [...all];
      expect(spread(all)).toEqual(spread([...all].reverse()));
      expect(all).toEqual(before);
    }),
  );
});

it('takes the mean of the two in the middle', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, least: 1, most: 4 });
});
