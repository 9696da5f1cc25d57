import type { Code } from '../codes.js';
import type { Limits } from '../limits.js';
import type { ConflictPolicy, DigestAlgorithm, Entry, Outcome } from '../vocabulary.js';
import type { HashFactory } from '../wire/digest.js';

/** A digest this end can compute, for negotiation; earlier in a list is preferred. */
export interface DigestProvider {
  readonly algorithm: DigestAlgorithm;
  readonly create: HashFactory;
}

/** How far a transfer is. All figures are bytes of the file. */
export interface Progress {
  /** Handed to the connection (upload) or received (download). */
  readonly transferred: number;
  /** Upload: stored by the server as far as it has said so. Download: written to the sink. Never decreases. */
  readonly acknowledged: number;
  /** The size of the file, as far as known. */
  readonly total: number | undefined;
}

// ---------------------------------------------------------------- client

export interface ConnectOptions {
  /** Gives up connecting; the session itself is ended by `close()` or `destroy()`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from the call to a usable session. Default: 10 000. */
  readonly timeout?: number | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Default: sha256 of `node:crypto`. sha256 is always added at the end. */
  readonly digests?: readonly DigestProvider[] | undefined;
  /** Name and version of the program, shown in the server's log. Default: `@filex/protocol`. */
  readonly agent?: string | undefined;
  /**
   * Bytes of file content per second that all operations of the session send together, and as many that they receive. At
   * least 1024. Default: no limit.
   */
  readonly bandwidthLimit?: number | undefined;
}

export interface OperationOptions {
  /**
   * Gives up: the operation rejects with `CANCELLED` at once, or, when the server may have acted already, as soon as that
   * has told whether it did, two seconds later at most.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A file path, bytes in memory, or anything that yields bytes (a Node `Readable` is an async iterable). What is iterated is
 * closed when not all of it was wanted, as `for await` does; a chunk must stay as it is once it was yielded.
 */
export type UploadSource = string | URL | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface UploadOptions extends OperationOptions {
  /** Default: `fail`. */
  readonly ifExists?: ConflictPolicy | undefined;
  /** Microseconds since 1970; default: the source file's, or none (the server then uses the time of the commit). */
  readonly mtime?: number | undefined;
  /** Default: the source file's, or false. */
  readonly executable?: boolean | undefined;
  /** Bytes; default: the source file's, or unknown until the source ends. */
  readonly size?: number | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface TransferResult {
  /** `created`, `replaced`, `identical`, `skipped` (upload, download to a file) or `read` (download to a sink). */
  readonly outcome: Outcome;
  /** Where the file is now: differs from what was asked when the policy is `rename`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** The tree digest, hexadecimal; undefined when nothing was transferred (`skipped`). */
  readonly digest: string | undefined;
  readonly algorithm: DigestAlgorithm;
}

/**
 * Takes what is downloaded. `open` is called once, before anything else. `write` is called in order, one call at a time; the view is valid until what it returns
 * has settled, which a download that is given up waits for. `commit` is called once, only after the digest was verified; `abort`
 * once otherwise.
 */
export interface DownloadSink {
  /** Called first, when the server has said what comes; throw to refuse it before anything is transferred. */
  open?(entry: Entry): Promise<void>;
  write(bytes: Uint8Array): void | Promise<void>;
  commit?(info: DownloadInfo): Promise<SinkOutcome | undefined>;
  abort?(reason: Error): void | Promise<void>;
}

export interface SinkOutcome {
  readonly outcome: Outcome;
  /** Where the file is now. */
  readonly path: string;
}

export interface DownloadInfo {
  readonly entry: Entry;
  readonly digest: Uint8Array;
  readonly algorithm: DigestAlgorithm;
}

export interface DownloadOptions extends OperationOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** For a file path as destination. Default: `fail`. */
  readonly ifExists?: ConflictPolicy | undefined;
  /** For a file path as destination: flush to the device before the name appears. Default: true. */
  readonly durable?: boolean | undefined;
  /** Refuse to transfer when the file is another version: an `etag` of `stat` or `list`. */
  readonly ifMatch?: string | undefined;
}

export interface ListOptions extends OperationOptions {
  /** Everything below, folders before what is in them. Default: false. */
  readonly recursive?: boolean | undefined;
}

export interface MakeDirectoryOptions extends OperationOptions {
  /** Make missing parents too. Default: false. */
  readonly parents?: boolean | undefined;
  /** Set this on the folder, new or old. Microseconds since 1970. */
  readonly mtime?: number | undefined;
}

export interface RenameOptions extends OperationOptions {
  /** Default: `fail`. `newer` and `rename` are not supported for a rename. */
  readonly ifExists?: ConflictPolicy | undefined;
}

export interface RemoveOptions extends OperationOptions {
  /** A folder with all that is in it. Default: false. */
  readonly recursive?: boolean | undefined;
}

/**
 * A usable connection to a server. Any number of operations may run at once; each rejects with a `FilexError`.
 * Paths are relative to the root the server shows, `/`-separated; `''` is the root itself.
 */
export interface Session {
  readonly server: {
    readonly agent: string;
    readonly principal: string;
    readonly algorithm: DigestAlgorithm;
  };
  /** Resolves when the session has ended, with what ended it: `undefined` after `close()`, `SHUTTING_DOWN` by the server. */
  readonly closed: Promise<Error | undefined>;
  upload(source: UploadSource, path: string, options?: UploadOptions): Promise<TransferResult>;
  /** To a file path (written beside it under a hidden name, published whole), a Node `Writable`, or a sink. */
  download(
    path: string,
    destination: string | URL | NodeJS.WritableStream | DownloadSink,
    options?: DownloadOptions,
  ): Promise<TransferResult>;
  /** The content as copies the caller owns; the iteration throws instead of ending when the digest does not match. */
  read(path: string, options?: OperationOptions): AsyncIterable<Uint8Array>;
  list(path?: string, options?: ListOptions): AsyncIterable<Entry>;
  stat(path: string, options?: OperationOptions): Promise<Entry>;
  makeDirectory(path: string, options?: MakeDirectoryOptions): Promise<{ outcome: Outcome }>;
  rename(from: string, to: string, options?: RenameOptions): Promise<{ outcome: Outcome }>;
  remove(path: string, options?: RemoveOptions): Promise<{ outcome: Outcome }>;
  /** Round-trip time in milliseconds. */
  ping(): Promise<number>;
  /** Waits for running operations, then says goodbye. */
  close(): Promise<void>;
  /** Ends everything now; running operations reject with `CONNECTION_LOST`. */
  destroy(): void;
}

// ---------------------------------------------------------------- server

export interface Peer {
  /** Counts up from 1 in one server process. */
  readonly connection: number;
  /** `address:port` of the other end, for logs. */
  readonly address: string;
  readonly principal: string;
  readonly agent: string;
}

export interface OperationContext {
  readonly peer: Peer;
  /** 32 hexadecimal digits; the same on every retry of the same request. */
  readonly operationId: string;
  /** Aborts when the client cancelled, the connection ended, or the server is forced to stop. */
  readonly signal: AbortSignal;
}

export interface UploadRequest {
  readonly path: string;
  /** Bytes, when the client knows. */
  readonly size: number | undefined;
  readonly ifExists: ConflictPolicy;
  readonly mtime: number | undefined;
  readonly executable: boolean;
  readonly algorithm: DigestAlgorithm;
}

export interface UploadCommit {
  readonly length: number;
  /** The tree digest, already compared with what the client computed. */
  readonly digest: Uint8Array;
  readonly algorithm: DigestAlgorithm;
}

export interface UploadOutcome {
  readonly outcome: 'created' | 'replaced' | 'identical';
  /** The final path; differs from the request when the policy is `rename`. */
  readonly path: string;
  readonly etag?: string | undefined;
}

/** Takes one upload. Calls come one at a time and in order; exactly one of `commit` and `abort` is the last. */
export interface UploadReceiver {
  /** The view is valid until what is returned has settled. Credit goes back to the client only then. */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Makes what was written durable and returns that offset in bytes; called now and then during long uploads. */
  sync?(): Promise<number>;
  /** Publishes. Called only when length and digest are right; resolves when the file is durable under its name. */
  commit(commit: UploadCommit): Promise<UploadOutcome>;
  abort(reason: Error): void | Promise<void>;
}

export interface DownloadRequest {
  readonly path: string;
  readonly ifMatch: string | undefined;
}

/** Gives one download. `close` is always the last call. */
export interface DownloadProvider {
  readonly entry: Entry;
  /** Fills `buffer` from `offset` of the file on; returns how many bytes, 0 only at the end. */
  read(buffer: Uint8Array, offset: number): Promise<number>;
  /** Called after the last byte was read: throws `SOURCE_CHANGED` when the file is not what it was at the start. */
  verify?(): Promise<void>;
  close(): void | Promise<void>;
}

/** What a server does with requests. Throw `FilexError` to refuse; anything else thrown is told as `INTERNAL`. */
export interface Handler {
  upload(request: UploadRequest, context: OperationContext): Promise<UploadReceiver>;
  download(request: DownloadRequest, context: OperationContext): Promise<DownloadProvider>;
  list(request: { path: string; recursive: boolean }, context: OperationContext): AsyncIterable<Entry>;
  stat(request: { path: string }, context: OperationContext): Promise<Entry>;
  makeDirectory(
    request: { path: string; parents: boolean; mtime: number | undefined },
    context: OperationContext,
  ): Promise<{ outcome: Outcome }>;
  rename(
    request: { path: string; target: string; ifExists: ConflictPolicy },
    context: OperationContext,
  ): Promise<{ outcome: Outcome }>;
  remove(
    request: { path: string; recursive: boolean },
    context: OperationContext,
  ): Promise<{ outcome: Outcome }>;
}

/** What happened, for logs and metrics. Text in it that came from a peer is not made safe for terminals. */
export type ServeEvent =
  | { readonly type: 'connection'; readonly peer: Peer }
  | { readonly type: 'disconnection'; readonly peer: Peer; readonly error: Error | undefined }
  | { readonly type: 'refused'; readonly address: string; readonly code: Code; readonly message: string }
  | {
      readonly type: 'operation';
      readonly peer: Peer;
      readonly operation: string;
      readonly path: string;
      readonly code: Code;
      readonly message: string | undefined;
      readonly outcome: Outcome | undefined;
      /** Bytes of file content moved. */
      readonly bytes: number;
      /** Milliseconds. */
      readonly duration: number;
    };

export interface ServeOptions {
  readonly handler: Handler;
  /** Default: 12345; 0 picks a free one. */
  readonly port?: number | undefined;
  /** Default: all addresses. */
  readonly host?: string | undefined;
  /** Who may talk without TLS. Default: `loopback`. */
  readonly plaintext?: 'off' | 'loopback' | 'on' | undefined;
  readonly limits?: Partial<Limits> | undefined;
  readonly digests?: readonly DigestProvider[] | undefined;
  readonly agent?: string | undefined;
  /** Connections at once; one more is told `TOO_MANY_CONNECTIONS`. Default: 1024. */
  readonly maxConnections?: number | undefined;
  /** Bytes of credit promised to all connections together. Default: 512 MiB. */
  readonly creditBudget?: number | undefined;
  readonly onEvent?: ((event: ServeEvent) => void) | undefined;
}

export interface Server {
  /** Where it listens. */
  readonly address: { readonly host: string; readonly port: number };
  readonly connections: number;
  /** Takes no new connection or operation and resolves when the running ones are done. */
  shutdown(): Promise<void>;
  /** Ends every connection now; resolves when all handlers have been told and have finished. */
  destroy(): Promise<void>;
}
