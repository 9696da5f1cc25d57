import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairShare } from './fair-share.js';

interface Item {
  readonly owner: string;
}

describe('what is shared fairly', () => {
  it('is never more than allowed, and what goes is the oldest of the owner that has the most', () => {
    const step = fc.record({ owner: fc.constantFrom('a', 'b', 'c'), done: fc.option(fc.nat()) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (max, steps) => {
        const share = new FairShare<Item>(max);
        let model: Item[] = [];
        const count = (owner: string): number => model.filter((each) => each.owner === owner).length;
        for (const { owner, done } of steps) {
          if (done !== null && model.length > 0) {
            const ended = model[done % model.length] as Item;
            share.delete(ended.owner, ended);
            model = model.filter((each) => each !== ended);
          }
          const item = { owner };
          model.push(item);
          const dropped = share.add(owner, item);
          expect(dropped === undefined).toBe(model.length <= max);
          if (dropped !== undefined) {
            const most = Math.max(...model.map((each) => count(each.owner)));
            expect(count(dropped.owner)).toBe(most);
            expect(model.find((each) => each.owner === dropped.owner)).toBe(dropped);
            model = model.filter((each) => each !== dropped);
          }
          expect(share.size).toBe(model.length);
        }
      }),
    );
  });

  it('of one owner keeps nobody else out', () => {
    const share = new FairShare<Item>(4);
    for (let i = 0; i < 10; i += 1) share.add('greedy', { owner: 'greedy' });
    for (const owner of ['a', 'b', 'c']) expect(share.add(owner, { owner })).toEqual({ owner: 'greedy' });
    // Then everybody has one, and one of those that were there before has to go.
    for (const owner of ['d', 'e']) expect(share.add(owner, { owner })?.owner).not.toBe(owner);
  });

  it('is forgotten once', () => {
    const share = new FairShare<Item>(2);
    const item = { owner: 'a' };
    share.add('a', item);
    share.delete('a', item);
    share.delete('a', item);
    expect(share.size).toBe(0);
  });
});
