import { type ConflictPolicy, checkPath, FilexError, visibleText } from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import { looksLikeAddress, parseTarget, sameServer } from '../address.js';
import type { Context } from '../context.js';
import { UsageError } from '../errors.js';
import { baseOf, joinRemote } from '../transfer/remote-path.js';

export interface MvFlags {
  readonly ifExists: ConflictPolicy;
  readonly dryRun?: boolean | undefined;
}

/** `mv SRC DST` */
export async function mv(
  context: Context,
  source: string,
  destination: string,
  flags: MvFlags,
): Promise<number> {
  const from = parseTarget(source);
  if (from.path === '') throw new UsageError('The root of a server cannot be moved.');
  const to = destinationOf(destination);
  if (to.url !== undefined && !sameServer(from.url, to.url)) {
    throw new UsageError('mv works within one server: use get and put between two.');
  }
  const { fingerprint = to.url?.fingerprint } = from.url;
  const session = await context.open({ ...from.url, fingerprint }, 'names');
  const target = await finalPath(context, session, from.path, to);
  if (flags.dryRun === true) {
    await context.plan(
      'move',
      { from: from.path, to: target },
      `${visibleText(from.path)} to ${visibleText(target)}`,
    );
    return 0;
  }
  const outcome = await move(context, session, from.path, target, flags.ifExists);
  if (context.settings.json) {
    await context.event({ event: 'move', outcome, from: from.path, to: target });
    await context.event({ event: 'summary', exit: 0 });
  } else if (outcome === 'skipped') {
    context.note(`Kept ${visibleText(target)}, which was there.`);
  } else if (context.settings.verbose) {
    context.note(`moved ${visibleText(from.path)} to ${visibleText(target)}`);
  }
  return 0;
}

interface Destination {
  readonly url: ReturnType<typeof parseTarget>['url'] | undefined;
  readonly path: string;
  readonly isFolder: boolean;
}

function destinationOf(text: string): Destination {
  if (looksLikeAddress(text)) return parseTarget(text);
  const raw = text.replace(/^\/+/, '');
  const path = raw.replace(/\/+$/, '');
  checkPath(path);
  return { url: undefined, path, isFolder: raw !== path || path === '' };
}

/** Into a folder that is there, as everybody knows `mv`. */
async function finalPath(context: Context, session: Session, from: string, to: Destination): Promise<string> {
  const inside = joinRemote(to.path, baseOf(from));
  if (to.path === '') return inside;
  try {
    const { kind } = await session.stat(to.path, { signal: context.signal });
    // A folder moved onto itself is a question for the server.
    if (kind === 'directory' && to.path !== from) return inside;
  } catch (error) {
    const { code } = FilexError.from(error);
    if (code !== 'NOT_FOUND' && code !== 'PARENT_NOT_FOUND') throw error;
    if (to.isFolder)
      throw new FilexError('PARENT_NOT_FOUND', `there is no folder ${JSON.stringify(to.path)}`);
  }
  return to.path;
}

async function move(
  context: Context,
  session: Session,
  from: string,
  to: string,
  policy: ConflictPolicy,
): Promise<string> {
  // The protocol knows no `skip` here: it is not a failure to us that the name is taken.
  const ifExists = policy === 'skip' ? 'fail' : policy;
  try {
    return (await session.rename(from, to, { ifExists, signal: context.signal })).outcome;
  } catch (error) {
    if (policy !== 'skip' || FilexError.from(error).code !== 'ALREADY_EXISTS') throw error;
    return 'skipped';
  }
}
