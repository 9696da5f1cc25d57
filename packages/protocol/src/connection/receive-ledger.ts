import { type Limits, limitTable } from '../limits.js';
import { ReceiveCredit } from '../machine/credit.js';
import { Pace, RoundTrip } from '../machine/round-trip.js';
import { StreamTable } from './stream-table.js';

/** Bytes that one entry of a listing takes at most: path, etag and the rest, with their field headers. */
const LONGEST_RECORD = 4608;

/** What must be left of a connection's window for any stream to get on. */
const LEAST_WINDOW = limitTable.initialConnectionWindow.floor;

/** Up to here a window doubles as long as its reader keeps up: what ends, disks and threads need to work side by side. */
const NEAR_STREAM_WINDOW = 2 * 1024 * 1024;
const NEAR_CONNECTION_WINDOW = 4 * 1024 * 1024;

/** The part of a connection's window that has to be consumed for it to double: so little that the first windows double thrice. */
const EARNED_FRACTION = 8;

/** Beyond, it grows to what is consumed in so many round trips: only distance needs as much. */
const WINDOW_ROUND_TRIPS = 4;

/**
 * What a connection wants more credit for: `distance`, without which its line stays empty for part of each round trip; `near`, with
 * which ends and disks work side by side, and of which many connections at once need little each; or to make up for what
 * is `held`, without which streams that nobody reads from would stop the others.
 */
export type CreditUse = 'distance' | 'near' | 'held';

/**
 * What this end has promised to take and what it has taken, of a connection and of all its streams together.
 * PROTOCOL.md, chapter 13. Methods that may let the peer send more return the new limit of the connection to tell it of,
 * or undefined when there is nothing to tell.
 */
export class ReceiveLedger {
  readonly #limits: Limits;
  readonly #reserve: (bytes: number, use: CreditUse) => boolean;
  readonly #connection: ReceiveCredit;
  /** What ended streams delivered and nobody consumed yet. */
  readonly #leftovers = new StreamTable<ReceiveCredit>();
  /** Bytes consumed since the window of the connection was last widened. */
  #earned = 0;
  /** Bytes that wait to be read, of each stream up to its initial window. */
  #held = 0;
  /** How many of these may be granted on top of the window of the connection. */
  #reserved = 0;
  readonly #roundTrip = new RoundTrip();
  readonly #pace = new Pace();
  readonly #paces = new WeakMap<ReceiveCredit, Pace>();
  /** By how much the windows of streams are wider than they were initially, all together. */
  #widened = 0;

  /** @param reserve asked before `bytes` more are promised than before; false keeps the promise as it is. */
  constructor(limits: Limits, reserve: (bytes: number, use: CreditUse) => boolean) {
    this.#limits = limits;
    this.#reserve = reserve;
    this.#connection = new ReceiveCredit(limits.initialConnectionWindow);
  }

  /** Bytes between consumed and granted, without what is held. */
  get window(): number {
    return this.#connection.window;
  }

  /** Bytes that the peer may send now. */
  get available(): number {
    return this.#connection.available;
  }

  get unconsumed(): number {
    return this.#connection.unconsumed;
  }

  /** The credit of a new stream. */
  openStream(): ReceiveCredit {
    return new ReceiveCredit(this.#limits.initialStreamWindow);
  }

  /** A stream has ended; what it delivered may still have to be consumed. */
  closeStream(stream: number, receive: ReceiveCredit): void {
    if (receive.unconsumed > 0) this.#leftovers.set(stream, receive);
    else this.#narrow(receive);
  }

  leftover(stream: number): ReceiveCredit | undefined {
    return this.#leftovers.get(stream);
  }

  /** Counts what came; what is exceeded, when it is more than was granted. */
  receive(
    receive: ReceiveCredit | undefined,
    count: number,
    now: number,
  ): 'connection' | 'stream' | undefined {
    if (!this.#connection.receive(count)) return 'connection';
    this.#roundTrip.received(this.#connection.received, now);
    const held = receive === undefined ? 0 : this.#heldBy(receive);
    if (receive?.receive(count) !== true) return 'stream';
    this.#held += this.#heldBy(receive) - held;
    return undefined;
  }

  consume(
    stream: number,
    receive: ReceiveCredit | undefined,
    count: number,
    now: number,
  ): number | undefined {
    this.#connection.consume(count);
    if (receive !== undefined) {
      const held = this.#heldBy(receive);
      receive.consume(count);
      this.#held += this.#heldBy(receive) - held;
      this.#dropLeftover(stream, receive);
    }
    const limit = this.grant(now);
    this.#earned += count;
    const { window } = this.#connection;
    const needed = this.#neededBy(this.#connection, this.#pace, now);
    const isEarned = window < NEAR_CONNECTION_WINDOW && this.#earned * EARNED_FRACTION >= window;
    const wanted = Math.max(needed, isEarned ? Math.min(2 * window, NEAR_CONNECTION_WINDOW) : 0);
    if (isEarned) this.#earned = 0;
    const more = Math.min(wanted, this.#limits.maxConnectionWindow) - window;
    if (more > 0 && this.#reserve(more, needed > window ? 'distance' : 'near'))
      this.#connection.setWindow(window + more);
    return limit;
  }

  /** `count` bytes were read, though they are not consumed yet. */
  withhold(receive: ReceiveCredit, count: number): void {
    this.#held -= this.#heldBy(receive);
    receive.withhold(count);
    this.#held += this.#heldBy(receive);
  }

  /**
   * Besides the window of the connection, grants what the streams hold, each up to its initial window: so streams that
   * nobody reads from cannot use all of it up and stop the others (`widen` sees to the rest of what they may hold).
   * Bounded by `maxStreams` such windows and by the budget, which is asked only when the peer would run short.
   */
  grant(now: number): number | undefined {
    const before = this.#connection.limit;
    const limit = this.#grant();
    if (limit !== undefined) this.#roundTrip.granted(before, now);
    return limit;
  }

  #grant(): number | undefined {
    const { maxStreams, initialStreamWindow } = this.#limits;
    const held = Math.min(this.#held, maxStreams * initialStreamWindow);
    const limit = this.#connection.grant(Math.min(held, this.#reserved));
    const { available, window } = this.#connection;
    // Half of the least window there is would be too short for the longest record of a listing.
    const short = available < Math.max(window / 2, LONGEST_RECORD);
    if (!short || held <= this.#reserved || !this.#reserve(held - this.#reserved, 'held')) return limit;
    this.#reserved = held;
    return this.#connection.grant(held) ?? limit;
  }

  /**
   * A reader that keeps up earns a wider window, up to what the distance needs; but all that streams have
   * earned together stays so far below the connection's window that they cannot use it up should their readers stop.
   */
  widen(receive: ReceiveCredit, now: number): void {
    const { window } = receive;
    const pace = this.#paces.get(receive) ?? new Pace();
    this.#paces.set(receive, pace);
    const needed = this.#neededBy(receive, pace, now);
    const wanted = Math.max(needed, Math.min(2 * window, NEAR_STREAM_WINDOW));
    const room = Math.floor(this.#connection.window * 0.75) - LEAST_WINDOW - this.#widened;
    const more = Math.min(wanted - window, this.#limits.maxStreamWindow - window, room);
    // A little more is not worth it: soon there is room for much more.
    if (more * 4 < window) return;
    this.#widened += more;
    receive.setWindow(window + more);
  }

  /** The window that the distance to the peer needs, at the pace of its reader; 0 while that is not known. */
  #neededBy({ consumed }: ReceiveCredit, pace: Pace, now: number): number {
    const { least } = this.#roundTrip;
    return Math.ceil(WINDOW_ROUND_TRIPS * (pace.perRoundTrip(least, consumed, now) ?? 0));
  }

  #heldBy(receive: ReceiveCredit): number {
    return Math.min(receive.unread, this.#limits.initialStreamWindow);
  }

  #dropLeftover(stream: number, receive: ReceiveCredit): void {
    if (receive.unconsumed === 0 && this.#leftovers.delete(stream)) this.#narrow(receive);
  }

  /** Its window is not needed any more. */
  #narrow(receive: ReceiveCredit): void {
    this.#widened -= Math.max(0, receive.window - this.#limits.initialStreamWindow);
  }
}
