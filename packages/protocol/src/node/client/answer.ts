import type { Code } from '../../codes.js';
import type { OperationResult } from '../../connection.js';
import { type Effect, FilexError } from '../../errors.js';
import { CANCEL_TIMEOUT } from '../bounds.js';
import type { Driver, StreamEvent } from '../driver.js';

/** The error that a RESULT tells. */
function resultError(result: OperationResult, effect: Effect, path: string): FilexError {
  return new FilexError(result.status, result.detail, {
    path,
    effect,
    retry: result.retry === true,
  });
}

function errorAt({ code, message, retry, cause }: FilexError, path: string, effect: Effect): FilexError {
  return new FilexError(code, message, { path, effect, retry, cause });
}

/**
 * The last word on a stream: its RESULT, or the error that came instead. Settles exactly once.
 */
export class Answer {
  readonly settled: Promise<OperationResult>;
  /** Whether it is known how the operation ended, so far as this end is concerned. */
  given = false;
  #resolve!: (result: OperationResult) => void;
  #reject!: (error: FilexError) => void;
  #timer: NodeJS.Timeout | undefined;
  readonly #path: string;
  readonly #mayHaveHappened: () => boolean;
  readonly #judge: (told: Effect) => Effect;

  /**
   * @param mayHaveHappened whether the server may by now have done what was asked, and changed something.
   * @param judge what to make of the effect that a failure tells. Default: believe it.
   */
  constructor(
    path: string,
    mayHaveHappened: () => boolean,
    judge: (told: Effect) => Effect = (told) => told,
  ) {
    this.#path = path;
    this.#judge = judge;
    this.#mayHaveHappened = mayHaveHappened;
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
      if (event.result.status === 'OK') {
        this.#settle();
        this.#resolve(event.result);
      } else {
        this.fail(resultError(event.result, this.#judge(event.result.effect), this.#path));
      }
      return true;
    }
    if (event.type === 'reset') {
      this.#failUnheard(new FilexError(event.code, event.reason));
      return true;
    }
    return false;
  }

  /**
   * The connection ended first.
   * @param unseen whether the server has said that it never saw this operation.
   */
  lose(error: FilexError, unseen = false): void {
    if (unseen) this.fail(errorAt(error, this.#path, 'none'));
    else this.#failUnheard(error);
  }

  /**
   * The caller gave up. What cannot have happened is over at once; else the server has the truth, and a moment to tell
   * it.
   */
  cancel(): void {
    const error = new FilexError('CANCELLED');
    if (!this.#mayHaveHappened()) return this.#failUnheard(error);
    if (this.given) return;
    this.#timer ??= setTimeout(() => this.#failUnheard(error), CANCEL_TIMEOUT);
  }

  fail(error: FilexError): void {
    this.#settle();
    this.#reject(error);
  }

  #failUnheard(error: FilexError): void {
    this.fail(errorAt(error, this.#path, this.#mayHaveHappened() ? 'unknown' : 'none'));
  }

  #settle(): void {
    this.given = true;
    clearTimeout(this.#timer);
  }
}

/** Tells the server that a stream is given up, if it has not ended yet; why in words is nothing of the server's. */
export function resetStream(driver: Driver, stream: number, code: Code): void {
  driver.connection.reset(stream, code);
  driver.schedule();
}

/** What an operation rejects with: the reason of its own `signal` when that was why it ended, as `CANCELLED`. */
export function operationError(error: unknown, signal: AbortSignal | undefined, path: string): FilexError {
  const failure = FilexError.from(error);
  if (signal?.aborted !== true || (failure.code !== 'CANCELLED' && error !== signal.reason)) return failure;
  return new FilexError('CANCELLED', undefined, { path, effect: failure.effect, cause: signal.reason });
}

/** An error that says no less than what may have happened before. */
export function withEffect(error: FilexError, effect: Effect): FilexError {
  if (error.effect !== 'none' || effect === 'none') return error;
  const { code, message, path, retry, cause } = error;
  return new FilexError(code, message, { path, effect, retry, cause });
}
