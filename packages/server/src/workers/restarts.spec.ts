import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { Restarts } from './restarts.js';

describe('restarts of workers', () => {
  it('are refused exactly when more have died within the window than may', () => {
    const pauses = fc.array(fc.integer({ min: 0, max: bounds.workerRestartWindow / 2 }), { maxLength: 60 });
    fc.assert(
      fc.property(pauses, (gaps) => {
        let now = 0;
        const restarts = new Restarts(() => now);
        const deaths: number[] = [];
        for (const gap of gaps) {
          now += gap;
          deaths.push(now);
          const recent = deaths.filter((time) => now - time < bounds.workerRestartWindow);
          expect(restarts.allowed()).toBe(recent.length <= bounds.workerRestarts);
        }
      }),
    );
  });
});
