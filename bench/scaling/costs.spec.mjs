import fc from 'fast-check';
import { expect, it } from 'vitest';
import { costsOf } from './costs.mjs';

const steps = (cost) => [1000, 10_000, 100_000].map((amount) => ({ amount, seconds: [cost(amount)] }));

it('finds what a start and each one cost, when cost is linear', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 10, noNaN: true }),
      fc.double({ min: 1e-6, max: 1, noNaN: true }),
      (start, each) => {
        const costs = costsOf(steps((amount) => start + each * amount));
        expect(costs[1].further).toBeCloseTo(each, 6);
        expect(costs[2].further).toBeCloseTo(each, 6);
        expect(costs.every(({ verdict }) => verdict !== 'missed')).toBe(true);
      },
    ),
  );
});

it('notices when it is not', () => {
  const costs = costsOf(steps((amount) => amount ** 1.2));
  expect(costs.map(({ verdict }) => verdict)).toEqual([undefined, 'missed', 'missed']);
});
