import { describe, expect, it } from 'vitest';
import { type Limits, limitTable, resolveLimits } from './limits.js';

const names = Object.keys(limitTable) as (keyof Limits)[];

describe('limits', () => {
  it('stand between floor and cap', () => {
    for (const { floor, standard, cap } of Object.values(limitTable)) {
      expect(floor).toBeGreaterThanOrEqual(1);
      expect(standard).toBeGreaterThanOrEqual(floor);
      expect(cap).toBeGreaterThanOrEqual(standard);
    }
  });

  it('are the standard ones unless told otherwise', () => {
    const standard = Object.fromEntries(names.map((name) => [name, limitTable[name].standard]));
    expect(resolveLimits()).toEqual(standard);
    expect(resolveLimits({ maxStreams: undefined as never })).toEqual(standard);
    expect(resolveLimits({ maxStreams: 3 })).toEqual({ ...standard, maxStreams: 3 });
  });

  it.each(names)('%s takes floor and cap, and nothing beyond', (name) => {
    const { floor, cap } = limitTable[name];
    for (const value of [floor, cap]) expect(resolveLimits({ [name]: value })[name]).toBe(value);
    for (const value of [floor - 1, cap + 1, 0, -1, floor + 0.5, Number.NaN, '9' as never]) {
      expect(() => resolveLimits({ [name]: value })).toThrow(RangeError);
    }
  });

  it('that the peer is not told of cannot be changed', () => {
    for (const name of ['maxControlPayload', 'maxPathBytes', 'maxSegmentBytes'] as const) {
      expect(limitTable[name].floor).toBe(limitTable[name].cap);
    }
  });
});
