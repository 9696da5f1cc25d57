import { FilexError } from '../../errors.js';
import type { Entry } from '../../vocabulary.js';
import type { HashFactory } from '../../wire/digest.js';
import { FileSink } from '../files/index.js';
import { recallPartial } from '../files/partial-file.js';
import { isFree, storeWhole } from '../files/store-whole.js';
import type { DownloadOptions, DownloadSink, SinkOutcome } from '../types.js';

/** A sink whose writes may wait for somebody who never comes, and that may be able to take back what it was given. */
export interface StoppableSink extends Omit<DownloadSink, 'open' | 'write'> {
  /** How many calls of `write` may be in flight at once; see `UploadReceiver`. Default: 1. */
  readonly maxWritesInFlight?: number;
  /** @param offset where in the file the bytes belong. */
  write(bytes: Uint8Array, offset: number): void | Promise<void>;
  /** The download has failed: makes a write that is under way settle. */
  stop?(): void;
  /** Drops what was written beyond `offset`: after a write that failed, that may be more than is known. */
  cut?(offset: number): Promise<void>;
  /** Drops what was written. Without it, nobody can. */
  restart?(): Promise<void>;
  /** What was written from `offset` on, so many bytes. Without it, the download remembers as much as it needs. */
  readBack?(offset: number, length: number): Promise<Uint8Array>;
  /** Told the digest of each whole block that was written, in order. */
  blockWritten?(leaf: Uint8Array): Promise<void>;
}

/** Where a download goes. */
export interface Destination {
  /** The digests of the whole blocks that are there already. Default: none. */
  readonly recall?:
    | ((createHash: HashFactory, signal: AbortSignal | undefined) => Promise<readonly Uint8Array[]>)
    | undefined;
  /**
   * Makes the sink, now that it is known what will come.
   * @param offset from where on: after all that `recall` has told of, or 0.
   */
  open(entry: Entry, offset: number): Promise<StoppableSink>;
  /** Takes a file of which all bytes are there, verified. Default: files are written as they come. */
  readonly store?: ((entry: Entry, bytes: Uint8Array) => Promise<SinkOutcome>) | undefined;
}

/** What `download` was given, as something that takes bytes. */
export function destinationFor(
  destination: string | URL | NodeJS.WritableStream | DownloadSink,
  options: DownloadOptions,
): Destination {
  const { ifExists, durable, leaves, partial } = options;
  if (leaves !== undefined && !isSink(destination))
    return impossible('only a sink can go on after what is there');
  if (typeof destination === 'string' || destination instanceof URL) {
    return {
      store: mayStoreWhole(destination, options)
        ? (entry, bytes) => storeWhole(destination, bytes, { entry, ifExists, durable })
        : undefined,
      recall:
        partial === undefined
          ? undefined
          : (createHash, signal) => recallPartial(partial, createHash, signal),
      open: (entry, offset) =>
        FileSink.open(destination, { ifExists, durable, expected: entry, partial, offset }),
    };
  }
  if (partial !== undefined) return impossible('only a file can be kept in part');
  if (isWritable(destination)) return { open: async () => writableSink(destination) };
  return {
    ...(leaves === undefined ? {} : { recall: async () => leaves }),
    open: async (entry, offset) => {
      await destination.open?.(entry, offset);
      // Nothing of it but what a sink has: it may have more, by names that mean something else here.
      return {
        write: (bytes) => destination.write(bytes),
        commit: async (info) => destination.commit?.(info),
        abort: (reason) => destination.abort?.(reason),
      };
    },
  };
}

/** Whether a small file may come before it is said what becomes of one that is there. Whoever wants to keep that, wants no transfer. */
function mayStoreWhole(destination: string | URL, { ifExists, partial }: DownloadOptions): boolean {
  if (partial !== undefined) return false;
  return (ifExists !== 'skip' && ifExists !== 'newer') || isFree(destination);
}

function impossible(why: string): Destination {
  const refuse = (): Promise<never> => Promise.reject(new FilexError('UNSUPPORTED', why));
  return { recall: refuse, open: refuse };
}

function isSink(destination: string | URL | NodeJS.WritableStream | DownloadSink): boolean {
  return typeof destination !== 'string' && !(destination instanceof URL) && !isWritable(destination);
}

function isWritable(destination: NodeJS.WritableStream | DownloadSink): destination is NodeJS.WritableStream {
  return 'end' in destination && 'pipe' in destination
    ? true
    : 'writable' in destination && 'on' in destination;
}

/**
 * Writes to a Node stream, which is not ended: the caller opened it. It gets copies, because a stream may keep a chunk
 * after saying that it was written (a PassThrough does), and the buffers here are reused.
 */
function writableSink(stream: NodeJS.WritableStream): StoppableSink {
  let broken: FilexError | undefined;
  let ended = false;
  /** Rejects the write that is under way. */
  let interrupt: ((error: FilexError) => void) | undefined;
  let pending = false;
  const fail = (error: FilexError): void => {
    broken ??= error;
    interrupt?.(broken);
  };
  const onError = (cause: Error): void => {
    fail(new FilexError('IO_ERROR', `cannot write the output: ${cause.message}`, { cause }));
  };
  // A stream that was destroyed without an error never calls back.
  const onClose = (): void =>
    fail(new FilexError('IO_ERROR', 'the output was closed before everything was written'));
  // Listened to all the time, because an error that nobody listens to ends the process: a stream tells of one between two
  // writes, or after it has called back the write that met it. So one that is broken, or still busy, is not let go yet.
  stream.on('error', onError);
  stream.on('close', onClose);
  const letGo = (): void => {
    if (!ended || pending || broken !== undefined) return;
    stream.removeListener('close', onClose);
    stream.removeListener('error', onError);
  };
  const end = (): void => {
    ended = true;
    letGo();
  };
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) return reject(broken);
        interrupt = reject;
        pending = true;
        stream.write(Buffer.from(bytes), (cause?: Error | null) => {
          pending = false;
          if (cause === undefined || cause === null) resolve();
          else onError(cause);
          letGo();
        });
      }),
    commit: async () => {
      end();
      return undefined;
    },
    stop: () => interrupt?.(new FilexError('CANCELLED')),
    abort: end,
  };
}
