/** Counts what happens in windows of time, and says when it is too much. */
export class FloodWindow {
  readonly #max: number;
  readonly #length: number;
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** @param length of the window, milliseconds. */
  constructor(max: number, length: number) {
    this.#max = max;
    this.#length = length;
  }

  /** Counts one. @returns whether it is one too many. */
  exceeds(now: number): boolean {
    if (now - this.#since >= this.#length) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > this.#max;
  }
}
