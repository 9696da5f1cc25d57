import { expect, it } from 'vitest';
import { CreditBudget } from './credit-budget.js';

it('a budget keeps what is meant for new connections', () => {
  const budget = new CreditBudget(100, 40);
  expect(budget.grow(61)).toBe(false);
  expect(budget.grow(60)).toBe(true);
  expect(budget.grow(1)).toBe(false);
  expect([1, 2, 3, 4, 5].map(() => budget.take(10))).toEqual([true, true, true, true, false]);
  expect(budget.left).toBe(0);
  // A connection that leaves makes room for another one, not for others to grow.
  budget.give(10, 0);
  expect(budget.grow(10)).toBe(false);
  expect(budget.take(10)).toBe(true);
  budget.give(10, 60);
  expect(budget.grow(60)).toBe(true);
  expect(budget.left).toBe(10);
});

it('a budget gives new connections also what nobody grew by', () => {
  const budget = new CreditBudget(100, 40);
  expect(Array.from({ length: 11 }, () => budget.take(10)).filter(Boolean).length).toBe(10);
  for (let i = 0; i < 10; i += 1) budget.give(10, 0);
  expect(budget.left).toBe(100);
  expect(budget.grow(61)).toBe(false);
  expect(budget.grow(60)).toBe(true);
});
