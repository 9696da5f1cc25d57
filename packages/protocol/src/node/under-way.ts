/** Counts what is under way, and tells when nothing is. A number, not a set: see `StreamTable`. */
export class UnderWay {
  #count = 0;
  #onIdle: (() => void)[] = [];

  begin(): void {
    this.#count += 1;
  }

  /** One of those that have begun is over. */
  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    const onIdle = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of onIdle) resolve();
  }

  /** Resolves when nothing is. */
  async idle(): Promise<void> {
    // What waited for the last one may have begun something.
    while (this.#count > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }
}
