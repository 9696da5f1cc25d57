import type { OperationResult } from '../../connection.js';
import { FilexError } from '../../errors.js';
import type { Driver, StreamEvent } from '../driver.js';

/** The error that a RESULT tells. */
function resultError(result: OperationResult, path: string): FilexError {
  return new FilexError(result.status, result.detail, {
    path,
    effect: result.effect,
    retry: result.retry === true,
  });
}

/**
 * The last word on a stream: its RESULT, or the error that came instead. Settles exactly once.
 */
export class Answer {
  readonly settled: Promise<OperationResult>;
  /** Whether the peer has ended the stream. */
  given = false;
  #resolve!: (result: OperationResult) => void;
  #reject!: (error: FilexError) => void;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // It may fail while its operation still waits for something else, which then is what gets reported first.
    this.settled.catch(() => undefined);
  }

  /** Takes RESULT and RESET; returns whether the event was one of these. */
  take(event: StreamEvent): boolean {
    if (event.type === 'result') {
      this.given = true;
      if (event.result.status === 'OK') this.#resolve(event.result);
      else this.#reject(resultError(event.result, this.#path));
      return true;
    }
    if (event.type === 'reset') {
      this.given = true;
      this.#reject(new FilexError(event.code, event.reason, { path: this.#path }));
      return true;
    }
    return false;
  }

  /** The connection ended first. `mayHaveHappened`: the request was complete, so the server may have acted on it. */
  lose(error: FilexError, mayHaveHappened: boolean): void {
    this.given = true;
    const { code, message, retry } = error;
    const effect = mayHaveHappened ? 'unknown' : 'none';
    this.#reject(new FilexError(code, message, { path: this.#path, effect, retry, cause: error }));
  }
}

/**
 * Gives up a stream when `signal` aborts; the operation still waits for the server's answer, which tells whether it had
 * already happened.
 * @returns stops listening.
 */
export function cancelOnAbort(driver: Driver, stream: number, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => undefined;
  const onAbort = (): void => {
    driver.connection.reset(stream, 'CANCELLED');
    driver.schedule();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}

/** What an operation rejects with: the reason of its own `signal` when that was why it ended, as `CANCELLED`. */
export function operationError(error: unknown, signal: AbortSignal | undefined, path: string): FilexError {
  const failure = FilexError.from(error);
  if (signal?.aborted !== true || (failure.code !== 'CANCELLED' && error !== signal.reason)) return failure;
  return new FilexError('CANCELLED', undefined, { path, effect: failure.effect, cause: signal.reason });
}
