import { onAbort } from './on-abort.js';

/** Lets at most as many operations start as the peer takes streams; the others wait their turn. */
export class StreamSlots {
  readonly #free: () => boolean;
  #waiting: { readonly go: () => void; readonly fail: (error: Error) => void }[] = [];
  #failure: Error | undefined;

  /** @param free whether a stream could be opened now. */
  constructor(free: () => boolean) {
    this.#free = free;
  }

  /**
   * Runs `open` as soon as a stream can be opened: now, or in turn.
   * @throws the abort reason of `signal`, or what `fail` was called with.
   */
  run<T>(open: () => T, signal: AbortSignal | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const entry = {
        go: (): void => {
          stopListening();
          try {
            resolve(open());
          } catch (error) {
            reject(error);
          }
        },
        fail: (error: Error): void => {
          stopListening();
          reject(error);
        },
      };
      let stopListening = (): void => undefined;
      if (signal?.aborted === true) return reject(signal.reason);
      // It took a while to get ready for this, and the connection is gone.
      if (this.#failure !== undefined) return reject(this.#failure);
      if (this.#waiting.length === 0 && this.#free()) return entry.go();
      stopListening = onAbort(signal, () => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
        reject(signal?.reason);
      });
      this.#waiting.push(entry);
    });
  }

  /** Whether `run` would run at once. */
  get isFree(): boolean {
    return this.#failure === undefined && this.#waiting.length === 0 && this.#free();
  }

  /** Call when a stream has ended. */
  next(): void {
    let started = 0;
    while (started < this.#waiting.length && this.#free()) {
      this.#waiting[started]?.go();
      started += 1;
    }
    if (started > 0) this.#waiting = this.#waiting.slice(started);
  }

  /** Nothing can be opened any more. */
  fail(error: Error): void {
    this.#failure ??= error;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const entry of waiting) entry.fail(error);
  }
}
