import { Fifo } from './fifo.js';

/** Lets at most so many pieces of work through at once; the others wait in order of arrival. */
export class Gate {
  readonly #waiting = new Fifo<() => void>();
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  /** Resolves when there is a place; it must be given back with {@link leave}. */
  async enter(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve)); // a place is handed over, still taken
  }

  leave(): void {
    const next = this.#waiting.take();
    if (next === undefined) this.#free += 1;
    else next();
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }
}
