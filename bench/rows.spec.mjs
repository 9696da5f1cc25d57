import { expect, it } from 'vitest';
import { contestants } from './contestants.mjs';
import { works } from './lib/works.mjs';
import { rows } from './rows.mjs';

it('has a name for each row', () => {
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
});

it.each(rows)('$id is done by programs that there are and that can do it', (row) => {
  expect(works).toHaveProperty(row.work);
  for (const name of row.programs) expect(contestants[name]?.[row.direction], name).toBeTypeOf('function');
});

it.each(rows)('$id asks only of what it compares', ({ programs, targets = {} }) => {
  for (const name of Object.keys(targets)) expect(programs).toContain(name);
});
