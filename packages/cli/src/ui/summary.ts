import { visibleText } from '@filex/protocol';
import { bounds } from '../bounds.js';
import type { Context } from '../context.js';
import { hintFor } from '../errors.js';
import type { Tally } from '../transfer/tally.js';
import { count, duration, rate, size } from './amounts.js';
import { columnsOf } from './columns.js';
import { describeFailure, failureLines } from './describe.js';

/** What a transfer came to. */
export interface Ending {
  readonly verb: 'Uploaded' | 'Downloaded';
  readonly tally: Tally;
  readonly milliseconds: number;
  /** Stopped before everything was tried. */
  readonly stopped: boolean;
  /** About one file. */
  readonly single: boolean;
  /** Nothing was to be done, only told. */
  readonly dryRun: boolean;
}

/** The table at the end: a row for everything there is some of, then the failures. */
export function tellSummary(context: Context, ending: Ending): void {
  const { colors, settings } = context;
  const { tally, single, stopped } = ending;
  const [only] = tally.failures;
  if (single && only !== undefined) {
    context.complain(
      `${colors.red('error:')} ${describeFailure(only)}\n${colors.dim(`  → ${visibleText(hintFor(only.error))}`)}`,
    );
    return;
  }
  // What stopped it before anything happened says enough.
  if (stopped && tally.isEmpty) return;
  if (!settings.quiet) tellRows(context, ending);
  const limit = settings.verbose ? bounds.failuresKept : bounds.failuresShown;
  for (const line of failureLines(tally.failures, limit, tally.failed)) {
    context.complain(line.startsWith('    →') ? colors.dim(line) : line);
  }
}

function tellRows(context: Context, ending: Ending): void {
  const { colors } = context;
  const { tally } = ending;
  const bad = tally.failed > 0 || tally.notTried > 0 || ending.stopped;
  const mark = bad ? colors.yellow('!') : colors.green('✔');
  const rows = summaryRows(ending);
  const width = Math.max(...rows.map(([label]) => columnsOf(label)));
  rows.forEach(([label, text], index) => {
    context.note(`${index === 0 ? mark : ' '} ${label}${' '.repeat(width - columnsOf(label))}  ${text}`);
  });
}

function summaryRows({ verb, tally, milliseconds, dryRun }: Ending): [string, string][] {
  const { created, replaced, identical, read, skipped, failed, notTried, foldersMade, bytes } = tally;
  const moved = created + replaced + read;
  // Of a moment no rate can be told.
  const speed = bytes > 0 && milliseconds >= 500 ? `, ${rate((bytes * 1000) / milliseconds)}` : '';
  const news =
    moved === 0 && identical + skipped.exists > 0 ? 'nothing new' : `${count(moved, 'file')}, ${size(bytes)}`;
  const rows: [string, string][] = [
    dryRun ? ['Dry run', 'nothing was transferred'] : [verb, `${news} in ${duration(milliseconds)}${speed}`],
  ];
  const row = (amount: number, label: string, text: string): void => {
    if (amount > 0) rows.push([label, text]);
  };
  row(replaced, 'Replaced', `${count(replaced, 'file')} of these`);
  row(foldersMade, 'Made', count(foldersMade, 'folder'));
  row(identical, 'Already there', `${count(identical, 'file')}, identical`);
  row(skipped.exists, 'Kept', `${count(skipped.exists, 'file')} already there, as --if-exists says`);
  row(skipped.symlink, 'Skipped', `${count(skipped.symlink, 'symlink')}`);
  row(
    skipped.special,
    'Skipped',
    `${count(skipped.special, 'pipe, socket or device', 'pipes, sockets or devices')}`,
  );
  row(failed, 'Failed', `${count(failed, 'item')}`);
  row(notTried, 'Not tried', `${count(notTried, 'file')}, because of a folder that failed`);
  return rows;
}

export function summaryEvent(
  { tally, milliseconds, stopped }: Ending,
  exit: number,
): Record<string, unknown> {
  const { created, replaced, identical, read, skipped, failed, notTried, foldersMade, bytes } = tally;
  return {
    event: 'summary',
    exit,
    stopped,
    files: { created, replaced, identical, read, skipped, failed, notTried },
    folders: { created: foldersMade },
    bytes,
    seconds: Math.round(milliseconds) / 1000,
  };
}
