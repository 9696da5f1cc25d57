import { FilexError } from '../../errors.js';
import type { Entry } from '../../vocabulary.js';
import { FileSink } from '../files/index.js';
import type { DownloadOptions, DownloadSink } from '../types.js';
import type { OpenSink, StoppableSink } from './download.js';

/** What `download` was given, as something that takes bytes. */
export function sinkFor(
  destination: string | URL | NodeJS.WritableStream | DownloadSink,
  options: DownloadOptions,
): OpenSink {
  if (options.leaves !== undefined && !isSink(destination)) {
    return () => Promise.reject(new FilexError('UNSUPPORTED', 'only a sink can go on after what is there'));
  }
  if (typeof destination === 'string' || destination instanceof URL) {
    const { ifExists, durable } = options;
    return (entry: Entry) => FileSink.open(destination, { ifExists, durable, expected: entry });
  }
  if (isWritable(destination)) return async () => writableSink(destination);
  return async (entry, offset) => {
    await destination.open?.(entry, offset);
    return destination;
  };
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
