import { visibleText } from '@filex/protocol';
import type picocolors from 'picocolors';
import { bounds } from '../../bounds.js';
import { grouped, rate, remainingTime, size } from '../amounts.js';
import { clip, columnsOf, fit, pad, padStart } from '../columns.js';
import { type Disconnected, reconnectingLine } from '../connection.js';
import type { ActiveFile, Tracker } from './tracker.js';

export interface BarStyle {
  readonly colors: ReturnType<typeof picocolors.createColors>;
  readonly unicode: boolean;
}

/** What the program is doing, as the first word of the total line. */
export type Phase = 'Uploading' | 'Downloading' | 'Finishing' | 'Stopping';

/** There is no connection. */
export interface Lost {
  readonly state: Disconnected;
  /** Milliseconds until it is tried to make one. */
  readonly wait: number;
  readonly why: string;
}

const LABEL = 12;
const PERCENT = 5;
const BAR_MINIMUM = 8;
const BAR_MAXIMUM = 32;

/** The total line and a line for each of a few files: never more than `columns` wide. */
export function renderBars(
  phase: Phase,
  tracker: Tracker,
  columns: number,
  style: BarStyle,
  lost?: Lost,
): string[] {
  const lines = [totalLine(phase, tracker, columns, style)];
  // No file moves, so what is waited for is shown instead of them.
  if (lost !== undefined) {
    const line = reconnectingLine(lost.state, lost.wait, lost.why, tracker.safe(), columns);
    return [...lines, style.colors.yellow(line)];
  }
  // One file is its own total.
  if (tracker.filesFound === 1 && !tracker.searching) return lines;
  let shown = 0;
  for (const file of tracker.active) {
    if (shown === bounds.fileBars) break;
    lines.push(fileLine(file, columns, style));
    shown += 1;
  }
  return lines;
}

function totalLine(phase: Phase, tracker: Tracker, columns: number, style: BarStyle): string {
  const fraction = tracker.fraction();
  const speed = tracker.rate();
  const remaining = tracker.remaining();
  const known = tracker.searching ? '+' : '';
  // In the order in which they are given up when the line is too short: the last first.
  const facts = [
    `${size(tracker.bytesAcknowledged)} of ${size(tracker.bytesFound)}${known}`,
    speed === undefined ? '' : rate(speed),
    remaining === undefined ? '' : `ETA ${remainingTime(remaining)}`,
    `${grouped(tracker.filesSettled)}/${grouped(tracker.filesFound)}${known} files`,
  ].filter((fact) => fact !== '');
  const label = pad(phase, LABEL);
  const percent = fraction === undefined ? '' : padStart(percentOf(fraction), PERCENT);
  for (;;) {
    const tail = `${percent}  ${facts.join('  ')}`;
    const room = columns - LABEL - columnsOf(tail);
    if (room >= BAR_MINIMUM) {
      const bar = barOf(fraction, Math.min(room, BAR_MAXIMUM), style);
      return `${style.colors.bold(label)}${bar}${tail.trimEnd()}`;
    }
    if (facts.length === 0) return clip(`${label}${percent}`, columns);
    facts.pop();
  }
}

function fileLine(file: ActiveFile, columns: number, style: BarStyle): string {
  const fraction = file.total === 0 ? 0 : Math.min(1, file.acknowledged / file.total);
  const tail = ` ${padStart(percentOf(fraction), PERCENT)}  ${padStart(size(file.total), 9)}`;
  const barWidth = columns >= 60 ? 16 : 0;
  const nameWidth = columns - 2 - columnsOf(tail) - (barWidth === 0 ? 0 : barWidth + 1);
  if (nameWidth < BAR_MINIMUM) return clip(`  ${fit(visibleText(file.name), columns - 2)}`, columns);
  const bar = barWidth === 0 ? '' : ` ${barOf(fraction, barWidth, style)}`;
  return `  ${pad(visibleText(file.name), nameWidth)}${bar}${style.colors.dim(tail)}`;
}

function percentOf(fraction: number): string {
  // Rounded down: 100 % is said when it is all there, not before.
  return `${Math.floor(fraction * 100)}%`;
}

function barOf(fraction: number | undefined, width: number, style: BarStyle): string {
  const [full, empty] = style.unicode ? ['█', '░'] : ['#', '-'];
  const done = fraction === undefined ? 0 : Math.floor(fraction * width);
  return style.colors.cyan(full.repeat(done)) + style.colors.dim(empty.repeat(width - done));
}
