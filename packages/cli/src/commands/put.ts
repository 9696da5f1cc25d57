import { type FilexUrl, visibleText } from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import { parseTarget, type Target } from '../address.js';
import type { Context } from '../context.js';
import { UsageError } from '../errors.js';
import { type KeepReceipt, keepReceipts } from '../receipts/keep-receipts.js';
import { ReceiptFile } from '../receipts/receipt-file.js';
import type { Failed, Observer } from '../transfer/outcome.js';
import { Upload, type UploadSource } from '../transfer/upload.js';
import { type LookedAt, lookAtSources, placeStream, placeUploads } from '../transfer/upload-plan.js';
import { size } from '../ui/amounts.js';
import { silent } from './dry-run.js';
import {
  type Again,
  originOf,
  runTransfer,
  sameAgain,
  type TransferEnd,
  type TransferFlags,
  transferOptions,
} from './transfer.js';

export interface PutFlags extends TransferFlags {
  readonly follow?: boolean | undefined;
  /** The file that receipts are added to. */
  readonly receipts?: string | undefined;
}

/** `put SRC… URL` */
export async function put(context: Context, words: readonly string[], flags: PutFlags): Promise<number> {
  const names = words.slice(0, -1);
  if (names.length === 0) throw new UsageError('Say what to upload and where to: put SRC… URL.');
  const target = parseTarget(words.at(-1) as string);
  if (names.includes('-')) return putStream(context, names, target, flags);
  const named = lookAtSources(names, flags.recursive === true);
  return withReceipts(flags, async (receipts) => {
    const session = await context.open(target.url, 'content');
    return (await putSources(context, session, named, target, flags, sameAgain(context), receipts)).exit;
  });
}

/** Runs `work` with the file for receipts, if one is wanted: opened before anything is sent. */
async function withReceipts(
  { receipts, dryRun }: PutFlags,
  work: (file: ReceiptFile | undefined) => Promise<number>,
): Promise<number> {
  if (receipts === undefined || dryRun === true) return work(undefined);
  const file = await ReceiptFile.open(receipts);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Uploads what was looked at. Failures of looking are told with the others. */
export async function putSources(
  context: Context,
  session: Session,
  named: LookedAt,
  target: Target,
  flags: PutFlags,
  again = sameAgain(context),
  receipts?: ReceiptFile,
): Promise<TransferEnd> {
  const { signal } = context;
  const dryRun = flags.dryRun === true;
  const places =
    named.sources.length === 0 ? [] : await placeUploads(session, named.sources, target, { signal, dryRun });
  const single = named.sources.length + named.failures.length === 1 && named.sources[0]?.kind !== 'folder';
  const { url } = target;
  const keepReceipt = receipts && keepReceipts(session, url, receipts);
  const plan = { sources: places, failures: named.failures, single, again, url, keepReceipt };
  return upload(context, session, plan, flags);
}

async function putStream(
  context: Context,
  names: readonly string[],
  target: Target,
  flags: PutFlags,
): Promise<number> {
  if (names.length > 1) throw new UsageError('Standard input (-) can only be uploaded alone.');
  if (context.settings.passcodeStdin === true)
    throw new UsageError(
      'Standard input cannot be the file and hold the passcode, too: put the passcode into FILEX_PASSCODE or the credentials file.',
    );
  return withReceipts(flags, (receipts) => sendStream(context, target, flags, receipts));
}

async function sendStream(
  context: Context,
  target: Target,
  flags: PutFlags,
  receipts: ReceiptFile | undefined,
): Promise<number> {
  const session = await context.open(target.url, 'content');
  const remote = await placeStream(session, target, context.signal);
  const { stdin } = context.io;
  // Whoever waits for the next bytes of it would otherwise wait for as long as nobody writes any.
  context.signal.addEventListener('abort', () => stdin.destroy(), { once: true });
  const sources: UploadSource[] = [{ kind: 'stream', stream: stdin, remote }];
  const plan = {
    sources,
    failures: [],
    single: true,
    typed: stdin.isTTY === true,
    again: sameAgain(context),
    url: target.url,
    keepReceipt: receipts && keepReceipts(session, target.url, receipts),
  };
  return (await upload(context, session, plan, flags)).exit;
}

interface Plan {
  readonly url: FilexUrl;
  readonly sources: readonly UploadSource[];
  readonly failures: readonly Failed[];
  readonly single: boolean;
  /** The user types what is uploaded, right where the bars would be. */
  readonly typed?: boolean;
  readonly again: Again;
  readonly keepReceipt: KeepReceipt | undefined;
}

async function upload(context: Context, session: Session, plan: Plan, flags: PutFlags): Promise<TransferEnd> {
  const { sources, failures, single, again, keepReceipt } = plan;
  const origin = originOf(again, single);
  const common = transferOptions(context, plan.url, flags, origin);
  const options = { ...common, follow: flags.follow === true, keepReceipt };
  const { ifExists, transfers } = flags;
  return runTransfer(context, {
    verb: 'Uploaded',
    single,
    typed: plan.typed === true,
    resume: again.command,
    start: { command: 'put', ifExists, transfers, dryRun: flags.dryRun === true },
    run: async (report) => {
      for (const failed of failures) report.settle(failed);
      const observer: Observer = flags.dryRun === true ? silent(report) : report;
      const transfer = new Upload(session, options, observer);
      if (flags.dryRun === true) await tellPlan(context, transfer, sources);
      else await transfer.run(sources);
    },
  });
}

async function tellPlan(context: Context, transfer: Upload, sources: readonly UploadSource[]): Promise<void> {
  for (const item of transfer.items(sources)) {
    context.signal.throwIfAborted();
    if (item.kind === 'folder') {
      await context.plan(
        'make the folder',
        { to: item.folder.remote },
        `${visibleText(item.folder.remote)}/`,
      );
    } else {
      const from = item.kind === 'stream' ? '-' : item.local;
      const bytes = item.kind === 'stream' ? undefined : item.size;
      const shown = `${visibleText(from)} as ${visibleText(item.remote)}${bytes === undefined ? '' : `  ${size(bytes)}`}`;
      await context.plan('upload', { from, to: item.remote, size: bytes }, shown);
    }
  }
}
