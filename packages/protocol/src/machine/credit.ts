/**
 * Credit, as in QUIC (RFC 9000 section 4): the receiver of data grants an absolute number of bytes, counted from the
 * start of the stream or connection, so that a grant can be repeated or overtaken without harm. PROTOCOL.md, "Credit".
 */

/** The sender's side: how much may still be sent. */
export class SendCredit {
  #limit: number;
  #sent = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** The highest offset that was granted. */
  get limit(): number {
    return this.#limit;
  }

  /** Bytes that may be sent now. */
  get available(): number {
    return this.#limit - this.#sent;
  }

  /** @returns whether there is more credit than before; an older, lower limit changes nothing. */
  raise(limit: number): boolean {
    if (limit <= this.#limit) return false;
    this.#limit = limit;
    return true;
  }

  /** @returns false, and counts nothing, when `count` is more than is available. */
  spend(count: number): boolean {
    if (count > this.available) return false;
    this.#sent += count;
    return true;
  }
}

/** How much of a window must have been used up before the peer is told of new credit. */
const UPDATE_FRACTION = 4;

/** The receiver's side: what was granted, what arrived, what was consumed. */
export class ReceiveCredit {
  #window: number;
  #limit: number;
  #received = 0;
  #consumed = 0;
  #withheld = 0;

  constructor(window: number) {
    this.#window = window;
    this.#limit = window;
  }

  /** Bytes between what was consumed and what the peer may send. */
  get window(): number {
    return this.#window;
  }

  /** What the peer was last granted. */
  get limit(): number {
    return this.#limit;
  }

  /** Bytes that arrived so far. */
  get received(): number {
    return this.#received;
  }

  /** Bytes of them that were consumed. */
  get consumed(): number {
    return this.#consumed;
  }

  /** What the peer may send now. */
  get available(): number {
    return this.#limit - this.#received;
  }

  /** What arrived and was not consumed yet. */
  get unconsumed(): number {
    return this.#received - this.#consumed;
  }

  /** What arrived and nobody has read yet: not consumed, and not withheld either. */
  get unread(): number {
    return Math.max(0, this.unconsumed - this.#withheld);
  }

  /** Takes effect with the next grant; what was granted is never taken back. */
  setWindow(window: number): void {
    this.#window = window;
  }

  /** @returns false, and counts nothing, when the peer sent more than it was granted. */
  receive(count: number): boolean {
    if (this.#received + count > this.#limit) return false;
    this.#received += count;
    return true;
  }

  /** @returns false when more would be consumed than has arrived. */
  consume(count: number): boolean {
    if (this.#consumed + count > this.#received) return false;
    this.#consumed += count;
    this.#withheld = Math.max(0, this.#withheld - count);
    return true;
  }

  /** Bytes that were read, whose credit is kept back until they are consumed. */
  withhold(count: number): void {
    this.#withheld += count;
  }

  /**
   * The next limit to send, once enough was consumed for it to be worth a frame; undefined otherwise. Calling this is
   * granting it.
   * @param beyond bytes on top of the window, this time.
   */
  grant(beyond = 0): number | undefined {
    const next = this.#consumed + this.#window + beyond;
    // Less than nothing when the window became narrower.
    const due = next - this.#limit;
    if (due * UPDATE_FRACTION < this.#window) return undefined;
    this.#limit = next;
    return next;
  }
}
