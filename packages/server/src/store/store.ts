import type { ConflictPolicy, DigestAlgorithm, Entry, Outcome } from '@filex/protocol';

/**
 * Where files live. Needs no more than object storage with multipart uploads can give: stage bytes in order, make the
 * staged bytes visible in one step under a condition, or drop them. Every implementation passes the same contract
 * tests (`store.contract.ts`). Every method rejects with `FilexError`.
 *
 * Paths are relative, `/`-separated and already valid by the rules of the protocol; `''` is the root.
 */
export interface Store {
  stat(path: string): Promise<Entry>;
  /** Entries below a folder, paths relative to it; folders before what is in them. Not a snapshot. */
  list(path: string, options: { readonly recursive: boolean }): AsyncIterable<Entry>;
  /** Opens one version of a file for reading; what is read is that version or an error, never a mixture. */
  open(path: string, options: { readonly ifMatch: string | undefined }): Promise<StoredFile>;
  /** Starts bytes that nobody sees. Refuses early what is already known to be refused at the commit. */
  stage(request: StageRequest): Promise<StagedUpload>;
  makeDirectory(path: string, options: MakeDirectoryOptions): Promise<Outcome>;
  rename(path: string, target: string, options: { readonly ifExists: ConflictPolicy }): Promise<Outcome>;
  remove(path: string, options: { readonly recursive: boolean }): Promise<Outcome>;
  /** Releases what is held; nothing may be under way. */
  close(): Promise<void>;
}

export interface MakeDirectoryOptions {
  readonly parents: boolean;
  readonly mtime: number | undefined;
}

export interface StoredFile {
  readonly entry: Entry;
  read(buffer: Uint8Array, offset: number): Promise<number>;
  /** Throws `SOURCE_CHANGED` when the file has changed since it was opened. */
  verify(): Promise<void>;
  close(): Promise<void>;
}

export interface StageRequest {
  readonly path: string;
  /** 32 hexadecimal digits. */
  readonly operationId: string;
  /** Bytes, when known: lets the store refuse early and reserve room. */
  readonly size: number | undefined;
  readonly ifExists: ConflictPolicy;
  /** Microseconds since 1970; undefined: the time of the commit. */
  readonly mtime: number | undefined;
  readonly executable: boolean;
}

/** Bytes on their way. Exactly one of `commit` and `abort` is the last call. */
export interface StagedUpload {
  /** Appends; the view is valid until the promise has settled. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes durable what was written, and returns that offset in bytes. */
  sync(): Promise<number>;
  /** Publishes atomically under the conflict policy; resolves when content and name are durable. */
  commit(request: CommitRequest): Promise<CommitOutcome>;
  abort(): Promise<void>;
}

export interface CommitRequest {
  readonly length: number;
  /** The tree digest of the staged bytes, verified. */
  readonly digest: Uint8Array;
  readonly algorithm: DigestAlgorithm;
}

export interface CommitOutcome {
  readonly outcome: 'created' | 'replaced' | 'identical';
  readonly path: string;
  readonly etag: string;
}
