import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamTable } from './stream-table.js';

describe('a table of streams', () => {
  it('is a map, whatever streams open and end in which order', () => {
    // Few numbers that share places, and the usual order with some that live long.
    const stream = fc.oneof(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 64 }).map((n) => n * 16 + 1),
      fc.constantFrom(2 ** 32 - 1, 2 ** 31 + 1, 2 ** 31 - 1),
    );
    const step = fc.record({
      act: fc.constantFrom('set', 'set', 'delete', 'clear'),
      stream,
      times: fc.nat(20),
    });
    let crowded = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new StreamTable<{ n: number }>();
        const map = new Map<number, { n: number }>();
        let n = 0;
        for (const { act, stream: first, times } of steps) {
          if (act === 'clear') {
            if (times > 0) continue;
            table.clear();
            map.clear();
          }
          for (let i = 0; i < times; i += 1) {
            const key = first + 2 * i > 2 ** 32 - 1 ? first : first + 2 * i;
            if (act === 'set') {
              n += 1;
              table.set(key, { n });
              map.set(key, { n });
            } else if (act === 'delete') expect(table.delete(key)).toBe(map.delete(key));
            expect(table.get(key)).toEqual(map.get(key));
            expect(table.has(key)).toBe(map.has(key));
          }
          expect(table.size).toBe(map.size);
          crowded = Math.max(crowded, map.size);
        }
        for (const [key, value] of map) expect(table.get(key)).toEqual(value);
        const byNumber = ([a]: readonly [number, unknown], [b]: readonly [number, unknown]): number => a - b;
        expect(table.entries().sort(byNumber)).toEqual([...map].sort(byNumber));
      }),
    );
    expect(crowded).toBeGreaterThan(50);
  });

  it('keeps one that lives long, however many come and go', () => {
    const table = new StreamTable<{ n: number }>();
    table.set(1, { n: 1 });
    for (let stream = 3; stream < 10_001; stream += 2) {
      table.set(stream, { n: stream });
      expect(table.get(stream)).toEqual({ n: stream });
      expect(table.delete(stream)).toBe(true);
    }
    expect(table.get(1)).toEqual({ n: 1 });
    expect(table.size).toBe(1);
  });
});
