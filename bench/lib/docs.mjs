// The tables of docs/BENCHMARKS.md. Each has its figures beside it, in docs/benchmarks, so that a part of them can be
// measured again without losing the rest.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const docs = join(import.meta.dirname, '../../docs');
const page = join(docs, 'BENCHMARKS.md');

/**
 * Replaces what is between the marks of a table.
 * @throws when the page has no such marks
 */
export function putTable(text, name, table) {
  const begin = `<!-- table: ${name} -->`;
  const end = `<!-- end of table: ${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`there are no lines ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`;
}

/**
 * The rows of a report and those of an older one that it does not have, in the order of `ids`. Figures of another machine
 * or Node have no place beside each other, so those are left out.
 */
export function mergeReports(older, report, ids) {
  const same = ['node', 'processor', 'cores', 'fileSystem'].every((what) => older?.[what] === report[what]);
  const rows = new Map((same ? older.rows : []).map((row) => [row.id, row]));
  for (const row of report.rows) rows.set(row.id, row);
  return { ...report, rows: ids.filter((id) => rows.has(id)).map((id) => rows.get(id)) };
}

/**
 * Puts a report into the page.
 * @param {string} name of the table
 * @param {any} report
 * @param {readonly string[]} ids of all rows that there are, in their order
 * @param {(report: any) => string} markdown
 */
export function writeDocs(name, report, ids, markdown) {
  const file = join(docs, 'benchmarks', `${name}.json`);
  const older = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  const merged = mergeReports(older, report, ids);
  writeFileSync(page, putTable(readFileSync(page, 'utf8'), name, markdown(merged)));
  writeJson(file, merged);
}

/** Writes every figure to a file, in a folder that is made when there is none. */
export function writeJson(file, report) {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
