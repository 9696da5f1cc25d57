import { visibleText } from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import { looksLikeAddress, parseTargets, type Target } from '../address.js';
import type { Context } from '../context.js';
import { UsageError } from '../errors.js';
import { Download, type DownloadSource } from '../transfer/download.js';
import { lookAtTargets, type NamedEntry, placeDownloads } from '../transfer/download-plan.js';
import type { TransferOptions } from '../transfer/options.js';
import type { Failed, Observer } from '../transfer/outcome.js';
import { size } from '../ui/amounts.js';
import { catTargets } from './cat.js';
import { silent } from './dry-run.js';
import {
  originOf,
  runTransfer,
  sameAgain,
  type TransferEnd,
  type TransferFlags,
  transferOptions,
} from './transfer.js';

/** `get URL… [DEST]` */
export async function get(context: Context, words: readonly string[], flags: TransferFlags): Promise<number> {
  const last = words.at(-1) as string;
  const hasDestination = words.length > 1 && !looksLikeAddress(last);
  const targets = parseTargets(hasDestination ? words.slice(0, -1) : words);
  const destination = hasDestination ? last : '.';
  if (destination === '') throw new UsageError('The destination is empty; . is the current folder.');
  const session = await context.open((targets[0] as Target).url, 'content');
  if (destination === '-') return catTargets(context, session, targets);
  return (await getTargets(context, session, targets, destination, flags)).exit;
}

/** Downloads what the addresses name. What is not there is told with the other failures. */
export async function getTargets(
  context: Context,
  session: Session,
  targets: readonly Target[],
  destination: string,
  flags: TransferFlags,
  again = sameAgain(context),
): Promise<TransferEnd> {
  const named = await lookAtTargets(session, targets, flags.recursive === true, context.signal);
  const dryRun = flags.dryRun === true;
  const single = targets.length === 1 && named.entries[0]?.entry.kind !== 'directory';
  const { ifExists, transfers } = flags;
  return runTransfer(context, {
    verb: 'Downloaded',
    single,
    resume: again.command,
    start: { command: 'get', ifExists, transfers, dryRun },
    run: (report) => {
      const observer: Observer = dryRun ? silent(report) : report;
      const { url } = targets[0] as Target;
      const options = transferOptions(context, url, flags, originOf(again, single));
      return download(context, session, named, destination, options, dryRun, observer);
    },
  });
}

async function download(
  context: Context,
  session: Session,
  named: { readonly entries: readonly NamedEntry[]; readonly failures: readonly Failed[] },
  destination: string,
  options: TransferOptions,
  dryRun: boolean,
  observer: Observer,
): Promise<void> {
  for (const failed of named.failures) observer.settle(failed);
  if (named.entries.length === 0) return;
  const sources = placeDownloads(named.entries, destination, {
    platform: context.io.platform,
    dryRun,
    onMade: () => observer.folderMade(),
  });
  const transfer = new Download(session, options, observer);
  if (dryRun) await tellPlan(context, transfer, sources);
  else await transfer.run(sources);
}

async function tellPlan(
  context: Context,
  transfer: Download,
  sources: readonly DownloadSource[],
): Promise<void> {
  for await (const item of transfer.items(sources)) {
    if (item.kind === 'folder') {
      const to = item.tree.locate(item.place);
      await context.plan('make the folder', { to }, visibleText(to));
    } else {
      const to = item.kind === 'file' ? item.local : item.tree.locate(item.place);
      const { remote: from, size: bytes } = item;
      await context.plan(
        'download',
        { from, to, size: bytes },
        `${visibleText(from)} as ${visibleText(to)}  ${size(bytes)}`,
      );
    }
  }
}
