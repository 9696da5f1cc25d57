import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EphemeralMap } from './ephemeral-map.js';

describe('an ephemeral map', () => {
  it('is a map', () => {
    const step = fc.record({ act: fc.constantFrom('set', 'set', 'delete'), key: fc.nat(6), n: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ours = new EphemeralMap<number, { n: number }>();
        const map = new Map<number, { n: number }>();
        for (const { act, key, n } of steps) {
          if (act === 'set') {
            ours.set(key, { n });
            map.set(key, { n });
          } else expect(ours.delete(key)).toBe(map.delete(key));
          expect(ours.get(key)).toEqual(map.get(key));
          expect(ours.has(key)).toBe(map.has(key));
          expect(ours.size).toBe(map.size);
          expect(ours.values()).toEqual([...map.values()]);
        }
      }),
    );
  });
});
