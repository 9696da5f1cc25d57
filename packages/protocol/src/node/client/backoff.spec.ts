import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delayBefore, reconnectPolicy } from './backoff.js';

const delays = fc
  .tuple(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 0, max: 100_000 }))
  .map(([a, b]) => ({ minDelay: Math.min(a, b), maxDelay: Math.max(a, b) }));
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const attempt = fc.integer({ min: 1, max: 5000 });

describe('the delay before an attempt', () => {
  it('is between half and all of what doubles from the shortest to the longest', () => {
    fc.assert(
      fc.property(attempt, delays, random, (n, each, drawn) => {
        const longest = Math.min(each.maxDelay, each.minDelay * 2 ** Math.min(n - 1, 100));
        const delay = delayBefore(n, each, drawn);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(longest / 2));
        expect(delay).toBeLessThanOrEqual(longest);
        expect(Number.isInteger(delay)).toBe(true);
      }),
    );
  });

  it('never becomes shorter by another attempt, nor by a higher draw', () => {
    fc.assert(
      fc.property(attempt, delays, random, random, (n, each, a, b) => {
        expect(delayBefore(n + 1, each, a)).toBeGreaterThanOrEqual(delayBefore(n, each, a));
        expect(delayBefore(n, each, Math.max(a, b))).toBeGreaterThanOrEqual(
          delayBefore(n, each, Math.min(a, b)),
        );
      }),
    );
  });
});

describe('options of reconnecting', () => {
  it('have defaults', () => {
    expect(reconnectPolicy(true)).toMatchObject({
      retries: 30,
      minDelay: 500,
      maxDelay: 30_000,
      operationRetries: 3,
    });
    expect(reconnectPolicy({ minDelay: 60_000 })).toMatchObject({ minDelay: 60_000, maxDelay: 60_000 });
  });

  it.each([
    { retries: -1 },
    { retries: 1.5 },
    { operationRetries: Number.NaN },
    { minDelay: -1 },
    { minDelay: 2, maxDelay: 1 },
    { maxDelay: Number.POSITIVE_INFINITY },
  ])('%o make no sense', (options) => {
    expect(() => reconnectPolicy(options)).toThrow(RangeError);
  });
});
