import { describe, expect, it } from 'vitest';
import { codes } from '../../codes.js';
import { limitTable } from '../../limits.js';
import { resolveServerLimits, type ServerLimitName, serverLimitTable } from './server-limits.js';

const names = Object.keys(serverLimitTable) as ServerLimitName[];

describe('the limits of a server', () => {
  it('stand between floor and cap', () => {
    for (const { floor, standard, cap } of Object.values(serverLimitTable)) {
      expect(floor).toBeGreaterThanOrEqual(0);
      expect(standard).toBeGreaterThanOrEqual(floor);
      expect(cap).toBeGreaterThanOrEqual(standard);
    }
  });

  it('have names that no limit of the protocol has, and codes that can be told', () => {
    for (const [name, { code, meaning }] of Object.entries(serverLimitTable)) {
      expect(limitTable).not.toHaveProperty(name);
      expect(meaning).not.toBe('');
      if (code !== undefined) expect(codes[code].number).toBeLessThan(0xf000);
    }
  });

  it('are the standard ones unless told otherwise', () => {
    const standard = Object.fromEntries(names.map((name) => [name, serverLimitTable[name].standard]));
    expect(resolveServerLimits()).toEqual(standard);
    expect(resolveServerLimits({ maxConnections: undefined as never })).toEqual(standard);
    expect(resolveServerLimits({ maxConnections: 3 })).toEqual({ ...standard, maxConnections: 3 });
  });

  it('let a login that waits for the longest time end in time', () => {
    expect(serverLimitTable.maxLoginDelay.standard).toBeLessThan(0.9 * limitTable.handshakeTimeout.standard);
  });

  it.each(names)('%s takes floor and cap, and nothing beyond', (name) => {
    const { floor, cap } = serverLimitTable[name];
    for (const value of [floor, cap]) expect(resolveServerLimits({ [name]: value })[name]).toBe(value);
    for (const value of [floor - 1, cap + 1, -1, floor + 0.5, Number.NaN, '9' as never]) {
      expect(() => resolveServerLimits({ [name]: value })).toThrow(RangeError);
    }
  });
});
