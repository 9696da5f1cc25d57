import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bag } from './bag.js';

describe('a bag', () => {
  it('has what was put in and not taken out, each once', () => {
    const step = fc.record({ act: fc.constantFrom('add', 'add', 'remove', 'empty'), which: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const bag = new Bag<number>();
        const put: { readonly n: number; isIn: boolean; readonly remove: () => boolean }[] = [];
        for (const { act, which } of steps) {
          const one = put[which % Math.max(1, put.length)];
          if (act === 'add') {
            const n = put.length;
            put.push({ n, isIn: true, remove: bag.add(n) });
          } else if (act === 'remove' && one !== undefined) {
            expect(one.remove()).toBe(one.isIn);
            one.isIn = false;
          } else if (act === 'empty' && which % 5 === 0) {
            bag.empty();
            for (const each of put) each.isIn = false;
          }
          const there = put.filter(({ isIn }) => isIn).map(({ n }) => n);
          expect(bag.all().sort((a, b) => a - b)).toEqual(there);
          expect(bag.size).toBe(there.length);
        }
      }),
    );
  });
});
