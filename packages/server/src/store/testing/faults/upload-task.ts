import { type ConflictPolicy, TreeDigest } from '@filex/protocol';
import { sha256Provider } from '@filex/protocol/node';
import type { CommitOutcome, StagedUpload, Store } from '../../store.js';

/** An upload as its client sees it, over all its attempts. */
export interface UploadTask {
  readonly path: string;
  readonly content: Uint8Array;
  readonly ifExists: ConflictPolicy;
  /** Microseconds since 1970; undefined: none is told. */
  readonly mtime: number | undefined;
  /** 32 hexadecimal digits. */
  readonly operationId: string;
  /** Bytes of each write. */
  readonly piece: number;
  /** Pieces after which what was written is made safe; 0: never before the commit. */
  readonly syncEvery: number;
}

/** Whose uploads they are. */
const principal = 'tester';

/** Begins an upload anew. */
export function begin(
  store: Store,
  { path, content, ifExists, mtime, operationId }: UploadTask,
): Promise<StagedUpload> {
  const request = {
    path,
    operationId,
    size: content.length,
    ifExists,
    mtime,
    executable: false,
    principal,
    arguments: JSON.stringify([path, content.length, ifExists, mtime]),
  };
  return store.stage(request);
}

/** Writes a part of the content, in pieces. */
export async function write(
  staged: StagedUpload,
  { content, piece, syncEvery }: UploadTask,
  from: number,
  to: number,
): Promise<void> {
  let pieces = 0;
  for (let at = from; at < to; at += piece) {
    await staged.write(content.subarray(at, Math.min(to, at + piece)));
    pieces += 1;
    if (syncEvery > 0 && pieces % syncEvery === 0) await staged.sync();
  }
}

/** Publishes what was written, all of it. */
export function commit(staged: StagedUpload, { content }: UploadTask): Promise<CommitOutcome> {
  const digest = new TreeDigest(sha256Provider.create);
  digest.update(content);
  return staged.commit({ length: content.length, digest: digest.digest(), algorithm: 'sha256' });
}

/** One attempt, from whatever the store has of it, to its end. */
export async function attempt(store: Store, task: UploadTask): Promise<CommitOutcome> {
  const staged = await begin(store, task);
  try {
    await write(staged, task, 0, task.content.length);
  } catch (error) {
    await staged.abort();
    throw error;
  }
  return commit(staged, task);
}
