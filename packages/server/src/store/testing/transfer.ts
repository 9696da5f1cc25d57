import { type ConflictPolicy, type Entry, TreeDigest } from '@filex/protocol';
import { sha256Provider } from '@filex/protocol/node';
import type { CommitOutcome, CommitRequest, StagedUpload, StageRequest, Store } from '../store.js';

export interface UploadSettings {
  readonly ifExists?: ConflictPolicy;
  readonly mtime?: number;
  readonly executable?: boolean;
  /** Whether to tell the size beforehand. Default: true. */
  readonly tellSize?: boolean;
  /** Whether it is to be stored in one piece, if the store can do that. Default: false. */
  readonly whole?: boolean;
}

let operations = 0;

function requestFor(
  path: string,
  content: Uint8Array,
  { ifExists = 'fail', mtime, executable = false, tellSize = true }: UploadSettings,
): StageRequest {
  operations += 1;
  const operationId = operations.toString(16).padStart(32, '0');
  const size = tellSize ? content.length : undefined;
  const asked = { path, size, ifExists, mtime, executable };
  return { ...asked, operationId, principal: 'anonymous', arguments: JSON.stringify(asked) };
}

/** Begins an upload and writes all of it. */
export async function stage(
  store: Store,
  path: string,
  content: Uint8Array,
  settings: UploadSettings = {},
): Promise<StagedUpload> {
  const upload = await store.stage(requestFor(path, content, settings));
  await upload.write(content, 0).catch(async (error: unknown) => {
    await upload.abort();
    throw error;
  });
  return upload;
}

export async function upload(
  store: Store,
  path: string,
  content: string | Uint8Array,
  settings: UploadSettings = {},
): Promise<CommitOutcome> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const whole = settings.whole === true ? store.stageWhole?.(requestFor(path, bytes, settings)) : undefined;
  if (whole !== undefined) return whole.commit(commitOf(bytes), bytes);
  return commit(await stage(store, path, bytes, settings), bytes);
}

export function commit(staged: StagedUpload, content: Uint8Array): Promise<CommitOutcome> {
  return staged.commit(commitOf(content));
}

function commitOf(content: Uint8Array): CommitRequest {
  const digest = new TreeDigest(sha256Provider.create);
  digest.update(content);
  return { length: content.length, digest: digest.digest(), algorithm: 'sha256' };
}

export async function download(store: Store, path: string): Promise<string> {
  const file = await store.open(path, { ifMatch: undefined });
  try {
    const buffer = Buffer.alloc(file.entry.size);
    for (let offset = 0; offset < buffer.length; ) {
      const count = await file.read(buffer.subarray(offset), offset);
      if (count === 0) break;
      offset += count;
    }
    await file.verify();
    return buffer.toString();
  } finally {
    await file.close();
  }
}

/** What is read of a file in one go, if anything. */
export function readWhole(
  store: Store,
  path: string,
  { ifMatch, room = 1024 * 1024 }: { readonly ifMatch?: string; readonly room?: number } = {},
): { readonly entry: Entry; readonly content: string } | undefined {
  const file = store.readWhole?.(path, { ifMatch, room });
  return file && { entry: file.entry, content: Buffer.from(file.bytes).toString() };
}

export async function list(store: Store, path = '', recursive = true): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of store.list(path, { recursive })) entries.push(entry);
  return entries;
}

/** The code of the `FilexError` that a call ends with, or else its result. */
export async function outcomeOf<T>(call: Promise<T>): Promise<T | string> {
  return call.catch((error: { code: string }) => error.code);
}
