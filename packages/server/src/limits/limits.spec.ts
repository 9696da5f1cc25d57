import { limitTable, resolveLimits } from '@filex/protocol';
import { type LimitName, resolveServerLimits, serverLimitTable } from '@filex/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAmount, parseAmount } from './amount.js';
import { limits, splitLimits } from './limit-table.js';
import { parseLimits } from './parse-limits.js';

const units = fc.constantFrom('bytes' as const, 'count' as const, 'ms' as const);

describe('amounts', () => {
  it('are read back as they are written', () => {
    fc.assert(
      fc.property(units, fc.maxSafeNat(), fc.nat({ max: 40 }), (unit, number, shift) => {
        for (const value of [number, Math.floor(number / 2 ** shift) * 1000, (number % 5000) * 2 ** shift]) {
          if (Number.isSafeInteger(value)) expect(parseAmount(formatAmount(value, unit), unit)).toBe(value);
        }
      }),
    );
  });

  it.each([
    ['bytes', '500M', 500 * 1024 * 1024],
    ['bytes', '1.5g', 1.5 * 1024 ** 3],
    ['bytes', 7, 7],
    ['bytes', '0', 0],
    ['ms', '30s', 30_000],
    ['ms', '10m', 600_000],
    ['ms', '250', 250],
    ['ms', '250ms', 250],
    ['count', '12', 12],
  ] as const)('of %s: %j', (unit, given, value) => expect(parseAmount(given, unit)).toBe(value));

  it.each([
    ['bytes', '5s'],
    ['bytes', '-1'],
    ['bytes', '1e3'],
    ['bytes', ''],
    ['bytes', 'M'],
    ['bytes', '0.3'],
    ['bytes', '99999999T'],
    ['ms', '5M5'],
    ['ms', '5G'],
    ['count', '1K'],
    ['count', 1.5],
  ] as const)('are not, of %s: %j', (unit, given) => expect(parseAmount(given, unit)).toBeUndefined());

  it('are written short', () => {
    const written = [formatAmount(90_000, 'ms'), formatAmount(1536, 'bytes'), formatAmount(0, 'ms')];
    expect(written).toEqual(['90s', '1536', '0']);
  });
});

describe('parseLimits', () => {
  const names = Object.keys(limits) as LimitName[];
  const some = fc.uniqueArray(
    fc.constantFrom(...names).chain((name) => {
      const { floor, cap } = limits[name];
      return fc.tuple(fc.constant(name), fc.integer({ min: floor, max: cap }));
    }),
    { selector: ([name]) => name, minLength: 1 },
  );

  it('takes any limit within its range, in every form', () => {
    fc.assert(
      fc.property(some, (entries) => {
        const values = Object.fromEntries(entries);
        const texts = entries.map(([name, value]) => `${name}=${formatAmount(value, limits[name].unit)}`);
        for (const given of [values, texts, texts.join(', ')]) expect(parseLimits(given)).toEqual(values);
        const split = splitLimits(values);
        expect({ ...split.limits, ...split.serverLimits }).toEqual(values);
        // The protocol takes them, too.
        resolveLimits(split.limits);
        resolveServerLimits(split.serverLimits);
      }),
    );
  });

  it('takes nothing outside of it', () => {
    for (const name of names) {
      const { floor, cap } = limits[name];
      expect(() => parseLimits({ [name]: cap + 1 })).toThrow(name);
      if (floor > 0) expect(() => parseLimits({ [name]: floor - 1 })).toThrow(name);
    }
  });

  it.each([
    ['maxConnections', 'must be NAME=VALUE, not "maxConnections"'],
    ['maxConnection=5', '"maxConnection" is not a limit; "filex-server limits" lists them'],
    ['toString=5', '"toString" is not a limit'],
    ['maxConnections=0', 'maxConnections must be from 1 to 1048576, not "0"'],
    ['maxPathBytes=9000', 'maxPathBytes is 4K for every FileX, and cannot be changed, not "9000"'],
    ['banTime=5x', 'banTime must be a number of milliseconds, or a time such as 30s, 10m or 2h, not "5x"'],
    [{ maxStreams: [5] }, 'maxStreams must be a whole number, not [5]'],
    [{ maxStreams: null }, 'maxStreams must be a whole number, not null'],
    [5, 'must be an object such as {"maxConnections": 100}'],
  ])('refuses %j', (given, message) => expect(() => parseLimits(given)).toThrow(message));
});

describe('limits', () => {
  it('are those of the protocol and of its server, each under a name of its own', () => {
    const both = [...Object.keys(limitTable), ...Object.keys(serverLimitTable)];
    expect(Object.keys(limits).sort()).toEqual(both.sort());
  });
});
