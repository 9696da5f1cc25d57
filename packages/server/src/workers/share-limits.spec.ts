import { type ServerLimitName, serverLimitTable } from '@filex/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { limits } from '../limits/limit-table.js';
import { shareLimits, TooManyWorkers } from './share-limits.js';

const totals: readonly ServerLimitName[] = ['maxConnections', 'loginFailuresBeforeBan', 'creditBudget'];

describe('the shares of workers', () => {
  it('are no more than the limit together, and allowed each', () => {
    const total = fc.constantFrom(...totals).chain((name) => {
      const { floor, cap } = serverLimitTable[name];
      return fc.tuple(fc.constant(name), fc.integer({ min: floor, max: Math.min(cap, 2 ** 31 - 1) }));
    });
    fc.assert(
      fc.property(total, fc.integer({ min: 2, max: bounds.workers }), ([name, value], workers) => {
        let share: number | undefined;
        try {
          share = shareLimits({ [name]: value }, workers)[name];
        } catch (error) {
          expect(error).toBeInstanceOf(TooManyWorkers);
          expect((error as Error).message).toContain('--workers');
          return;
        }
        expect((share as number) * workers).toBeLessThanOrEqual(value);
        expect(share).toBeGreaterThanOrEqual(limits[name].floor);
      }),
    );
  });

  it('leave what each connection may take as it is', () => {
    const values = { maxStreams: 7, maxListingEntries: 9, banTime: 5_000 };
    expect(shareLimits(values, 4)).toMatchObject(values);
  });

  it('can be made of the standard limits by as many as `auto` starts at most', () => {
    expect(shareLimits({}, bounds.autoWorkers).maxConnections).toBe(1024 / bounds.autoWorkers);
    expect(() => shareLimits({}, 21)).toThrow(
      /loginFailuresBeforeBan, which they share: it must be at least 21/,
    );
  });
});
