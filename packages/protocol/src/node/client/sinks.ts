import { FilexError } from '../../errors.js';
import type { Entry } from '../../vocabulary.js';
import { FileSink } from '../files/index.js';
import type { DownloadOptions, DownloadSink } from '../types.js';
import type { OpenSink } from './download.js';

/** What `download` was given, as something that takes bytes. */
export function sinkFor(
  destination: string | URL | NodeJS.WritableStream | DownloadSink,
  options: DownloadOptions,
): OpenSink {
  if (typeof destination === 'string' || destination instanceof URL) {
    const { ifExists, durable } = options;
    return (entry: Entry) => FileSink.open(destination, { ifExists, durable, expected: entry });
  }
  if (isWritable(destination)) return async () => writableSink(destination);
  return async (entry) => {
    await destination.open?.(entry);
    return destination;
  };
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
function writableSink(stream: NodeJS.WritableStream): DownloadSink {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const onError = (cause: Error): void => reject(failure(cause));
        // A stream that was destroyed without an error never calls back.
        const onClose = (): void =>
          reject(new FilexError('IO_ERROR', 'the output was closed before everything was written'));
        stream.once('error', onError);
        stream.once('close', onClose);
        stream.write(Buffer.from(bytes), (cause?: Error | null) => {
          stream.removeListener('error', onError);
          stream.removeListener('close', onClose);
          if (cause === undefined || cause === null) resolve();
          else reject(failure(cause));
        });
      }),
  };
}

function failure(cause: Error): FilexError {
  return new FilexError('IO_ERROR', `cannot write the output: ${cause.message}`, { cause });
}
