/**
 * Lets one piece of work at a time, of this process, decide about a name. The operating system has no call for "replace
 * if older" or for "remove if it is still this file"; between our own writers, this makes up for it. Other processes
 * are not held off.
 */
export class NameLocks {
  /** The end of each queue. */
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` when all earlier work on any of these names has ended. */
  async run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    // All queues are joined in one go, so two pieces of work can never wait for each other.
    const turn = Promise.all(names.map((name) => this.#tails.get(name) ?? Promise.resolve()));
    const result = turn.then(work);
    const tail = result.then(ignore, ignore); // the failure is the caller's to see, not that of the next in the queue
    for (const name of names) this.#tails.set(name, tail);
    try {
      return await result;
    } finally {
      for (const name of names) if (this.#tails.get(name) === tail) this.#tails.delete(name);
    }
  }

  /** How many names are locked or waited for. */
  get size(): number {
    return this.#tails.size;
  }
}

function ignore(): void {}
