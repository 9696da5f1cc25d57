import type { ConflictPolicy, DigestAlgorithm, Entry, Outcome } from '@filex/protocol';
import type { WholeFile } from '@filex/protocol/node';

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
  /**
   * All of a small file, where that can be had at once, without waiting for anything: of one version. Undefined for whatever is
   * not plain, an error too: `open` deals with it. Without this, small files are opened like any others.
   *
   * @param options `room`: bytes that the file may have at most.
   */
  readWhole?(
    path: string,
    options: { readonly ifMatch: string | undefined; readonly room: number },
  ): WholeFile | undefined;
  /** Starts bytes that nobody sees. Refuses early what is already known to be refused at the commit. */
  stage(request: StageRequest): Promise<StagedUpload>;
  /**
   * Takes a small file in one piece, so that many can be stored together; undefined when it is to be staged, so when anything is
   * kept of this upload. Answers at once, keeps nothing before `commit`, and publishes by the same rules as what is staged.
   * @throws FilexError what is refused already.
   */
  stageWhole?(request: StageRequest): WholeUpload | undefined;
  /**
   * What is kept of an upload that nobody is at work on in this process. When this has settled, nobody else can write to it or
   * commit it any more, in whatever process: it is this store's, to go on with or to leave.
   */
  recall(key: UploadKey): Promise<KeptUpload | undefined>;
  /** Bytes that are kept for uploads into a folder, or below it, that nobody is at work on. */
  keptBytes(path: string): Promise<number>;
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

/** Tells an upload from every other one, over all its attempts. */
export interface UploadKey {
  /** Whose it is. */
  readonly principal: string;
  /** 32 hexadecimal digits. */
  readonly operationId: string;
}

/** What is to be uploaded. */
export interface StageRequest extends UploadKey {
  /** Where to; not the root. */
  readonly path: string;
  /** What the client has asked for, in one notation: kept with the upload, and told by `recall`. */
  readonly arguments: string;
  /** Bytes, when known: lets the store refuse early and reserve room. */
  readonly size: number | undefined;
  /** What to do when something is there, judged at the commit. */
  readonly ifExists: ConflictPolicy;
  /** Microseconds since 1970; undefined: the time of the commit. */
  readonly mtime: number | undefined;
  /** Whether the file may be run as a program. */
  readonly executable: boolean;
}

/** An upload that was cut, or one that was committed. */
export interface KeptUpload {
  /** As it was staged. */
  readonly arguments: string;
  /** Where to, as it was staged. */
  readonly path: string;
  /** The highest number that was told to its client, or may have been. */
  readonly epoch: number;
  /** Set when it was committed. */
  readonly committed: { readonly request: CommitRequest; readonly outcome: CommitOutcome } | undefined;
  /** Otherwise the digests of the whole blocks that are there, from the beginning. */
  readonly leaves: readonly Uint8Array[];
  /** Goes on with these, all of them; at most once, and not when it was committed. */
  resume(): Promise<StagedUpload>;
  /** Writes down, durably, that `epoch` was told. */
  fence(epoch: number): Promise<void>;
}

/** Bytes on their way. Exactly one of `commit`, `suspend` and `abort` is the last call, but for `fence`, which may follow `commit`. */
export interface StagedUpload {
  /**
   * The view is valid until the promise has settled. Any number of these calls may be in flight at once, and settle in any order;
   * every other call but `blockWritten` comes when none is. After one that failed, only what is before it counts.
   * @param offset where it belongs: behind the call before, or where `truncate` has cut.
   */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** Makes durable what was written, and returns that offset in bytes. */
  sync(): Promise<number>;
  /** Drops what was written beyond `length` bytes, which end between two blocks of the tree digest. */
  truncate(length: number): Promise<void>;
  /** Told the digest of each whole block that was written, in order: blocks with their digests can be kept. */
  blockWritten(leaf: Uint8Array, index: number): Promise<void>;
  /** Writes down, durably, that `epoch` was told; the first one, 1, need not be. */
  fence(epoch: number): Promise<void>;
  /** Keeps the blocks that are there, to be asked for with `recall`, and gives everything else back. */
  suspend(): Promise<void>;
  /**
   * Publishes atomically under the conflict policy; resolves when content and name are durable, and so is that this upload was
   * committed.
   */
  commit(request: CommitRequest): Promise<CommitOutcome>;
  /** Drops the bytes. Never called after `commit` or `suspend`. */
  abort(): Promise<void>;
}

/** A small file, once all of it is there. */
export interface WholeUpload {
  /**
   * As {@link StagedUpload.commit}; at most once.
   * @param bytes the file, left alone until the promise has settled.
   */
  commit(request: CommitRequest, bytes: Uint8Array): Promise<CommitOutcome>;
  /** After `commit`: writes down, durably, that `epoch` was told. */
  fence(epoch: number): Promise<void>;
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
  /** When it was committed, in microseconds since 1970; the same whenever it is recalled. Default: now. */
  readonly time?: number | undefined;
}
