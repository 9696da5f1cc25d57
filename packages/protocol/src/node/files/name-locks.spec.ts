import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NameLocks } from './name-locks.js';

describe('NameLocks', () => {
  it('never lets two pieces of work have one name, and finishes all, whatever they ask for', async () => {
    const work = fc.record({
      names: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }),
      turns: fc.nat(5),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(work, { maxLength: 20 }), async (pieces) => {
        const locks = new NameLocks();
        const held = new Set<string>();
        const results = await Promise.allSettled(
          pieces.map(({ names, turns, fails }) =>
            locks.run(names, async () => {
              for (const name of names) {
                expect(held.has(name)).toBe(false);
                held.add(name);
              }
              for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
              for (const name of names) held.delete(name);
              if (fails) throw new RangeError('as asked');
              return names;
            }),
          ),
        );
        for (const [i, result] of results.entries()) {
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(RangeError);
          expect(result.status).toBe(pieces[i]?.fails ? 'rejected' : 'fulfilled');
        }
        expect(locks.size).toBe(0);
      }),
    );
  });

  it('keeps the order of arrival', async () => {
    const locks = new NameLocks();
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((n) => locks.run(['x'], async () => void order.push(n))));
    expect(order).toEqual([1, 2, 3]);
  });
});
