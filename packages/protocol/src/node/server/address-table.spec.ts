import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AddressTable } from './address-table.js';

it('keeps those that were touched last, and no more than it may', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(9), { maxLength: 60 }), (max, touched) => {
      const table = new AddressTable<number>(max);
      touched.forEach((address, i) => {
        table.set(String(address), i);
        const last = [...new Set(touched.slice(0, i + 1).reverse())].slice(0, max);
        expect(table.size).toBe(last.length);
        for (const each of last)
          expect(table.get(String(each))).toBe(touched.slice(0, i + 1).lastIndexOf(each));
      });
    }),
  );
});

it('forgets what it is told to', () => {
  const table = new AddressTable<number>(2);
  table.set('a', 1);
  table.delete('a');
  expect(table.get('a')).toBeUndefined();
});
