/** Lets so many of what one connection asks to be digested run at once; the others wait their turn, in order. */
export class DigestTurns {
  readonly #max: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Runs `work` when it is its turn.
   * @param signal gives the place up while it waits; what runs has to listen for itself.
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      const [next] = this.#waiting;
      next?.();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(begin);
        reject(signal.reason as Error);
      };
      const begin = (): void => {
        this.#waiting.delete(begin);
        signal.removeEventListener('abort', leave);
        this.#running += 1;
        resolve();
      };
      if (signal.aborted) leave();
      else if (this.#running < this.#max) begin();
      else {
        this.#waiting.add(begin);
        signal.addEventListener('abort', leave, { once: true });
      }
    });
  }
}
