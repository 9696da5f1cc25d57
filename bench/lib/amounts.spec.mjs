import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesOf } from './amounts.mjs';
import { parseOptions } from './options.mjs';

it('knows binary and decimal units', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), (number) => {
      expect(bytesOf(`${number}`)).toBe(number);
      expect(bytesOf(`${number}GiB`)).toBe(number * 2 ** 30);
      expect(bytesOf(`${number} MB`)).toBe(number * 1e6);
    }),
  );
  expect(bytesOf('1.5KiB')).toBe(1536);
});

it.each(['', 'much', '-1', '1TiB', '1 GiBs', '1e3'])('does not take %j for a size', (text) => {
  expect(bytesOf(text)).toBeUndefined();
});

it('has full amounts, small ones with --quick, and any that are given', () => {
  expect(parseOptions([])).toMatchObject({ size: 2 ** 31, files: 10_000, rounds: 5, clients: 64 });
  expect(parseOptions(['--quick'])).toMatchObject({ size: 2 ** 28, files: 2000, rounds: 3 });
  const given = parseOptions(['--quick', '--files', '7', '--distant-size', '3MiB', '--only', '^a']);
  expect(given).toMatchObject({ size: 2 ** 28, files: 7, distantSize: 3 * 2 ** 20, only: /^a/ });
});
