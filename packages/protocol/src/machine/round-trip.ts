/**
 * How long it takes from granting credit until the peer is seen to use it, at the least. A peer that waits for credit uses it after
 * exactly one round trip, any other one later: so this is never less than the round-trip time, and comes down to it whenever a
 * window is too narrow for the distance. Milliseconds.
 */
export class RoundTrip {
  #least = Number.POSITIVE_INFINITY;
  /** What the limit was before the grant that is being timed. */
  #limit: number | undefined;
  #grantedAt = 0;

  /** The least that was seen; infinite before anything was. */
  get least(): number {
    return this.#least;
  }

  /** A new limit is told to the peer, which had `limit` before. */
  granted(limit: number, now: number): void {
    if (this.#limit !== undefined) return;
    this.#limit = limit;
    this.#grantedAt = now;
  }

  /** The peer has sent `received` bytes in all. */
  received(received: number, now: number): void {
    if (this.#limit === undefined || received <= this.#limit) return;
    this.#limit = undefined;
    this.#least = Math.min(this.#least, now - this.#grantedAt);
  }
}

/** How fast a reader is: in which time it consumes a window. */
export class Pace {
  #consumed = 0;
  #at: number | undefined;

  /**
   * @param consumed bytes so far.
   * @param now milliseconds.
   * @returns in how many milliseconds the last `window` bytes or more were consumed; undefined until there are as many again.
   */
  over(window: number, consumed: number, now: number): number | undefined {
    const since = this.#at;
    if (since !== undefined && consumed - this.#consumed < window) return undefined;
    this.#consumed = consumed;
    this.#at = now;
    return since === undefined ? undefined : now - since;
  }
}
