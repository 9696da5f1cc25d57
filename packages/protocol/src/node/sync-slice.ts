import { setImmediate as nextTurn } from 'node:timers/promises';
import { SYNC_PATIENCE, SYNC_REST, SYNC_SLICE } from './bounds.js';

/**
 * Measures out synchronous work on small files. A synchronous call takes a few microseconds where the file system has at hand what
 * is asked for, and handing it to another thread and back several times that; but meanwhile nothing else happens in this process. So
 * there is only so much of it in one turn of the event loop, and none for a while when the file system turns out to be slow.
 */
export class SyncSlice {
  readonly #now: () => number;
  /** Milliseconds of this turn. */
  #spent = 0;
  #slowUntil = Number.NEGATIVE_INFINITY;
  #turn: Promise<void> | undefined;

  /** @param now milliseconds; a parameter for tests. */
  constructor(now = (): number => performance.now()) {
    this.#now = now;
  }

  /** Whether synchronous calls are to be avoided at the moment. */
  get isSlow(): boolean {
    return this.#now() < this.#slowUntil;
  }

  /** Resolves at once, as undefined, while there is time left in this turn of the event loop; else in the next one. */
  turn(): Promise<void> | undefined {
    return this.#spent < SYNC_SLICE ? undefined : this.#turn;
  }

  /** Does the work of one file. */
  run<T>(work: () => T): T {
    const began = this.#now();
    try {
      return work();
    } finally {
      const now = this.#now();
      const took = now - began;
      this.#spent += took;
      if (took > SYNC_PATIENCE) this.#slowUntil = now + SYNC_REST;
      this.#turn ??= nextTurn().then(() => {
        this.#turn = undefined;
        this.#spent = 0;
      });
    }
  }
}

/** One for the process: there is only one event loop to hold up. */
export const syncSlice = new SyncSlice();
