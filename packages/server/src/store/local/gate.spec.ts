import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from './fifo.js';
import { Gate } from './gate.js';

describe('Gate', () => {
  it('never lets more through than it has places, and lets all through in the end', async () => {
    const work = fc.record({ turns: fc.nat(4), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(work, { maxLength: 20 }),
        async (places, all) => {
          const gate = new Gate(places);
          let inside = 0;
          const order: number[] = [];
          const results = await Promise.allSettled(
            all.map(({ turns, fails }, index) =>
              gate.run(async () => {
                order.push(index);
                inside += 1;
                expect(inside).toBeLessThanOrEqual(places);
                for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
                inside -= 1;
                if (fails) throw new RangeError('as asked');
              }),
            ),
          );
          expect(order).toEqual(all.map((_, index) => index));
          for (const [i, result] of results.entries())
            expect(result.status).toBe(all[i]?.fails ? 'rejected' : 'fulfilled');
        },
      ),
    );
  });
});

describe('Fifo', () => {
  it('is an array with push and shift', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
        const fifo = new Fifo<number>();
        const array: number[] = [];
        for (const s of steps) {
          if (s === undefined) expect(fifo.take()).toBe(array.shift());
          else {
            fifo.push(s);
            array.push(s);
          }
          expect(fifo.size).toBe(array.length);
        }
      }),
    );
  });
});
