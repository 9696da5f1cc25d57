import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeReports, putTable } from './docs.mjs';

const page =
  'before\n<!-- table: a -->\nold\n<!-- end of table: a -->\nbetween\n<!-- table: b -->\n<!-- end of table: b -->\n';

it('replaces one table in place, however often', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('a', 'b'),
      fc.array(fc.stringMatching(/^[\w |]+$/), { minLength: 1 }),
      (name, tables) => {
        const once = putTable(page, name, tables.at(-1));
        expect(tables.reduce((text, table) => putTable(text, name, table), page)).toBe(once);
        expect(once).toContain(
          `<!-- table: ${name} -->\n\n${tables.at(-1)}\n\n<!-- end of table: ${name} -->`,
        );
        expect(once.includes('\nold\n')).toBe(name === 'b');
      },
    ),
  );
});

it('does not write where there are no marks', () => {
  expect(() => putTable(page, 'c', 'table')).toThrow('<!-- table: c -->');
});

const machine = { node: 'v1', processor: 'p', cores: 2, fileSystem: 'f' };
const report = (given, ...ids) => ({ ...machine, ...given, rows: ids.map((id) => ({ id, ...given })) });

it('keeps the rows that were not measured again, in their order', () => {
  const merged = mergeReports(report({ date: 1 }, 'c', 'a', 'gone'), report({ date: 2 }, 'b', 'a'), [
    'a',
    'b',
    'c',
  ]);
  expect(merged.rows.map(({ id, date }) => [id, date])).toEqual([
    ['a', 2],
    ['b', 2],
    ['c', 1],
  ]);
});

it('keeps nothing of another machine', () => {
  const other = mergeReports(report({ node: 'v0' }, 'c'), report({}, 'a'), ['a', 'c']);
  expect(other.rows.map(({ id }) => id)).toEqual(['a']);
  expect(mergeReports(undefined, report({}, 'a'), ['a']).rows).toHaveLength(1);
});
