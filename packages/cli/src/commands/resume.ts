import { type FilexUrl, parseUrl, visibleText } from '@filex/protocol';
import type { Context } from '../context.js';
import { exits, UsageError } from '../errors.js';
import { transfersFolder } from '../state/transfers/remembered-transfers.js';
import { TransferLocks } from '../state/transfers/transfer-locks.js';
import type { TransferRecord } from '../state/transfers/transfer-record.js';
import { type RememberedTransfer, TransferStates } from '../state/transfers/transfer-states.js';
import { Download } from '../transfer/download.js';
import { Upload } from '../transfer/upload.js';
import { count } from '../ui/amounts.js';
import { tellInterrupted } from '../ui/interrupted.js';
import { parseSelection } from './selection.js';
import { runTransfer, transferOptions } from './transfer.js';

export interface ResumeFlags {
  readonly all?: boolean | undefined;
  readonly forget?: boolean | undefined;
  readonly transfers: number;
}

/** `resume [ID…]` */
export async function resume(context: Context, ids: readonly string[], flags: ResumeFlags): Promise<number> {
  const { io } = context;
  const states = new TransferStates(transfersFolder(io.stateDirectory()), {
    platform: io.platform,
    warn: (text) => context.complain(text),
  });
  if (flags.all === true && ids.length > 0) throw new UsageError('Name transfers, or pass --all, not both.');
  if (flags.forget === true) return forget(context, states, ids, flags.all === true);
  const all = await states.list();
  const chosen =
    flags.all === true
      ? all
      : ids.length > 0
        ? ids.map((id) => named(all, id))
        : await choose(context, states, all);
  if (chosen === undefined) return exits.ok;
  if (chosen.length === 0) context.note('Nothing was interrupted.');
  return goOn(context, await idle(context, states, new Set(chosen)), flags);
}

/** @throws UsageError when that names none, or several. */
function named<T extends { readonly id: string }>(all: readonly T[], word: string): T {
  const found = /^[0-9a-f]{4,32}$/i.test(word)
    ? all.filter(({ id }) => id.startsWith(word.toLowerCase()))
    : [];
  const [one] = found;
  if (one !== undefined && found.length === 1) return one;
  const what = found.length === 0 ? 'names no interrupted transfer' : 'is the beginning of several';
  throw new UsageError(`${JSON.stringify(word)} ${what}: \`resume\` lists them.`);
}

/** Shows what there is; asks, when there is somebody to ask. Undefined when nothing was chosen. */
async function choose(
  context: Context,
  states: TransferStates,
  all: readonly RememberedTransfer[],
): Promise<readonly RememberedTransfer[] | undefined> {
  await tellInterrupted(context, states.folder, all);
  if (context.settings.json || all.length === 0 || !context.canAsk) return undefined;
  const { askLine } = await import('../ui/ask-line.js');
  for (;;) {
    const typed = await askLine(context, 'Which go on? [numbers, all, or just Enter for none] ');
    const numbers = parseSelection(typed, all.length);
    if (numbers !== undefined) {
      return numbers.length === 0
        ? undefined
        : numbers.map((number) => all[number - 1] as RememberedTransfer);
    }
    context.complain(`Type numbers from 1 to ${all.length}, or all.`);
  }
}

/** Without those that another run is at work on. */
async function idle(
  context: Context,
  { folder }: TransferStates,
  chosen: Iterable<RememberedTransfer>,
): Promise<RememberedTransfer[]> {
  const locks = new TransferLocks(folder);
  const found: RememberedTransfer[] = [];
  for (const one of chosen) {
    if (await locks.isHeldByOthers(one.id)) context.note(busy(one.id));
    else found.push(one);
  }
  return found;
}

function busy(id: string): string {
  return `${id.slice(0, 8)} is being transferred right now by another run.`;
}

async function forget(
  context: Context,
  states: TransferStates,
  words: readonly string[],
  all: boolean,
): Promise<number> {
  if (!all && words.length === 0)
    throw new UsageError('Say what to forget: --forget ID…, or --forget --all.');
  const known = await states.list();
  // Those that cannot be used can be forgotten, too; nothing but the record itself goes then.
  const others = (await states.ids()).filter((id) => !known.some((one) => one.id === id));
  const candidates: { readonly id: string; readonly record: TransferRecord | undefined }[] = [
    ...known,
    ...others.map((id) => ({ id, record: undefined })),
  ];
  const chosen = all ? candidates : words.map((word) => named(candidates, word));
  const locks = new TransferLocks(states.folder);
  let kept = 0;
  let forgotten = 0;
  for (const { id, record } of new Set(chosen)) {
    const release = await locks.take(id);
    if (release === undefined) {
      kept += 1;
      context.complain(busy(id));
      continue;
    }
    try {
      await states.forget(id, record);
      forgotten += 1;
    } finally {
      await release();
    }
  }
  if (context.settings.json)
    await context.event({ event: 'summary', exit: kept === 0 ? 0 : exits.conflict, forgotten });
  else context.note(`Forgot ${count(forgotten, 'transfer')}.`);
  return kept === 0 ? exits.ok : exits.conflict;
}

/** Those that one transfer of this program can do together. */
interface Batch extends Pick<TransferRecord, 'direction' | 'ifExists' | 'origin'> {
  readonly url: FilexUrl;
  readonly records: TransferRecord[];
}

async function goOn(
  context: Context,
  chosen: readonly RememberedTransfer[],
  flags: ResumeFlags,
): Promise<number> {
  const batches = new Map<string, Batch>();
  for (const { record } of chosen) {
    const { address, direction, ifExists, origin } = record;
    const key = JSON.stringify([address, direction, ifExists, origin]);
    const batch = batches.get(key) ?? { url: parseUrl(address), direction, ifExists, origin, records: [] };
    batch.records.push(record);
    batches.set(key, batch);
  }
  const codes: number[] = [];
  for (const batch of batches.values()) {
    codes.push(await transfer(context, batch, flags));
    if (context.signal.aborted) break;
  }
  tellRest(context, chosen);
  const bad = codes.filter((code) => code !== exits.ok);
  if (bad.length < 2) return bad[0] ?? exits.ok;
  return bad.every((code) => code === bad[0]) ? (bad[0] as number) : exits.someFailed;
}

async function transfer(context: Context, batch: Batch, flags: ResumeFlags): Promise<number> {
  const { url, records, direction, ifExists, origin } = batch;
  const session = await context.open(url, 'content');
  const { transfers } = flags;
  // As it was remembered before, so that the tree it is a part of is not forgotten by a second interruption.
  const options = transferOptions(context, url, { ifExists, transfers }, origin);
  const end = await runTransfer(context, {
    verb: direction === 'upload' ? 'Uploaded' : 'Downloaded',
    single: records.length === 1,
    resume: context.commandLine,
    start: { command: 'resume', ifExists, transfers, dryRun: false },
    run: async (report) => {
      // Whatever the size is now: it was large enough to be remembered, and has to be forgotten when it is done.
      const files = records.map(
        ({ local, remote, size }) => ({ kind: 'file', local, remote, size }) as const,
      );
      if (direction === 'upload') await new Upload(session, { ...options, follow: true }, report).run(files);
      else await new Download(session, options, report).run(files);
    },
  });
  return end.exit;
}

/** Names the commands of which only the files that were under way have been gone on with. */
function tellRest(context: Context, chosen: readonly RememberedTransfer[]): void {
  const told = new Set<string>();
  for (const { record } of chosen) {
    const { origin } = record;
    if (origin === undefined) continue;
    const command = context.quote(origin.words);
    const line = `In ${visibleText(origin.folder)}: ${command}`;
    if (told.has(line)) continue;
    told.add(line);
    if (told.size === 1) context.note('These were parts of more. For the rest, run the same command again:');
    context.note(`  ${line}`);
  }
}
