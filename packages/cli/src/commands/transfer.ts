import type { ConflictPolicy, FilexUrl } from '@filex/protocol';
import { bounds } from '../bounds.js';
import type { Context } from '../context.js';
import { exits } from '../errors.js';
import type { Origin } from '../state/transfers/transfer-record.js';
import type { TransferMemory } from '../transfer/memory.js';
import type { TransferOptions } from '../transfer/options.js';
import { Tally } from '../transfer/tally.js';
import { Matcher, type Rule } from '../tree/match.js';
import { size } from '../ui/amounts.js';
import type { Phase } from '../ui/progress/bars.js';
import { JsonDisplay, LiveDisplay, PlainDisplay, QuietDisplay } from '../ui/progress/displays.js';
import { type Display, Report } from '../ui/progress/report.js';
import { Screen } from '../ui/progress/screen.js';
import { Tracker } from '../ui/progress/tracker.js';
import { BrokenPipe } from '../ui/stdout.js';
import { summaryEvent, tellSummary } from '../ui/summary.js';
import { type GoingOn, tellError } from '../ui/tell-error.js';
import { isLive, usableColumns, usesUnicode } from '../ui/terminal.js';

/** What `put` and `get` have in common on the command line. */
export interface TransferFlags {
  readonly recursive?: boolean | undefined;
  readonly ifExists: ConflictPolicy;
  readonly transfers: number;
  readonly rules?: readonly Rule[] | undefined;
  readonly dryRun?: boolean | undefined;
  /** Of `get`. Default: `commit`. */
  readonly durability?: 'commit' | 'none' | undefined;
}

/** @param origin the command that remembered transfers are a part of, when it is not about one file. */
export function transferOptions(
  context: Context,
  url: FilexUrl,
  flags: TransferFlags,
  origin: Origin | undefined,
): TransferOptions {
  const { ifExists, transfers, rules, durability } = flags;
  const { signal } = context;
  let memory: Promise<TransferMemory> | undefined;
  return {
    ifExists,
    transfers,
    durable: durability !== 'none',
    matcher: new Matcher(rules ?? []),
    signal,
    url,
    memory: () => {
      memory ??= openMemory(context, origin);
      return memory;
    },
  };
}

/** A command that does the same again, and so goes on after an interruption. */
export interface Again {
  readonly words: readonly string[];
  /** As it is shown. */
  readonly command: string;
}

export function sameAgain(context: Context): Again {
  return { words: context.words, command: context.commandLine };
}

/** The command, for what it leaves unfinished; of one file all is said without it. */
export function originOf({ words }: Again, single: boolean): Origin | undefined {
  return single ? undefined : { words, folder: process.cwd() };
}

async function openMemory(context: Context, origin: Origin | undefined): Promise<TransferMemory> {
  const { RememberedTransfers, transfersFolder } = await import('../state/transfers/remembered-transfers.js');
  const { TransferStates } = await import('../state/transfers/transfer-states.js');
  const { io, signal } = context;
  const warn = (text: string): void => context.warn(text);
  const states = new TransferStates(transfersFolder(io.stateDirectory()), {
    platform: io.platform,
    warn,
  });
  return new RememberedTransfers({ warn, origin, signal }, states);
}

export interface TransferTask {
  readonly verb: 'Uploaded' | 'Downloaded';
  /** About one file, whose failure is the failure of the command. */
  readonly single: boolean;
  /** The terminal is busy with something else: no bars. */
  readonly typed?: boolean;
  /** The command that goes on after an interruption, if one can. */
  readonly resume: string | undefined;
  /** For the `start` event of `--json`. */
  readonly start: Readonly<Record<string, unknown>> & { readonly dryRun: boolean };
  run(report: Report): Promise<void>;
}

export interface TransferEnd {
  readonly exit: number;
  readonly tally: Tally;
  /** Ended before everything was tried. */
  readonly stopped: boolean;
}

/** Runs a transfer with everything around it: progress, the summary, the exit code, and how to go on after a stop. */
export async function runTransfer(context: Context, task: TransferTask): Promise<TransferEnd> {
  const { io, settings } = context;
  const begun = io.now();
  const tally = new Tally();
  const tracker = new Tracker(bounds.rateWindow);
  if (settings.json) context.post({ event: 'start', ...task.start });
  const display = createDisplay(context, tracker, task);
  const forget = io.onExit(() => display.close());
  const report = new Report(tracker, tally, display, io.now, bounds.frameInterval);
  const unwatch = context.watchConnection((state) => report.connection(state));
  const unwarn = context.warnBy((text) => report.print(text));
  let fault: { readonly error: unknown } | undefined;
  try {
    await task.run(report);
  } catch (error) {
    fault = { error };
  } finally {
    unwatch();
    unwarn();
    report.close();
    forget();
  }
  const { verb, single, start } = task;
  const { dryRun } = start;
  const milliseconds = io.now() - begun;
  const ending = { verb, single, dryRun, tally, milliseconds, stopped: fault !== undefined };
  tellSummary(context, ending);
  const exit =
    fault === undefined
      ? tally.exit(single)
      : tellFault(context, fault.error, { command: task.resume, safe: safeOf(tracker) });
  if (settings.json) context.post(summaryEvent(ending, exit));
  return { exit, tally, stopped: ending.stopped };
}

/** How much is there already. */
function safeOf(tracker: Tracker): string {
  const { bytesAcknowledged, bytesFound } = tracker;
  if (bytesAcknowledged === 0) return '';
  return `${size(bytesAcknowledged)} of ${size(bytesFound)}${tracker.searching ? ' so far' : ''} safe`;
}

function tellFault(context: Context, error: unknown, goingOn: GoingOn): number {
  // For data that nobody reads on, stopping is all there is to do; here somebody has to know that not all is done.
  if (context.signal.reason instanceof BrokenPipe) {
    context.complain('error: stopped, as nobody reads the events any more');
    return exits.other;
  }
  return tellError(context, error, goingOn);
}

function createDisplay(context: Context, tracker: Tracker, task: TransferTask): Display {
  const phase: Phase = task.verb === 'Uploaded' ? 'Uploading' : 'Downloading';
  const { io, settings, colors } = context;
  const write = (line: string): void => context.complain(line);
  if (settings.json) return new JsonDisplay((event) => context.post(event), write, tracker);
  if (settings.quiet || task.typed === true) return new QuietDisplay(write);
  const { verbose } = settings;
  if (!isLive(io.stderr, io.env)) return new PlainDisplay(write, tracker, { phase, verbose });
  const style = { colors, unicode: usesUnicode(io.platform, io.env) };
  const columns = (): number => usableColumns(io.stderr);
  return new LiveDisplay(new Screen(io.stderr), tracker, { phase, style, columns, verbose });
}
