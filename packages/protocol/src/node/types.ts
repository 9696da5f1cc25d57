import type { SecureContext } from 'node:tls';
import type { Verifier } from '../auth/scram-keys.js';
import type { Code } from '../codes.js';
import type { FilexError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { ConflictPolicy, DigestAlgorithm, Entry, Outcome } from '../vocabulary.js';
import type { HashFactory } from '../wire/digest.js';
import type { ReceiptStatement } from '../wire/receipt.js';
import type { ServerLimitName, ServerLimits } from './server/server-limits.js';

/** A digest this end can compute, for negotiation; earlier in a list is preferred. */
export interface DigestProvider {
  /** Its name on the wire. */
  readonly algorithm: DigestAlgorithm;
  /** Makes the hash of one block; called for every block, 1 MiB of content. PROTOCOL.md, "Tree digest". */
  readonly create: HashFactory;
}

/** How far a transfer is. All figures are bytes of the file. */
export interface Progress {
  /** Handed to the connection (upload) or received (download). */
  readonly transferred: number;
  /**
   * Upload: stored by the server as far as it has said so. Download: written to the sink. Less than before only when a session that
   * reconnects finds that the other end has lost what it had, or has another file now, or that what came was broken.
   */
  readonly acknowledged: number;
  /** The size of the file, as far as known. */
  readonly total: number | undefined;
}

// ---------------------------------------------------------------- identity

/** Who a client says it is. Without, it is `anonymous`. */
export interface Credentials {
  /** As the server knows it. */
  readonly user: string;
  /** Asked for only when the server wants it. Never sent: SCRAM proves that it is known. */
  readonly passcode: string | (() => Promise<string>);
}

/** What a server under TLS has shown. */
export interface ServerIdentity {
  /** `host:port`, as it was asked for. */
  readonly name: string;
  /** `sha256:…` of its public key. */
  readonly fingerprint: string;
  /** Whether an authority that this machine trusts has signed its certificate for that host. */
  readonly authorized: boolean;
  /** Why not. */
  readonly reason: string | undefined;
}

/** How a client knows the server it wants. Without any of these, only a certificate that an authority has signed is good. */
export interface ServerTrust {
  /** `sha256:…`: the key that the server must have; nothing else counts then. */
  readonly fingerprint?: string | undefined;
  /** Decides otherwise: throw to refuse. Called before anything is said to the server. */
  readonly verify?: ((identity: ServerIdentity) => void | Promise<void>) | undefined;
  /** Certificates of authorities, PEM, instead of those that Node trusts. */
  readonly ca?: string | readonly string[] | undefined;
}

/** A private key and its certificate, or chain of certificates; PEM. */
export interface TlsKey {
  /** Not encrypted. EC keys are the fastest. */
  readonly key: string | Buffer;
  /** The server's own first. */
  readonly cert: string | Buffer;
}

/** Who a server lets in by name. */
export interface Accounts {
  /** What is kept of the user's passcode (see `createVerifier`); undefined when there is no such user. */
  verifier(user: string): Promise<Verifier | undefined>;
  /** Rounds that a user who does not exist seems to have: those that all users have, or it tells who exists. */
  readonly iterations: number;
  /**
   * 32 random bytes that nobody else knows, from which the salts of users who do not exist are made. Keep them: with others the
   * salts of exactly those users change. Default: new ones for each process.
   */
  readonly secret?: Uint8Array | undefined;
}

// ---------------------------------------------------------------- client

/** How to connect, and what this end of the connection is like. */
export interface ConnectOptions {
  /** Gives up connecting; the session itself is ended by `close()` or `destroy()`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from the call to a usable session. Default: 10 000. */
  readonly timeout?: number | undefined;
  /** What the user in the address has agreed with the server; a function is asked when it is wanted. Never sent. */
  readonly passcode?: Credentials['passcode'] | undefined;
  /** How to know a `filex://` server, beside the fingerprint in its address. */
  readonly trust?: ServerTrust | undefined;
  /** What this end can take, where it differs from `standard` in `nodeLimitTable`. */
  readonly limits?: Partial<Limits> | undefined;
  /** Default: sha256 of `node:crypto`. sha256 is always added at the end. */
  readonly digests?: readonly DigestProvider[] | undefined;
  /** Name and version of the program, shown in the server's log. Default: `@filex/protocol`. */
  readonly agent?: string | undefined;
  /**
   * Bytes of file content per second that all operations of the session send together, and as many that they receive. At
   * least 1024; holds for each connection in turn when the session reconnects. Default: no limit.
   */
  readonly bandwidthLimit?: number | undefined;
  /**
   * Whether the session outlives its connection: when that is lost, operations under way and new ones wait for the next one,
   * and go on. The first connection is not tried again: a wrong address fails at once. Default: false.
   */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
}

/** How a session connects again. What cannot get better (another identity, a refused passcode) is never tried again. */
export interface ReconnectOptions {
  /**
   * Attempts to connect in a row, without an answer or a byte of a file in between; then operations reject with what the last
   * one met, and the session has ended. Default: 30.
   */
  readonly retries?: number | undefined;
  /** Milliseconds before the first; doubles with each up to `maxDelay`. Each is drawn at random between half of it and all. Default: 500. */
  readonly minDelay?: number | undefined;
  /** Milliseconds; the delay, too, after the server has said `RATE_LIMITED`. Default: 30 000, or `minDelay` if that is longer. */
  readonly maxDelay?: number | undefined;
  /**
   * How often one operation is tried again after the server has answered it with a failure marked `retry`, or, over a connection that
   * is still there, with something that this end cannot use and that may be over the next time. Default: 3.
   */
  readonly operationRetries?: number | undefined;
  /** Called when the state has changed. What it throws ends the session. */
  readonly onState?: ((state: SessionState) => void) | undefined;
}

/** Where a session that reconnects is. */
export type SessionState =
  /** It has a connection; `connection` counts them from 1. */
  | { readonly state: 'connected'; readonly connection: number }
  /** It waits `delay` milliseconds before the attempt `attempt` of `retries`, because of `error`. */
  | {
      readonly state: 'waiting';
      readonly error: FilexError;
      readonly attempt: number;
      readonly retries: number;
      readonly delay: number;
    }
  /** It connects: the attempt `attempt` of `retries`. */
  | { readonly state: 'connecting'; readonly attempt: number; readonly retries: number };

/** What every operation of a session takes. */
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

/** How to upload. */
export interface UploadOptions extends OperationOptions {
  /** 32 hexadecimal digits, the same on every retry of the same upload, also after a restart. Default: a new one. */
  readonly operationId?: string | undefined;
  /**
   * How often this operation was tried before, with the same id. When it was, and the source can be read again (a file, bytes
   * in memory), the upload goes on with what the server has kept; one that was committed before is told as it was then.
   * Default: 0.
   */
  readonly earlierAttempts?: number | undefined;
  /** Default: `fail`. */
  readonly ifExists?: ConflictPolicy | undefined;
  /** Microseconds since 1970; default: the source file's, or none (the server then uses the time of the commit). */
  readonly mtime?: number | undefined;
  /** Default: the source file's, or false. */
  readonly executable?: boolean | undefined;
  /** Bytes; default: the source file's, or unknown until the source ends. */
  readonly size?: number | undefined;
  /** Ask the server for a signed receipt of the commit. Default: false. */
  readonly receipt?: boolean | undefined;
  /**
   * Called, and awaited, before each attempt is sent: what a program has to write down to go on with the same upload later.
   * What it throws ends the upload.
   */
  readonly onAttempt?: ((attempt: UploadAttempt) => void | Promise<void>) | undefined;
  /** Called when a figure has changed. What it throws ends the upload. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** One attempt at an upload, about to be made. */
export interface UploadAttempt {
  /** 32 hexadecimal digits; another one when the source was found to be another file and is sent from the beginning. */
  readonly operationId: string;
  /** Counts from `earlierAttempts` + 1; from 1 for a new id. Later `earlierAttempts`, if it turns out to be the last. */
  readonly attempt: number;
}

/** Two files in which a download that was cut is kept. */
export interface PartialFiles {
  /** What is there of the content, from the beginning. Has to be in the folder of the destination. */
  readonly file: string;
  /** The digests of its whole blocks, in records of 36 bytes: the digest, and a CRC-32 of it and the index of the block. */
  readonly digests: string;
}

/** What became of an upload or download. */
export interface TransferResult {
  /** `created`, `replaced`, `identical`, `skipped` (upload, download to a file) or `read` (download to a sink). */
  readonly outcome: Outcome;
  /** Where the file is now: differs from what was asked when the policy is `rename`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** The tree digest, hexadecimal; undefined when nothing was transferred (`skipped`). */
  readonly digest: string | undefined;
  /** What `digest` was computed with, as negotiated for the connection. */
  readonly algorithm: DigestAlgorithm;
  /**
   * Of an upload: the receipt, as the server has given it; see `verifyReceipt`, nothing in it was looked at. Undefined when none
   * was asked for, and from a server that gives none.
   */
  readonly receipt?: Uint8Array | undefined;
}

/** How to have a file digested where it is. */
export interface DigestOptions extends OperationOptions {
  /** One that both ends have. Default: `server.algorithm` of the session. */
  readonly algorithm?: DigestAlgorithm | undefined;
}

/** A file of a server and the digest of its content. */
export interface DigestResult {
  /** The file as it was when it was read. */
  readonly entry: Entry;
  /** The tree digest, hexadecimal. */
  readonly digest: string;
  /** What `digest` was computed with. */
  readonly algorithm: DigestAlgorithm;
}

/** Takes what is downloaded: `open`, then any number of `write`, one at a time, then exactly one of `commit` and `abort`. */
export interface DownloadSink {
  /** Called first, when the server has said what comes; throw to refuse it before anything is transferred. */
  open?(entry: Entry, offset: number): Promise<void>;
  /**
   * Takes the next bytes of the file. The view is valid until what is returned has settled, which a download that is
   * given up waits for; the server may send more only then.
   */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Called once, only after length and digest were found right. What it returns becomes part of the result. */
  commit?(info: DownloadInfo): Promise<SinkOutcome | undefined>;
  /** Called once when the download ends in any other way, with why. */
  abort?(reason: Error): void | Promise<void>;
}

/** What a sink has made of a download. */
export interface SinkOutcome {
  /** Default without a sink outcome: `read`. */
  readonly outcome: Outcome;
  /** Where the file is now. */
  readonly path: string;
}

/** What was downloaded, as it was verified. */
export interface DownloadInfo {
  /** The file as the server described it at the start. */
  readonly entry: Entry;
  /** The tree digest, 32 bytes, which this end has computed too. */
  readonly digest: Uint8Array;
  /** What it was computed with. */
  readonly algorithm: DigestAlgorithm;
}

/** How to download. */
export interface DownloadOptions extends OperationOptions {
  /**
   * For a sink: the digests of the blocks that are there already, all of the same size (`BLOCK_SIZE`), from the beginning of
   * the file. The download goes on after them if the file still begins with them; `open` of the sink is told.
   */
  readonly leaves?: readonly Uint8Array[] | undefined;
  /** Called when a figure has changed. What it throws ends the download. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** For a file path as destination. Default: `fail`. */
  readonly ifExists?: ConflictPolicy | undefined;
  /** For a file path as destination: flush to the device before the name appears. Default: true. */
  readonly durable?: boolean | undefined;
  /**
   * For a file path as destination: where to keep what has come when the download fails, in whole blocks, and to go on from when
   * these files are named again, as far as the server's file still begins with it. They are read, and compared, first, unless
   * they are as a download has left them that had time to. Both are gone after success. Not for two downloads at once. Default:
   * what has come is removed.
   */
  readonly partial?: PartialFiles | undefined;
  /** Refuse to transfer when the file is another version: an `etag` of `stat` or `list`. */
  readonly ifMatch?: string | undefined;
  /**
   * Bytes that the file is thought to have: what `stat` or `list` has told. A small one costs much less when this is said. Nothing
   * depends on whether it is true. Default: unknown.
   */
  readonly size?: number | undefined;
}

/** How to list a folder. */
export interface ListOptions extends OperationOptions {
  /** Everything below, folders before what is in them. Default: false. */
  readonly recursive?: boolean | undefined;
  /** Entries to take at most: a server that lists without end is left with `TOO_LARGE`. Default: 10 000 000. */
  readonly maxListingEntries?: number | undefined;
}

/** How to make a folder. */
export interface MakeDirectoryOptions extends OperationOptions {
  /** Make missing parents too. Default: false. */
  readonly parents?: boolean | undefined;
  /** Set this on the folder, new or old. Microseconds since 1970. */
  readonly mtime?: number | undefined;
}

/** How to rename. */
export interface RenameOptions extends OperationOptions {
  /** Default: `fail`. `newer` and `rename` are not supported for a rename. */
  readonly ifExists?: ConflictPolicy | undefined;
}

/** How to remove. */
export interface RemoveOptions extends OperationOptions {
  /** A folder with all that is in it. Default: false. */
  readonly recursive?: boolean | undefined;
}

/**
 * A usable connection to a server, or with `reconnect` one after the other. Any number of operations may run at once; each
 * rejects with a `FilexError`.
 * Paths are relative to the root the server shows, `/`-separated; `''` is the root itself.
 */
export interface Session {
  /** The other end, as it has introduced itself; of one that reconnects, on the latest connection. */
  readonly server: {
    /** Name and version of its program, not made safe for terminals. */
    readonly agent: string;
    /** Who this end is to it; `anonymous` when nobody in particular. */
    readonly principal: string;
    /** What files are verified with on this connection. */
    readonly algorithm: DigestAlgorithm;
    /** What it has shown under TLS; undefined for plaintext. */
    readonly identity: ServerIdentity | undefined;
  };
  /**
   * Resolves when the session has ended, with what ended it: `undefined` after `close()`, `SHUTTING_DOWN` by the server. One that
   * reconnects ends only when it is told to, or when there will be no other connection.
   */
  readonly closed: Promise<Error | undefined>;
  /**
   * Sends a file. Resolves when the server has verified and stored it, durable under its name; until then there is
   * none.
   * @throws FilexError `ALREADY_EXISTS`, `PARENT_NOT_FOUND`, `SOURCE_CHANGED`, `DIGEST_MISMATCH`, `NO_SPACE` and what
   * else the server refuses with; `effect` says whether the file is there all the same.
   */
  upload(source: UploadSource, path: string, options?: UploadOptions): Promise<TransferResult>;
  /**
   * Fetches a file. To a file path (written beside it under a hidden name, published whole), a Node `Writable`, or a sink.
   * @throws FilexError `NOT_FOUND`, `IS_A_DIRECTORY`, `ALREADY_EXISTS` (here), `PRECONDITION_FAILED` (another version),
   * `DIGEST_MISMATCH` and what else the server refuses with.
   */
  download(
    path: string,
    destination: string | URL | NodeJS.WritableStream | DownloadSink,
    options?: DownloadOptions,
  ): Promise<TransferResult>;
  /** The content as copies the caller owns; the iteration throws instead of ending when the digest does not match. */
  read(path: string, options?: OperationOptions): AsyncIterable<Uint8Array>;
  /**
   * The entries of a folder, in no order, without the folder itself; pages are asked for as they are taken.
   * @param path default: the root.
   * @throws FilexError on the first step or a later one: `NOT_FOUND`, `NOT_A_DIRECTORY` and so on.
   */
  list(path?: string, options?: ListOptions): AsyncIterable<Entry>;
  /**
   * One file or folder.
   * @throws FilexError `NOT_FOUND` when there is none.
   */
  stat(path: string, options?: OperationOptions): Promise<Entry>;
  /**
   * The tree digest of a file of the server, computed there: nothing of the content travels.
   * @throws FilexError `NOT_FOUND`, `IS_A_DIRECTORY`, `SOURCE_CHANGED` (while it was read), `UNSUPPORTED` (by an older server)
   * and so on.
   */
  digest(path: string, options?: DigestOptions): Promise<DigestResult>;
  /**
   * Makes a folder; one that exists is fine (`identical`).
   * @throws FilexError `PARENT_NOT_FOUND`, `NOT_A_DIRECTORY` and so on.
   */
  makeDirectory(path: string, options?: MakeDirectoryOptions): Promise<{ outcome: Outcome }>;
  /**
   * Gives a file or folder another path, in one step.
   * @throws FilexError `NOT_FOUND`, `ALREADY_EXISTS` and so on.
   */
  rename(from: string, to: string, options?: RenameOptions): Promise<{ outcome: Outcome }>;
  /**
   * Removes a file or folder.
   * @throws FilexError `NOT_FOUND`, `NOT_EMPTY` (a folder, without `recursive`) and so on.
   */
  remove(path: string, options?: RemoveOptions): Promise<{ outcome: Outcome }>;
  /** Round-trip time in milliseconds. */
  ping(): Promise<number>;
  /** Waits for running operations, then says goodbye. Those that wait for a connection reject with `CANCELLED`. */
  close(): Promise<void>;
  /** Ends everything now; running operations reject with `CONNECTION_LOST`. */
  destroy(): void;
}

// ---------------------------------------------------------------- server

/** Who is connected to a server. */
export interface Peer {
  /** Counts up from 1 in one server process. */
  readonly connection: number;
  /** `address:port` of the other end, for logs. */
  readonly address: string;
  /** Who it is, as far as it has said and shown; `anonymous` when nobody in particular. */
  readonly principal: string;
  /** Name and version of its program, as it says itself; at most 128 bytes, not made safe for terminals. */
  readonly agent: string;
  /** Whether it speaks TLS. */
  readonly secure: boolean;
  /** What it has logged in with: `ANONYMOUS`, `SCRAM-SHA-256` or `SCRAM-SHA-256-PLUS`. */
  readonly mechanism: string;
}

/** The name of a row of `serverLimitTable`, or of a limit of the protocol that a server enforces. */
export type LimitName = ServerLimitName | keyof Limits;

/** What a handler knows about a request besides what is asked. To be passed on as it is: a copy of its fields has no `signal`. */
export interface OperationContext {
  /** Who asks. */
  readonly peer: Peer;
  /** 32 hexadecimal digits; the same on every retry of the same request. */
  readonly operationId: string;
  /** Aborts when the client cancelled, the connection ended, or the server is forced to stop. */
  readonly signal: AbortSignal;
}

/** What a client wants to upload. */
export interface UploadRequest {
  /** Where to; a valid path that is not the root. */
  readonly path: string;
  /** Bytes, when the client knows. */
  readonly size: number | undefined;
  /** What to do when something is there already. */
  readonly ifExists: ConflictPolicy;
  /** Microseconds since 1970; undefined: the time of the commit. */
  readonly mtime: number | undefined;
  /** Whether the file may be run as a program. */
  readonly executable: boolean;
  /** What the content will be verified with. */
  readonly algorithm: DigestAlgorithm;
  /**
   * All of these in one short notation: two requests with one operation id are the same when this is. PROTOCOL.md, FX-12.1-2.
   */
  readonly arguments: string;
}

/**
 * What is kept of an upload from before: by another process, or by this one before its connection was lost. PROTOCOL.md,
 * section 12.
 */
export interface RecalledUpload {
  /** `arguments` of the request that it was. */
  readonly arguments: string;
  /** The highest that was told, or may have been. */
  readonly epoch: number;
  /** Set when it was committed: it will not be again. */
  readonly committed?: { readonly commit: UploadCommit; readonly outcome: UploadOutcome } | undefined;
  /** Otherwise the digests of the whole blocks that are there, from the beginning of the file. */
  readonly leaves: readonly Uint8Array[];
  /** Goes on with these, all of them; called at most once, and not when it was committed. */
  resume(): Promise<UploadReceiver>;
  /** Writes down, durably, that `epoch` was told. */
  fence(epoch: number): Promise<void>;
}

/** What was uploaded, all of it, as it was verified. */
export interface UploadCommit {
  /** Bytes. */
  readonly length: number;
  /** The tree digest, already compared with what the client computed. */
  readonly digest: Uint8Array;
  /** What `digest` was computed with. */
  readonly algorithm: DigestAlgorithm;
}

/** What became of an upload. */
export interface UploadOutcome {
  /** `identical`: the same content was there already, and was left as it is. */
  readonly outcome: 'created' | 'replaced' | 'identical';
  /** The final path; differs from the request when the policy is `rename`. */
  readonly path: string;
  /** Names this version of the file, at most 255 bytes. */
  readonly etag?: string | undefined;
  /** When it was committed, in microseconds since 1970; the same on every replay. Default: now. */
  readonly time?: number | undefined;
}

/**
 * Takes one upload, over all connections that it needs. Calls come one at a time and in order, but for those of `write` if it says
 * so; exactly one of `commit`, `abort` and `suspend` is the last.
 */
export interface UploadReceiver {
  /**
   * How many calls of `write` may be in flight at once. Then they may settle in any order, `blockWritten` may come meanwhile, and
   * every other call comes when none is in flight. After one that failed, only what is before it counts. Default: 1.
   */
  readonly maxWritesInFlight?: number | undefined;
  /**
   * The view is valid until what is returned has settled. Credit goes back to the client only then.
   * @param offset where in the file the bytes belong: after those of the call before, or where `truncate` has cut.
   */
  write(bytes: Uint8Array, offset: number): void | Promise<void>;
  /** Makes what was written durable and returns that offset in bytes; called now and then during long uploads. */
  sync?(): Promise<number>;
  /** Publishes. Called only when length and digest are right; resolves when the file is durable under its name. */
  commit(commit: UploadCommit): Promise<UploadOutcome>;
  /**
   * Drops what was written beyond `length` bytes, all of which are durable: an upload that was cut goes on there, on another
   * connection. Without this and `sync` it starts again.
   */
  truncate?(length: number): Promise<void>;
  /**
   * Told the digest of each whole block when all of it was written, in order; what is kept of an upload are blocks with their
   * digests.
   */
  blockWritten?(leaf: Uint8Array, index: number): void | Promise<void>;
  /** Writes down, durably, that `epoch` is in charge, before the client is told. Called for those above 1. */
  fence?(epoch: number): Promise<void>;
  /**
   * The last call when the connection was lost: keeps what is there for {@link Handler.recall}, and gives everything else back.
   * Without it, what was written waits in the memory of this server.
   */
  suspend?(): Promise<void>;
  /** Drops what was written. Called when the upload ends in any other way, with why. */
  abort(reason: Error): void | Promise<void>;
}

/** Takes an upload that comes in one piece. Nothing of it is kept before `commit`. */
export interface WholeReceiver {
  /**
   * Stores and publishes, as {@link UploadReceiver.commit} does. Called at most once, only when length and digest are right; not at
   * all when the upload ends in any other way.
   * @param bytes the file, valid until the promise has settled.
   */
  commit(commit: UploadCommit, bytes: Uint8Array): Promise<UploadOutcome>;
  /** After `commit`: writes down, durably, that `epoch` was told. See {@link UploadReceiver.fence}. */
  fence?(epoch: number): Promise<void>;
}

/** What a client wants to download. */
export interface DownloadRequest {
  /** A valid path that is not the root. */
  readonly path: string;
  /** Only this version, otherwise `PRECONDITION_FAILED`; undefined: any. */
  readonly ifMatch: string | undefined;
}

/** A file of which all bytes are there. */
export interface WholeFile {
  /** The file as it was while it was read. */
  readonly entry: Entry;
  /** All of its bytes; left alone from now on. */
  readonly bytes: Uint8Array;
}

/** Gives one download. `close` is always the last call. */
export interface DownloadProvider {
  /** The file as it is now; exactly `entry.size` bytes are read. */
  readonly entry: Entry;
  /** Fills `buffer` from `offset` of the file on; returns how many bytes, 0 only at the end. */
  read(buffer: Uint8Array, offset: number): Promise<number>;
  /** Called after the last byte was read: throws `SOURCE_CHANGED` when the file is not what it was at the start. */
  verify?(): Promise<void>;
  /** Gives back what the download held, however it ended. */
  close(): void | Promise<void>;
}

/** What a server does with requests. Throw `FilexError` to refuse; anything else thrown is told as `INTERNAL`. */
export interface Handler {
  /** Begins an upload, before any of it has arrived; `commit` of what is returned decides. */
  upload(request: UploadRequest, context: OperationContext): Promise<UploadReceiver>;
  /**
   * What is kept of an upload with this operation id of this principal, asked for before it begins. Whoever else was at work on
   * it, in whatever process, must not get anything more into it, nor publish it, once this has settled. Without this, uploads are
   * remembered in memory, and by this server alone.
   */
  recall?(request: UploadRequest, context: OperationContext): Promise<RecalledUpload | undefined>;
  /**
   * Begins an upload of at most `MAX_WHOLE_FILE` bytes (64 KiB) that this server does not remember, in place of `recall` and `upload`:
   * all of it is gathered in memory, verified, and handed over in one call, so that many small files can be stored together.
   *
   * Answers at once. Undefined: this one goes the usual way; so when anything is kept of it.
   */
  uploadWhole?(request: UploadRequest, context: OperationContext): WholeReceiver | undefined;
  /** Begins a download; or the file is only read to be digested. */
  download(request: DownloadRequest, context: OperationContext): Promise<DownloadProvider>;
  /**
   * The same for a small file, in one go, asked for first where it is there: reads all of it, of one version, or gives undefined.
   * Synchronous, so that thousands of small files cost no more than they must; it must not wait for anything, and is not called
   * for a while after it took long. Whatever is not plain (a refusal, an error, a file that is written to) it leaves to
   * `download`, which is asked next; so is what it throws.
   *
   * @param room bytes that the file may have at most.
   */
  downloadWhole?(
    request: DownloadRequest,
    context: Pick<OperationContext, 'peer' | 'operationId'>,
    room: number,
  ): WholeFile | undefined;
  /** What is in a folder, in any order; with `recursive` everything below, folders before what is in them. */
  list(request: { path: string; recursive: boolean }, context: OperationContext): AsyncIterable<Entry>;
  /** One file or folder; `''` is the root. */
  stat(request: { path: string }, context: OperationContext): Promise<Entry>;
  /** Makes a folder; one that exists is `identical`. `mtime` in microseconds since 1970. */
  makeDirectory(
    request: { path: string; parents: boolean; mtime: number | undefined },
    context: OperationContext,
  ): Promise<{ outcome: Outcome }>;
  /** Gives a file or folder another path, in one step. */
  rename(
    request: { path: string; target: string; ifExists: ConflictPolicy },
    context: OperationContext,
  ): Promise<{ outcome: Outcome }>;
  /** Removes a file, or a folder: with `recursive` all that is in it, otherwise only an empty one. */
  remove(
    request: { path: string; recursive: boolean },
    context: OperationContext,
  ): Promise<{ outcome: Outcome }>;
}

/**
 * What happened, for logs and metrics. Text in it that came from a peer is not made safe for terminals.
 *
 * - `connection`: a client has logged in; `disconnection`: it is gone, with what ended it, undefined when it said goodbye.
 * - `refused`: a connection was not taken, or ended before it was logged in, with what it was told.
 * - `login failure`: somebody was not let in. `reason` is for the log: the client is not told whether there is such a user.
 * - `operation`: one is done: `code` is `OK`, or why it failed; `duration` in milliseconds from its request.
 */
export type ServeEvent =
  | { readonly type: 'connection'; readonly peer: Peer }
  | {
      readonly type: 'disconnection';
      readonly peer: Peer;
      readonly error: Error | undefined;
      /** What it reached, if that was it. */
      readonly limit: LimitName | undefined;
      /** Milliseconds since it was accepted. */
      readonly duration: number;
      /** Bytes that came over the transport, TLS included. */
      readonly received: number;
      /** Bytes that went. */
      readonly sent: number;
      /** How many it has begun. */
      readonly operations: number;
    }
  | {
      readonly type: 'refused';
      readonly address: string;
      readonly code: Code;
      readonly message: string;
      /** What it reached, if that was it. */
      readonly limit: LimitName | undefined;
    }
  | {
      readonly type: 'login failure';
      readonly address: string;
      readonly user: string | undefined;
      readonly reason: string;
    }
  | {
      readonly type: 'operation';
      readonly peer: Peer;
      readonly operation: string;
      /** 32 hexadecimal digits; the same on every retry of the same request. */
      readonly operationId: string;
      readonly path: string;
      /** Where to, of a rename; where it is, of an upload that was given another name. */
      readonly target: string | undefined;
      readonly code: Code;
      readonly message: string | undefined;
      /** What it reached, if that was it. */
      readonly limit: LimitName | undefined;
      readonly outcome: Outcome | undefined;
      /** Bytes of file content moved. */
      readonly bytes: number;
      /** The tree digest of a file that was transferred, hexadecimal. */
      readonly digest: string | undefined;
      /** What `digest` was computed with. */
      readonly algorithm: DigestAlgorithm | undefined;
      /** Milliseconds. */
      readonly duration: number;
    };

/** What a receipt says of a commit; who signs adds the key. */
export type ReceiptFacts = Omit<ReceiptStatement, 'signatureAlgorithm' | 'key'>;

/** How to serve, and what this end of each connection is like. */
export interface ServeOptions {
  /** What does the work. */
  readonly handler: Handler;
  /** Default: 12345; 0 picks a free one. */
  readonly port?: number | undefined;
  /** Default: all addresses. */
  readonly host?: string | undefined;
  /**
   * Answers TLS 1.3 on the same port, told apart from plaintext by the first byte: a key with its certificate, PEM, or what gives
   * the present one for each connection. Default: plaintext only.
   */
  readonly tls?: TlsKey | (() => SecureContext) | undefined;
  /** Users who can log in by name. Default: none. */
  readonly accounts?: Accounts | undefined;
  /** Whether clients without a name are let in, as `anonymous`. Default: when there are no `accounts`. */
  readonly anonymous?: boolean | undefined;
  /** Who may talk without TLS. Default: `loopback`. */
  readonly plaintext?: 'off' | 'loopback' | 'on' | undefined;
  /** What this end can take, where it differs from `standard` in `nodeLimitTable`. */
  readonly limits?: Partial<Limits> | undefined;
  /** In order of preference; sha256 of `node:crypto` is always added at the end. Default: none but that. */
  readonly digests?: readonly DigestProvider[] | undefined;
  /** Name and version of the program, told to clients. Default: `@filex/protocol`. */
  readonly agent?: string | undefined;
  /**
   * Makes a receipt of an upload that was committed, called only when its client has asked for one; see `receiptSigner`. Whoever
   * asks again is told the same facts. What it throws is told to that client as a failure, effect *applied*. Undefined, or
   * what returns undefined: no receipts.
   */
  readonly receipts?: ((facts: ReceiptFacts) => Uint8Array | undefined) | undefined;
  /** What this server takes of its clients, where it differs from `standard` in `serverLimitTable`. */
  readonly serverLimits?: Partial<ServerLimits> | undefined;
  /** Told what happens. What it throws is thrown as an uncaught error: it cannot disturb a connection. */
  readonly onEvent?: ((event: ServeEvent) => void) | undefined;
}

/** A server that listens. */
export interface Server {
  /** Where it listens. */
  readonly address: { readonly host: string; readonly port: number };
  /** How many clients are connected now. */
  readonly connections: number;
  /**
   * Ends the connections of whoever `match` holds for: tells them the code and the message of `reason`, cuts what runs, and returns
   * how many they were. Who is about to log in is asked for again by then (see {@link Accounts}).
   */
  disconnect(match: (peer: Peer) => boolean, reason: FilexError): number;
  /** Takes no new connection or operation and resolves when the running ones are done. */
  shutdown(): Promise<void>;
  /** Ends every connection now; resolves when all handlers have been told and have finished. */
  destroy(): Promise<void>;
}
