/** Milliseconds: in less, a reader that takes many bytes at once seems faster than it is. */
const SHORTEST = 5;

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

/** How fast a reader is: how much it consumes in one round trip. */
export class Pace {
  #consumed = 0;
  #at: number | undefined;

  /**
   * @param roundTrip milliseconds; infinite while it is not known.
   * @param consumed bytes so far.
   * @param now milliseconds.
   * @returns how many bytes were consumed in a round trip, by what was consumed since the last answer; undefined until a
   * round trip has passed since then, and `SHORTEST` too.
   */
  perRoundTrip(roundTrip: number, consumed: number, now: number): number | undefined {
    this.#at ??= now;
    const elapsed = now - this.#at;
    if (elapsed < Math.max(roundTrip, SHORTEST)) return undefined;
    const count = ((consumed - this.#consumed) * roundTrip) / elapsed;
    this.#consumed = consumed;
    this.#at = now;
    return count;
  }
}
