import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { type Row, unfit } from './attack.js';

declare module 'vitest' {
  interface TaskMeta {
    attack?: Row;
  }
}

const columns = ['id', 'class', 'attack', 'expected', 'got', 'ms', 'honest MiB', 'peak MiB'] as const;

/** Says how each attack ended as it ends; at the end all of them as a table, and one line `N passed, N failed`. */
export default class TableReporter implements Reporter {
  readonly #rows: string[][] = [];
  readonly #failures: string[] = [];
  readonly #totals = { passed: 0, failed: 0, skipped: 0 };

  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    const row = test.meta().attack;
    if (state === 'pending') return;
    // Not asked for.
    if (state === 'skipped' && row === undefined && unfit === undefined) return;
    this.#totals[state] += 1;
    const mark = { passed: 'ok     ', failed: 'FAILED ', skipped: 'skipped' }[state];
    const time = row === undefined ? '' : `${Math.round(row.milliseconds)} ms`;
    console.log(`${mark} ${test.fullName} ${time}${row?.skipped === undefined ? '' : ` (${row.skipped})`}`);
    if (state === 'failed') {
      const why =
        row === undefined || row.faults.length === 0 ? (errors ?? []).map((e) => e.message) : row.faults;
      this.#failures.push(`${test.fullName}\n${why.map((each) => `    ${each}`).join('\n')}`);
      for (const each of why) console.log(`        ${each}`);
    }
    if (row !== undefined) this.#rows.push(this.#line(row));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message: string }[]): void {
    for (const module of modules) {
      for (const { message } of module.errors()) this.#fail(`${module.moduleId}: ${message}`);
      for (const suite of module.children.allSuites())
        for (const { message } of suite.errors()) this.#fail(`${suite.fullName}: ${message}`);
    }
    for (const { message } of unhandled) this.#fail(message);
    console.log(`\n${table([[...columns], ...this.#rows])}\n`);
    for (const failure of this.#failures) console.log(`FAILED ${failure}`);
    const { passed, failed, skipped } = this.#totals;
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }

  #fail(message: string): void {
    this.#totals.failed += 1;
    this.#failures.push(message);
  }

  #line(row: Row): string[] {
    const { id, class: name, what, expected, got, skipped, milliseconds, honest, peak } = row;
    return [
      id,
      name,
      what,
      expected,
      skipped === undefined ? got : `skipped: ${skipped}`,
      milliseconds.toFixed(0),
      (honest / 1024 / 1024).toFixed(1),
      peak.toFixed(0),
    ];
  }
}

/** Longer cells are cut: a table is for eyes. */
const WIDEST = 64;

function table(rows: readonly (readonly string[])[]): string {
  const cut = (cell: string): string => (cell.length > WIDEST ? `${cell.slice(0, WIDEST - 1)}…` : cell);
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => cut(row[at] ?? '').length)));
  const numeric = (at: number): boolean => at >= 5;
  return rows
    .map((row) =>
      row
        .map((cell, at) => {
          const width = widths[at] as number;
          return numeric(at) ? cut(cell).padStart(width) : cut(cell).padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
