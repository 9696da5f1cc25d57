import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CreditUse } from '../../connection/receive-ledger.js';
import { CreditBudget } from './credit-budget.js';

it('a budget keeps what is meant for new connections', () => {
  const budget = new CreditBudget(100, 40);
  expect(budget.grow(61, 'held')).toBe(false);
  expect(budget.grow(60, 'held')).toBe(true);
  expect(budget.grow(1, 'held')).toBe(false);
  expect([1, 2, 3, 4, 5].map(() => budget.take(10))).toEqual([true, true, true, true, false]);
  expect(budget.left).toBe(0);
  // A connection that leaves makes room for another one, not for others to grow.
  budget.give(10, 0);
  expect(budget.grow(10, 'held')).toBe(false);
  expect(budget.take(10)).toBe(true);
  budget.give(10, 60);
  expect(budget.grow(60, 'held')).toBe(true);
  expect(budget.left).toBe(10);
});

it('a budget gives new connections also what nobody grew by', () => {
  const budget = new CreditBudget(100, 40);
  expect(Array.from({ length: 11 }, () => budget.take(10)).filter(Boolean).length).toBe(10);
  for (let i = 0; i < 10; i += 1) budget.give(10, 0);
  expect(budget.left).toBe(100);
  expect(budget.grow(61, 'held')).toBe(false);
  expect(budget.grow(60, 'held')).toBe(true);
});

it('a budget has little for near connections, the less the more there are, and keeps the rest for distant ones', () => {
  const budget = new CreditBudget(1000, 200);
  // An eighth of the 800, and at once a quarter of what is left of that.
  expect(budget.grow(26, 'near')).toBe(false);
  expect(budget.grow(25, 'near')).toBe(true);
  expect(budget.grow(25, 'near')).toBe(false);
  expect(budget.grow(18, 'near')).toBe(true);
  expect(budget.grow(658, 'distance')).toBe(true);
  expect(budget.grow(1, 'near')).toBe(false);
  expect(budget.grow(99, 'held')).toBe(true);
  expect(budget.grow(1, 'distance')).toBe(false);
  // What comes back is not for near ones before all of the distant ones' part is there.
  budget.give(0, 658);
  expect(budget.grow(1, 'near')).toBe(false);
  budget.give(0, 99);
  expect(budget.grow(14, 'near')).toBe(true);
});

it('a budget never promises more than it has, whoever asks', () => {
  const use = fc.constantFrom<CreditUse>('near', 'distance', 'held');
  const request = fc.record({ bytes: fc.integer({ min: 1, max: 400 }), use, isFirst: fc.boolean() });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
      const budget = new CreditBudget(1000, 200);
      let [near, first, grown] = [0, 0, 0];
      for (const { bytes, use: what, isFirst } of requests) {
        const before = budget.left;
        if (!(isFirst ? budget.take(bytes) : budget.grow(bytes, what))) {
          expect(budget.left).toBe(before);
          continue;
        }
        expect(budget.left).toBe(before - bytes);
        if (isFirst) first += bytes;
        else grown += bytes;
        if (!isFirst && what === 'near') near += bytes;
        expect(budget.left).toBeGreaterThanOrEqual(0);
        expect(near).toBeLessThanOrEqual(100);
        // What was kept is still there for first promises.
        expect(grown).toBeLessThanOrEqual(800);
        expect(first + grown).toBeLessThanOrEqual(1000);
      }
    }),
  );
});
