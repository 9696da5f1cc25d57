import { treeDigestOf } from '../../wire/digest.js';
import { MAX_WHOLE_FILE } from '../bounds.js';
import type { WholeFile } from '../types.js';
import { hashFor, type OperationRun, type Success } from './operation.js';

/** What is needed to answer a download in one go. */
export type WholeRun = Pick<
  OperationRun,
  'driver' | 'stream' | 'request' | 'handler' | 'context' | 'algorithm' | 'hashOf'
>;

/**
 * Sends a small file up to its END, where the handler has it at hand and all of it can be sent now. Otherwise, undefined:
 * nothing has happened, and it is a download like any other.
 */
export function sendWhole(run: WholeRun): Success | undefined {
  const { driver, stream } = run;
  const { connection } = driver;
  const file = begin(run);
  if (file === undefined) return undefined;
  const { bytes, algorithm, digest } = file;
  const { maxDataPayload } = connection;
  for (let at = 0; at < bytes.length; at += maxDataPayload) {
    connection.write(stream, bytes.subarray(at, at + maxDataPayload));
  }
  connection.end(stream, bytes.length, digest);
  return { outcome: 'read', bytes: bytes.length, digest: Buffer.from(digest).toString('hex'), algorithm };
}

type Begun = Pick<WholeFile, 'bytes'> & {
  readonly algorithm: Success['algorithm'];
  readonly digest: Uint8Array;
};

/** Reads and announces the file. */
function begin(run: WholeRun): Begun | undefined {
  const { driver, stream, request, handler, context } = run;
  const { connection } = driver;
  // Who has a part of it already is compared with first.
  if ((request.offset ?? 0) > 0 || !connection.allows(stream, 'R_ACCEPT')) return undefined;
  const room = Math.min(driver.roomNow(stream), MAX_WHOLE_FILE);
  try {
    const file = handler.downloadWhole?.({ path: request.path, ifMatch: request.ifMatch }, context, room);
    if (file === undefined || file.bytes.length > room) return undefined;
    const { size, mtime, executable, etag } = file.entry;
    if (file.bytes.length !== size) return undefined;
    const { algorithm, create } = hashFor(run);
    const digest = treeDigestOf(file.bytes, create);
    connection.accept(stream, { offset: 0, size, mtime, executable, etag, algorithm });
    return { bytes: file.bytes, algorithm, digest };
  } catch {
    // The other way meets the same, and tells it.
    return undefined;
  }
}
