import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseSelection } from './selection.js';

it('understands the numbers of a list, whatever is between them', () => {
  const separators = fc.constantFrom(' ', ',', ', ', '  ');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 })), separators, (numbers, separator) => {
      const expected = [...new Set(numbers)].sort((a, b) => a - b);
      expect(parseSelection(numbers.join(separator), 20)).toEqual(expected);
    }),
  );
});

it.each([
  ['all', [1, 2, 3]],
  ['2-3', [2, 3]],
  ['', []],
  ['3 1', [1, 3]],
  ['0', undefined],
  ['4', undefined],
  ['3-2', undefined],
  ['one', undefined],
  ['-1', undefined],
] as const)('%j of three', (typed, expected) => {
  expect(parseSelection(typed, 3)).toEqual(expected);
});
