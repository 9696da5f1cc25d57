import type { Command } from 'commander';
import { formatAmount } from '../limits/amount.js';
import { limits } from '../limits/limit-table.js';

/** `filex-server limits`: every limit that there is. */
export function addLimitsCommand(program: Command, out: (text: string) => void): void {
  program
    .command('limits')
    .description('list every limit: its name, what it is, and what a client is told that reaches it')
    .option('--json', 'as JSON, with all figures in bytes and milliseconds')
    .action((_options: unknown, command: Command) => {
      // `--json` is an option of the program, too, which then takes it.
      const { json } = command.optsWithGlobals<{ json?: true }>();
      out(json === true ? `${JSON.stringify(limits)}\n` : limitsTable());
    });
}

function limitsTable(): string {
  const rows = Object.entries(limits).map(([name, { standard, floor, cap, unit, code, meaning }]) => {
    const [usual, least, most] = [standard, floor, cap].map((value) => formatAmount(value, unit));
    const range = least === most ? 'fixed' : `${least}..${most}`;
    return [name, usual ?? '', range, code ?? '-', meaning];
  });
  return [
    ...aligned([['NAME', 'STANDARD', 'RANGE', 'CODE', 'WHAT IS LIMITED'], ...rows]),
    '',
    'Change one with --limit NAME=VALUE, such as --limit maxConnections=100 or --limit banTime=1h.',
    'K, M and G are powers of 1024 bytes; s, m, h and d are times. CODE is what who reaches the limit is told.',
    'See also --keep-free (NO_SPACE), and the quota that a user can have (NO_SPACE, TOO_LARGE).',
    '',
  ].join('\n');
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const [first = []] = rows;
  const widths = first.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
