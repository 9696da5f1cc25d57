import { FilexError } from '@filex/protocol';
import type { Output } from '../io.js';

/** The reader of our output has gone away, as `head` does: nothing more to do, and nothing to complain about. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe';
}

/** Standard output: data, written no faster than it is read. */
export class Stdout {
  readonly #stream: Output;
  #fault: Error | undefined;
  /** Aborts when nothing more can be written. */
  readonly broken = new AbortController();

  constructor(stream: Output) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#fault ??= faultOf(error);
      this.broken.abort(this.#fault);
    });
  }

  /** Resolves when `chunk` may be reused, so that a buffer need not be copied. */
  writeBytes(chunk: Uint8Array): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    return new Promise((resolve, reject) => {
      this.#stream.write(chunk, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(faultOf(error));
      });
    });
  }

  /** @returns a promise only when the reader is slow: wait for it before writing more. */
  line(text: string): Promise<void> | undefined {
    this.#check();
    if (this.#stream.write(`${text}\n`)) return undefined;
    // A stream may fail within the call; there will be no event to wait for then.
    this.#check();
    return this.#drained();
  }

  /** A line that is not worth waiting for; what goes wrong with it aborts `broken`. */
  post(text: string): void {
    if (this.#fault === undefined) this.#stream.write(`${text}\n`);
  }

  #check(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const onDrain = (): void => {
        this.#stream.off('error', onError);
        resolve();
      };
      const onError = (error: NodeJS.ErrnoException): void => {
        this.#stream.off('drain', onDrain);
        reject(faultOf(error));
      };
      this.#stream.once('drain', onDrain);
      this.#stream.once('error', onError);
    });
  }
}

function faultOf(error: NodeJS.ErrnoException): Error {
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return new BrokenPipe();
  const code = error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'NO_SPACE' : 'IO_ERROR';
  return new FilexError(code, `cannot write the output: ${error.message}`, { cause: error });
}
