import { bounds } from '../bounds.js';

/** Decides whether a worker that has died is replaced: not when too many have, as the next one would die, too. */
export class Restarts {
  readonly #now: () => number;
  #times: readonly number[] = [];

  /** @param now milliseconds of a clock that only runs forward. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A worker has died. */
  allowed(): boolean {
    const now = this.#now();
    this.#times = [...this.#times.filter((time) => now - time < bounds.workerRestartWindow), now];
    return this.#times.length <= bounds.workerRestarts;
  }
}
