import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { FilexError } from '@filex/protocol';
import { errnoOf, type Session } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import { isFatal, isLocal } from '../errors.js';
import { sliced } from '../transfer/lanes.js';
import { joinRemote } from '../transfer/remote-path.js';
import { Matcher } from '../tree/match.js';
import { walk } from '../tree/walk.js';
import { inOrder } from './in-order.js';
import type { LocalDigests } from './local-digest.js';

/** How one thing below the two folders compares. */
export type Compared =
  | { readonly kind: 'same'; readonly path: string }
  /** Another content, or no file on one of the two sides. */
  | { readonly kind: 'differs'; readonly path: string }
  /** Not on the server. */
  | { readonly kind: 'missing'; readonly path: string }
  /** Only on the server. */
  | { readonly kind: 'extra'; readonly path: string }
  /** A symlink, a device: neither is ever transferred. */
  | { readonly kind: 'skipped'; readonly path: string }
  | { readonly kind: 'failed'; readonly path: string; readonly error: FilexError };

/** What is compared. */
export interface Trees {
  /** A folder of this machine. */
  readonly local: string;
  readonly session: Session;
  /** A folder of the server. */
  readonly remote: string;
  readonly digests: LocalDigests;
  readonly signal: AbortSignal;
}

/**
 * Compares a folder with one of a server, by digest: both sides read their own files, and nothing of them travels. Holds neither
 * tree in memory: first all that is here is looked for there, then what is there and not here.
 *
 * Rejects when the session ends or the user interrupts; what cannot be read is told as `failed`.
 */
export async function* compareTrees(trees: Trees): AsyncGenerator<Compared, void, undefined> {
  const there = await compareItem(trees, { path: '', local: trees.local, isFolder: true });
  if (there.kind !== 'same') {
    yield { ...there, path: trees.local };
    return;
  }
  yield* inOrder(sliced(localItems(trees.local), bounds.walkSlice), bounds.digests, (item) =>
    'kind' in item ? Promise.resolve(item) : compareItem(trees, item),
  );
  yield* extras(trees);
}

interface LocalItem {
  readonly path: string;
  readonly local: string;
  readonly isFolder: boolean;
}

function* localItems(top: string): Generator<LocalItem | Compared, void, undefined> {
  for (const found of walk(top, { matcher: new Matcher([]), follow: false })) {
    if (found.kind === 'skipped') yield { kind: 'skipped', path: found.shown };
    else if (found.kind === 'failed') yield { kind: 'failed', path: found.shown, error: found.error };
    else if (found.path !== '')
      yield { path: found.path, local: found.local, isFolder: found.kind === 'folder' };
  }
}

async function compareItem(trees: Trees, { path, local, isFolder }: LocalItem): Promise<Compared> {
  if (!isFolder) return compareFile(trees, local, joinRemote(trees.remote, path), path);
  try {
    const { kind } = await trees.session.stat(joinRemote(trees.remote, path), { signal: trees.signal });
    return { kind: kind === 'directory' ? 'same' : 'differs', path: `${path}/` };
  } catch (error) {
    return failure(trees.signal, error, `${path}/`);
  }
}

/** Compares one file, which is shown as `path`. */
export async function compareFile(
  { session, digests, signal }: Omit<Trees, 'local' | 'remote'>,
  local: string,
  remote: string,
  path: string,
): Promise<Compared> {
  const { algorithm } = session.server;
  // Both are waited for, whichever fails.
  const [own, other] = await Promise.allSettled([
    digests.of(local, algorithm, signal),
    session.digest(remote, { algorithm, signal }),
  ]);
  if (own.status === 'rejected') return failure(signal, own.reason, path);
  if (other.status === 'rejected') return failure(signal, other.reason, path);
  return { kind: own.value === other.value.digest ? 'same' : 'differs', path };
}

const notThere: ReadonlySet<string> = new Set(['NOT_FOUND', 'PARENT_NOT_FOUND', 'NOT_A_DIRECTORY']);
const noFile: ReadonlySet<string> = new Set(['IS_A_DIRECTORY', 'NOT_A_FILE']);

function failure(signal: AbortSignal, thrown: unknown, path: string): Compared {
  const error = FilexError.from(thrown);
  if (signal.aborted || isFatal(error)) throw thrown;
  // What was found here and cannot be read any more has failed; what is not there is what we are looking for.
  if (!isLocal(error)) {
    if (notThere.has(error.code)) return { kind: 'missing', path };
    if (noFile.has(error.code)) return { kind: 'differs', path };
  }
  return { kind: 'failed', path, error };
}

async function* extras({ local, session, remote, signal }: Trees): AsyncGenerator<Compared, void, undefined> {
  for await (const { path, kind } of session.list(remote, { recursive: true, signal })) {
    if (kind !== 'file' && kind !== 'directory') yield { kind: 'skipped', path };
    // What is here under another kind was told already.
    else if (!isThere(join(local, ...path.split('/'))))
      yield { kind: 'extra', path: kind === 'directory' ? `${path}/` : path };
  }
}

function isThere(local: string): boolean {
  try {
    const stats = lstatSync(local);
    return stats.isFile() || stats.isDirectory();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}
