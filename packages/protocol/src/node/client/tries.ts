import type { Effect, FilexError } from '../../errors.js';
import { PROGRESS_STEP } from '../bounds.js';
import { operationError, withEffect } from './answer.js';
import { delayBefore } from './backoff.js';
import type { ClientContext } from './context.js';
import type { Line } from './line.js';
import { onAbort } from './on-abort.js';
import { isPassing } from './retry.js';
import type { ClientSession } from './session.js';
import { sleep } from './wait.js';
import { Witness } from './witness.js';

/** One attempt that can begin. */
export interface Try {
  readonly session: ClientSession;
  readonly witness: Witness;
}

/** An operation that can be tried again. */
export interface Repeatable<T> {
  /**
   * One attempt.
   * @param patience tells a signal that aborts when there will be no other one.
   */
  attempt(context: ClientContext, patience: () => AbortSignal): Promise<T>;
  /** Whether another attempt can do it, after one that has failed. */
  canRepeat(error: FilexError): boolean;
  /** Whether this end has failed with something that another attempt may find to be over. Default: no. */
  wantsRepeat?(error: FilexError): boolean;
  /** What may have come of all attempts so far. */
  readonly effect: Effect;
}

/** The attempts at one operation, over all connections that it needs. */
export class Tries {
  readonly #line: Line;
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  /** Made when somebody asks for it, which for what succeeds at once nobody does. */
  #patience: AbortController | undefined;
  #stopListening: readonly (() => void)[] = [];
  /** Attempts that have failed with something which may be over soon, though the connection was there. */
  #refused = 0;
  /** How far the operation ever came. */
  #furthest = 0;
  #current: Try | undefined;

  constructor(line: Line, path: string, signal: AbortSignal | undefined) {
    this.#line = line;
    this.#path = path;
    this.#signal = signal;
  }

  /** Aborts when there will be no further attempt. */
  get patience(): AbortSignal {
    if (this.#patience === undefined) {
      const patience = new AbortController();
      this.#patience = patience;
      const signal = this.#signal;
      this.#stopListening = [
        onAbort(signal, () => patience.abort(signal?.reason)),
        this.#line.onEnd((error) => patience.abort(error)),
      ];
    }
    return this.#patience.signal;
  }

  /** Begins the next attempt when there is a connection for it. Call {@link failed} with what this throws, too. */
  async next(): Promise<Try> {
    this.#current = undefined;
    this.#signal?.throwIfAborted();
    const session = this.#line.usable ?? (await this.#line.connection(this.patience));
    const onPosition = (position: number): void => {
      // Less is what both ends may lose again at the next cut, so that an end of it would never come.
      if (position < this.#furthest + PROGRESS_STEP) return;
      this.#furthest = position;
      this.#line.onProgress();
    };
    this.#current = { session, witness: new Witness(onPosition, () => this.#line.onProgress()) };
    return this.#current;
  }

  /**
   * Takes the failure of an attempt; resolves when it is time for the next one.
   * @throws FilexError what to tell, when there will be none.
   */
  async failed(
    error: unknown,
    operation: Pick<Repeatable<unknown>, 'canRepeat' | 'wantsRepeat' | 'effect'>,
  ): Promise<void> {
    const { effect } = operation;
    const failure = withEffect(operationError(error, this.#signal, this.#path), effect);
    const mayRepeat = this.#mayRepeat(failure) || operation.wantsRepeat?.(failure) === true;
    if (!mayRepeat || !operation.canRepeat(failure)) throw failure;
    const { operationRetries } = this.#line.policy;
    if (this.#isLost(failure)) {
      if (this.patience.aborted)
        throw withEffect(operationError(this.patience.reason, this.#signal, this.#path), effect);
      return;
    }
    if (this.#refused >= operationRetries) throw failure;
    this.#refused += 1;
    try {
      await sleep(delayBefore(this.#refused, this.#line.policy, Math.random()), this.patience);
    } catch {
      // Nobody waits for another attempt: without the wish of the caller, what the last one met is what there is to tell.
      const why = this.#signal?.aborted === true ? this.#signal.reason : failure;
      throw withEffect(operationError(why, this.#signal, this.#path), effect);
    }
  }

  /** The operation is over. */
  end(): void {
    for (const stop of this.#stopListening) stop();
  }

  #mayRepeat(failure: FilexError): boolean {
    const current = this.#current;
    if (current === undefined) return false;
    return this.#isLost(failure) || current.witness.saw(failure) || current.witness.heard('SUPERSEDED');
  }

  #isLost(failure: FilexError): boolean {
    const { session, witness } = this.#current as Try;
    return (witness.lost || session.over !== undefined) && isPassing(failure.code);
  }
}

/** Runs an operation until it has succeeded, or failed for good. */
export async function persist<T>(
  line: Line,
  path: string,
  signal: AbortSignal | undefined,
  operation: Repeatable<T>,
): Promise<T> {
  const tries = new Tries(line, path, signal);
  try {
    for (;;) {
      try {
        const { session, witness } = await tries.next();
        return await session.run(path, (context) =>
          operation.attempt(witness.watch(context), () => tries.patience),
        );
      } catch (error) {
        await tries.failed(error, operation);
      }
    }
  } finally {
    tries.end();
  }
}
