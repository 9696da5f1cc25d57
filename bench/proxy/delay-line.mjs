/**
 * One direction of a way: a line that carries so many bits per second, each of which arrives so much later. Knows no
 * sockets and no clock; times are milliseconds, of any one clock.
 */
export class DelayLine {
  #delay;
  #bytesPerMs;
  /** When the line has taken all that was given to it so far. */
  #free;
  #queue = [];

  /**
   * @param {number} delay milliseconds from one end to the other
   * @param {number} rate bits per second
   * @param {number} [opens] when it begins to take something
   */
  constructor(delay, rate, opens = 0) {
    this.#free = opens;
    this.#delay = delay;
    this.#bytesPerMs = rate / 8 / 1000;
  }

  /** @param {Uint8Array} bytes which arrive when the last of them has been put on the line and has gone along it */
  put(bytes, now) {
    this.#free = Math.max(now, this.#free) + bytes.length / this.#bytesPerMs;
    this.#queue.push({ bytes, arrives: this.#free + this.#delay });
  }

  /** How long what was given would still have to wait until it is on the line. */
  backlog(now) {
    return Math.max(0, this.#free - now);
  }

  /** What has arrived by now and was not taken yet, in order. */
  take(now) {
    const later = this.#queue.findIndex(({ arrives }) => arrives > now);
    const arrived = this.#queue.splice(0, later === -1 ? this.#queue.length : later);
    return arrived.map(({ bytes }) => bytes);
  }

  /** Milliseconds until something arrives; undefined when nothing is on its way. */
  wait(now) {
    return this.#queue.length === 0 ? undefined : Math.max(0, this.#queue[0].arrives - now);
  }
}
