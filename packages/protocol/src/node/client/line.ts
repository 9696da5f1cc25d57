import { FilexError } from '../../errors.js';
import type { SessionState } from '../types.js';
import { delayBefore, type ReconnectPolicy } from './backoff.js';
import { isPassing, wantsRest } from './retry.js';
import type { ClientSession } from './session.js';
import { sleep, unlessAborted } from './wait.js';

/** Makes another connection; the signal gives up. */
export type Dial = (signal: AbortSignal) => Promise<ClientSession>;

/** A connection that is being made. */
interface Dialing {
  readonly made: Promise<void>;
  readonly giveUp: () => void;
}

/**
 * The line to a server: one connection after the other. The next one is made when somebody wants to use it, and only as long as
 * somebody waits for it.
 */
export class Line {
  readonly policy: ReconnectPolicy;
  /** Resolves when nothing goes on any more, with what ended it. */
  readonly closed: Promise<FilexError | undefined>;
  readonly #dial: Dial;
  #latest: ClientSession;
  /** All that have not closed. */
  readonly #open = new Set<ClientSession>();
  #connections = 0;
  /** Attempts to connect since anything came of a connection. */
  #attempts = 0;
  #dialing: Dialing | undefined;
  #waiters = 0;
  /** What whoever comes now is told … */
  #end: FilexError | undefined;
  /** … and whoever was there when it ended. */
  #endedBy: FilexError | undefined;
  readonly #onEnd = new Set<(error: FilexError) => void>();
  #onClosed!: (error: FilexError | undefined) => void;

  constructor(first: ClientSession, dial: Dial, policy: ReconnectPolicy) {
    this.policy = policy;
    this.#dial = dial;
    this.#latest = first;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    this.#use(first);
  }

  /** The connection that was made last. */
  get latest(): ClientSession {
    return this.#latest;
  }

  /** The connection that can be used now; undefined when there is none. */
  get ready(): ClientSession | undefined {
    return this.#end === undefined && !this.#latest.over ? this.#latest : undefined;
  }

  /** Whether no further connection will be made. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** A connection that can be used, if there is one and others will be made when it is lost. */
  get usable(): ClientSession | undefined {
    return this.#end === undefined && this.#latest.over === undefined ? this.#latest : undefined;
  }

  /**
   * A connection that can be used, as soon as there is one.
   * @throws FilexError why there will be none. The reason of `signal`, as soon as that aborts.
   */
  async connection(signal: AbortSignal): Promise<ClientSession> {
    for (;;) {
      if (this.#end !== undefined) throw this.#end;
      signal.throwIfAborted();
      if (!this.#latest.over) return this.#latest;
      await this.#nextConnection(signal);
    }
  }

  /** Something has come of the connection: attempts are counted anew. */
  onProgress(): void {
    this.#attempts = 0;
  }

  /** Calls `listener` when it is certain that no further connection will be made, at once if it is. @returns stops that. */
  onEnd(listener: (error: FilexError) => void): () => void {
    if (this.#endedBy !== undefined) listener(this.#endedBy);
    else this.#onEnd.add(listener);
    return () => void this.#onEnd.delete(listener);
  }

  /** Makes no further connection; those that are there go on. */
  hangUp(): void {
    this.#finish(new FilexError('CANCELLED', 'the session is closed'), undefined);
  }

  /** Closes the connections that are there, after what runs on them. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((session) => session.close()));
    await this.closed;
  }

  destroy(): void {
    const error = new FilexError('CONNECTION_LOST', 'the session was destroyed');
    this.#finish(error, error);
    this.#end = new FilexError('CANCELLED', 'the session is closed');
    for (const session of this.#open) session.destroy();
  }

  #use(session: ClientSession): void {
    this.#latest = session;
    this.#connections += 1;
    this.#open.add(session);
    void session.closed.then((error) => {
      this.#open.delete(session);
      // Nobody may be there to ask for another one, and be told that there is none.
      const failure = error === undefined ? undefined : FilexError.from(error);
      if (session === this.#latest && failure !== undefined && !isPassing(failure.code)) this.#fail(failure);
    });
    this.#tell({ state: 'connected', connection: this.#connections });
  }

  async #nextConnection(signal: AbortSignal): Promise<void> {
    const dialing = this.#dialing ?? this.#startDialing();
    this.#waiters += 1;
    try {
      await unlessAborted(dialing.made, signal);
    } finally {
      this.#waiters -= 1;
      if (this.#waiters === 0) dialing.giveUp();
    }
  }

  #startDialing(): Dialing {
    const controller = new AbortController();
    const made = this.#redial(controller.signal).finally(() => done());
    made.catch(() => undefined);
    const dialing = {
      made,
      giveUp: () => {
        done();
        controller.abort();
      },
    };
    const done = (): void => {
      if (this.#dialing === dialing) this.#dialing = undefined;
    };
    this.#dialing = dialing;
    return dialing;
  }

  /** Tries until there is a connection. Ends the line when there will be none. */
  async #redial(signal: AbortSignal): Promise<void> {
    let error = this.#latest.over ?? new FilexError('CONNECTION_LOST');
    const { retries, maxDelay } = this.policy;
    for (;;) {
      if (!isPassing(error.code) || this.#attempts >= retries) {
        this.#fail(error);
        throw error;
      }
      const attempt = this.#attempts + 1;
      const backoff = wantsRest(error.code) ? { minDelay: maxDelay, maxDelay } : this.policy;
      const delay = delayBefore(attempt, backoff, Math.random());
      this.#tell({ state: 'waiting', error, attempt, retries, delay });
      await sleep(delay, signal);
      this.#attempts = attempt;
      this.#tell({ state: 'connecting', attempt, retries });
      signal.throwIfAborted();
      try {
        const session = await this.#dial(signal);
        if (signal.aborted) session.destroy();
        else this.#use(session);
        return;
      } catch (cause) {
        signal.throwIfAborted();
        error = FilexError.from(cause);
      }
    }
  }

  /** No further connection will be made, because of an error. */
  #fail(error: FilexError): void {
    this.#finish(error, error);
  }

  /** @param told what `closed` says; undefined when it was this end that wanted it so. */
  #finish(error: FilexError, told: FilexError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#endedBy = error;
    this.#dialing?.giveUp();
    for (const listener of [...this.#onEnd]) listener(error);
    this.#onEnd.clear();
    void Promise.all([...this.#open].map(({ closed }) => closed)).then(() => this.#onClosed(told));
  }

  #tell(state: SessionState): void {
    if (this.#end !== undefined) return;
    try {
      this.policy.onState(state);
    } catch (cause) {
      this.#fail(new FilexError('INTERNAL', 'the state listener failed', { cause }));
    }
  }
}
