import { BLOCK_SIZE, type ConflictPolicy, TreeDigest } from '@filex/protocol';
import { sha256Provider } from '@filex/protocol/node';
import type { CommitOutcome, StagedUpload, StageRequest, Store, UploadKey } from '../../store.js';

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
  /** Pairs of writes after which what was written is made safe; 0: never before the commit. */
  readonly syncEvery: number;
  /** Bytes after which the connection is cut, once; 0: it never is. */
  readonly cutAfter: number;
  /** Whether it is to be stored in one piece, if the store can do that. */
  readonly whole: boolean;
}

/** A store gave back something that was never given to it. */
export class WrongBytes extends Error {
  override readonly name = 'WrongBytes';
}

/** Names an upload, over all its attempts. */
export function keyOf({ operationId }: UploadTask): UploadKey {
  return { principal: 'tester', operationId };
}

/** One attempt, from whatever the store has kept of it, to its end, as the server does it; `attempt` counts from 1. */
export async function attemptUpload(store: Store, task: UploadTask): Promise<CommitOutcome> {
  const first = await store.recall(keyOf(task));
  if (first?.committed !== undefined) return first.committed.outcome;
  const { cutAfter } = task;
  if (cutAfter > 0 && first === undefined) {
    await cut(store, task);
    return attemptUpload(store, { ...task, cutAfter: 0 });
  }
  const { leaves, digest } = digestsOf(task.content);
  const commit = { length: task.content.length, digest, algorithm: 'sha256' } as const;
  const whole = task.whole && first === undefined ? store.stageWhole?.(requestOf(task)) : undefined;
  if (whole !== undefined) return whole.commit(commit, task.content);
  const kept = first?.leaves ?? [];
  for (const [index, leaf] of kept.entries())
    if (Buffer.compare(leaf, leaves[index] ?? new Uint8Array()) !== 0)
      throw new WrongBytes(`block ${index} of ${task.path} is kept and has another digest`);
  const staged = first === undefined || kept.length === 0 ? await begin(store, task) : await first.resume();
  try {
    if (first !== undefined && kept.length > 0) await staged.fence(first.epoch + 1);
    await writeFrom(staged, task, leaves, kept.length * BLOCK_SIZE, task.content.length);
  } catch (error) {
    await staged.abort();
    throw error;
  }
  return staged.commit(commit);
}

/** The beginning of an upload, of which the connection is lost. */
async function cut(store: Store, task: UploadTask): Promise<void> {
  const { leaves } = digestsOf(task.content);
  const staged = await begin(store, task);
  try {
    await writeFrom(staged, task, leaves, 0, task.cutAfter);
  } catch (error) {
    await staged.abort();
    throw error;
  }
  await staged.suspend();
}

function begin(store: Store, task: UploadTask): Promise<StagedUpload> {
  return store.stage(requestOf(task));
}

function requestOf(task: UploadTask): StageRequest {
  const { path, content, ifExists, mtime } = task;
  const asked = JSON.stringify([path, content.length, ifExists, mtime]);
  const size = content.length;
  return { ...keyOf(task), path, size, ifExists, mtime, executable: false, arguments: asked };
}

async function writeFrom(
  staged: StagedUpload,
  { content, piece, syncEvery }: UploadTask,
  leaves: readonly Uint8Array[],
  from: number,
  to: number,
): Promise<void> {
  let pairs = 0;
  for (let at = from; at < to; ) {
    const end = Math.min(to, at + 2 * piece);
    // As a server does: the next write is begun before one has ended.
    const starts = at + piece < end ? [at, at + piece] : [at];
    const writing = starts.map((start) =>
      staged.write(content.subarray(start, Math.min(end, start + piece)), start),
    );
    const failed = (await Promise.allSettled(writing)).find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    for (let block = Math.floor(at / BLOCK_SIZE); block < Math.floor(end / BLOCK_SIZE); block += 1)
      await staged.blockWritten(leaves[block] as Uint8Array, block);
    at = end;
    pairs += 1;
    if (syncEvery > 0 && pairs % syncEvery === 0) await staged.sync();
  }
}

/** Of whole blocks, and of all. */
function digestsOf(content: Uint8Array): { readonly leaves: Uint8Array[]; readonly digest: Uint8Array } {
  const leaves: Uint8Array[] = [];
  const tree = new TreeDigest(sha256Provider.create, (leaf) => leaves.push(leaf));
  tree.update(content);
  const digest = tree.digest();
  return { leaves: leaves.slice(0, Math.floor(content.length / BLOCK_SIZE)), digest };
}
