import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FloodWindow } from './flood-window.js';

const gaps = fc.array(fc.nat(30), { minLength: 1, maxLength: 100 });

it('who stays below the limit in every window is never stopped', () => {
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 10 }), (all, max) => {
      const window = new FloodWindow(max, 100);
      let now = 0;
      const admitted: number[] = [];
      for (const gap of all) {
        now += gap;
        // An honest one waits until fewer than that many lie within a window.
        while (admitted.filter((at) => at > now - 100).length >= max) now += 1;
        admitted.push(now);
        expect(window.exceeds(now)).toBe(false);
      }
    }),
  );
});

it('nobody gets more than twice the limit through in a window', () => {
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 10 }), (all, max) => {
      const window = new FloodWindow(max, 100);
      let now = 0;
      const admitted: number[] = [];
      for (const gap of all) {
        now += gap;
        if (!window.exceeds(now)) admitted.push(now);
        expect(admitted.filter((at) => at > now - 100).length).toBeLessThanOrEqual(2 * max);
      }
    }),
  );
});

it('counts from the first on', () => {
  const window = new FloodWindow(2, 100);
  expect([0, 50, 99, 100, 150, 199].map((now) => window.exceeds(now))).toEqual([
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
});
