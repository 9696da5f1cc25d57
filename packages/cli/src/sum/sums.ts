import { type DigestAlgorithm, FilexError } from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import { isFatal } from '../errors.js';
import { sliced } from '../transfer/lanes.js';
import { joinRemote } from '../transfer/remote-path.js';
import { Matcher } from '../tree/match.js';
import { walk } from '../tree/walk.js';
import { inOrder } from './in-order.js';
import type { LocalDigests } from './local-digest.js';

/** The digest of one file, or why there is none. */
export type Sum =
  | { readonly path: string; readonly digest: string; readonly error?: undefined }
  | { readonly path: string; readonly digest?: undefined; readonly error: FilexError };

interface Wanted {
  /** As it is shown. */
  readonly path: string;
  /** Set when it is known already that there is no digest. */
  readonly error?: FilexError | undefined;
}

interface HowToSum {
  readonly algorithm: DigestAlgorithm;
  readonly signal: AbortSignal;
}

/** The digests of a file of this machine, or of all below a folder; symlinks and devices below it are passed over. */
export function localSums(
  top: string,
  isFolder: boolean,
  digests: LocalDigests,
  how: HowToSum,
): AsyncGenerator<Sum, void, undefined> {
  const files = isFolder ? sliced(filesBelow(top), bounds.walkSlice) : [{ path: top }];
  return sums(files, how.signal, ({ path }) => digests.of(path, how.algorithm, how.signal));
}

/** The digests of a file of a server, or of all below a folder. */
export function remoteSums(
  session: Session,
  top: string,
  isFolder: boolean,
  how: HowToSum,
): AsyncGenerator<Sum, void, undefined> {
  const files = isFolder ? listed(session, top, how.signal) : [{ path: top }];
  return sums(files, how.signal, async ({ path }) => (await session.digest(path, how)).digest);
}

function sums(
  files: AsyncIterable<Wanted> | Iterable<Wanted>,
  signal: AbortSignal,
  digestOf: (wanted: Wanted) => Promise<string>,
): AsyncGenerator<Sum, void, undefined> {
  return inOrder(files, bounds.digests, async (wanted): Promise<Sum> => {
    const { path, error } = wanted;
    if (error !== undefined) return { path, error };
    try {
      return { path, digest: await digestOf(wanted) };
    } catch (thrown) {
      const failure = FilexError.from(thrown);
      if (signal.aborted || isFatal(failure)) throw thrown;
      return { path, error: failure };
    }
  });
}

function* filesBelow(top: string): Generator<Wanted, void, undefined> {
  for (const found of walk(top, { matcher: new Matcher([]), follow: false })) {
    if (found.kind === 'file') yield { path: found.local };
    else if (found.kind === 'failed') yield { path: found.shown, error: found.error };
  }
}

async function* listed(
  session: Session,
  top: string,
  signal: AbortSignal,
): AsyncGenerator<Wanted, void, undefined> {
  for await (const { path, kind } of session.list(top, { recursive: true, signal }))
    if (kind === 'file') yield { path: joinRemote(top, path) };
}
