import type { ConflictPolicy, DigestAlgorithm, Entry, Outcome } from '@filex/protocol';

/**
 * Where files live. Needs no more than object storage with multipart uploads can give: stage bytes in order, make the
 * staged bytes visible in one step under a condition, or drop them. Every implementation passes the same contract
 * tests (`store.contract.ts`). Every method rejects with `FilexError`.
 *
 * Paths are relative, `/`-separated and already valid by the rules of the protocol; `''` is the root.
 */
export interface Store {
  /**
   * One file or folder.
   * @throws FilexError `NOT_FOUND`.
   */
  stat(path: string): Promise<Entry>;
  /** Entries below a folder, paths relative to it; folders before what is in them. Not a snapshot. */
  list(path: string, options: { readonly recursive: boolean }): AsyncIterable<Entry>;
  /** Opens one version of a file for reading; what is read is that version or an error, never a mixture. */
  open(path: string, options: { readonly ifMatch: string | undefined }): Promise<StoredFile>;
  /** Starts bytes that nobody sees. Refuses early what is already known to be refused at the commit. */
  stage(request: StageRequest): Promise<StagedUpload>;
  /**
   * Makes a folder; `identical` when it is there already.
   * @throws FilexError `PARENT_NOT_FOUND`, `NOT_A_DIRECTORY` and so on.
   */
  makeDirectory(path: string, options: MakeDirectoryOptions): Promise<Outcome>;
  /**
   * Gives a file or folder another path in one step.
   * @throws FilexError `NOT_FOUND`, `ALREADY_EXISTS` and so on.
   */
  rename(path: string, target: string, options: { readonly ifExists: ConflictPolicy }): Promise<Outcome>;
  /**
   * Removes a file, an empty folder, or with `recursive` a folder and all that is in it.
   * @throws FilexError `NOT_FOUND`, `NOT_EMPTY` and so on.
   */
  remove(path: string, options: { readonly recursive: boolean }): Promise<Outcome>;
  /** Releases what is held; nothing may be under way. */
  close(): Promise<void>;
}

/** How to make a folder. */
export interface MakeDirectoryOptions {
  /** Make missing parents too. */
  readonly parents: boolean;
  /** Microseconds since 1970, for the folder, new or old; undefined: leave it. */
  readonly mtime: number | undefined;
}

/** One version of a file, open for reading. */
export interface StoredFile {
  /** That version: size, time, `etag`. */
  readonly entry: Entry;
  /** Fills `buffer` from `offset` of the file on; returns how many bytes, 0 only at the end. */
  read(buffer: Uint8Array, offset: number): Promise<number>;
  /** Throws `SOURCE_CHANGED` when the file has changed since it was opened. */
  verify(): Promise<void>;
  /** Gives it back; waits for reads that are under way. */
  close(): Promise<void>;
}

/** What is to be uploaded. */
export interface StageRequest {
  /** Where to; not the root. */
  readonly path: string;
  /** 32 hexadecimal digits. */
  readonly operationId: string;
  /** Bytes, when known: lets the store refuse early and reserve room. */
  readonly size: number | undefined;
  /** What to do when something is there, judged at the commit. */
  readonly ifExists: ConflictPolicy;
  /** Microseconds since 1970; undefined: the time of the commit. */
  readonly mtime: number | undefined;
  /** Whether the file may be run as a program. */
  readonly executable: boolean;
}

/** Bytes on their way. Exactly one of `commit` and `abort` is the last call. */
export interface StagedUpload {
  /** Appends; the view is valid until the promise has settled. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes durable what was written, and returns that offset in bytes. */
  sync(): Promise<number>;
  /** Drops what was written beyond `length` bytes, which end between two blocks of the tree digest. */
  truncate(length: number): Promise<void>;
  /** Publishes atomically under the conflict policy; resolves when content and name are durable. */
  commit(request: CommitRequest): Promise<CommitOutcome>;
  /** Drops the bytes. Never called after `commit`. */
  abort(): Promise<void>;
}

/** What was staged, all of it, as it was verified. */
export interface CommitRequest {
  /** Bytes. */
  readonly length: number;
  /** The tree digest of the staged bytes, verified. */
  readonly digest: Uint8Array;
  /** What `digest` was computed with. */
  readonly algorithm: DigestAlgorithm;
}

/** What became of an upload. */
export interface CommitOutcome {
  /** `identical`: the same content was there already. */
  readonly outcome: 'created' | 'replaced' | 'identical';
  /** Where the file is; differs from the request under the policy `rename` only. */
  readonly path: string;
  /** Names this version of the file. */
  readonly etag: string;
}
