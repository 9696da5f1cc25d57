import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RankedKeys } from './ranked-keys.js';

it('the highest is one that nobody is above, and that was there first', () => {
  const step = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(4));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const keys = new RankedKeys();
      const model = new Map<string, number>();
      for (const [key, rank] of steps) {
        keys.setRank(key, rank);
        // A map is in the order of insertion.
        model.delete(key);
        if (rank > 0) model.set(key, rank);
        const most = Math.max(...model.values());
        expect(keys.highest).toBe([...model].find(([, each]) => each === most)?.[0]);
        expect(keys.rank(key)).toBe(rank);
      }
    }),
  );
});
