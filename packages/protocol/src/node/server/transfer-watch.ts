import type { FilexError } from '../../errors.js';
import { Bag } from '../bag.js';
import { MAX_TIMER } from '../bounds.js';
import { Driver } from '../driver.js';
import { limitError } from './limit-error.js';
import { ProgressWatch } from './progress-watch.js';
import type { ServerLimits } from './server-limits.js';

/** An operation that moves bytes, as it is watched. */
export interface Transfer {
  /** Bytes so far. */
  readonly moved: number;
  /** Whether the client is all that it waits for: not for this server, its disk, or credit of its own. */
  readonly waitsForClient: boolean;
  /** Ends it. */
  stop(error: FilexError): void;
}

/** What a watch sees of a connection. */
export type WatchedDriver = Pick<
  Driver,
  'queued' | 'inFlight' | 'unsent' | 'closed' | 'abort' | 'connection'
>;

/** One of them. */
interface Watched {
  readonly transfer: Transfer;
  readonly watch: ProgressWatch;
  /** It has ended. */
  readonly end: () => void;
}

/** How often each transfer is looked at in an interval. */
const LOOKS = 8;

/** Ends the transfers of one connection that have stopped, and the connection when its client takes nothing at all. */
export class TransferWatch {
  readonly #driver: WatchedDriver;
  readonly #limits: Pick<ServerLimits, 'progressInterval' | 'minProgress'>;
  readonly #transfers = new Bag<Watched>();
  /** Bytes of those that have ended. */
  #movedByEnded = 0;
  readonly #socket: ProgressWatch;
  /** Bytes that the system has taken, as far as can be told. */
  #drained = 0;
  #lastUnsent = 0;
  #lastSent = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(driver: WatchedDriver, limits: Pick<ServerLimits, 'progressInterval' | 'minProgress'>) {
    this.#driver = driver;
    this.#limits = limits;
    this.#socket = this.#watch();
  }

  /** @returns what is to be called when it has ended. */
  add(transfer: Transfer): () => void {
    const remove = this.#transfers.add({ transfer, watch: this.#watch(), end: () => end() });
    const end = (): void => {
      if (remove()) this.#movedByEnded += transfer.moved;
    };
    this.#plan();
    return end;
  }

  /** Looks at everything once. */
  look(now: number): void {
    const round = this.#transfers.size * this.#driver.connection.limits.maxDataPayload;
    const others = this.#transfers.size - 1;
    let all = this.#movedByEnded;
    const watched = this.#transfers.all();
    for (const { transfer } of watched) all += transfer.moved;
    for (const { transfer, watch, end } of watched) {
      const { moved, waitsForClient: waits } = transfer;
      if (!watch.stopped(now, { moved, waits, others, othersMoved: all - moved, round })) continue;
      end();
      transfer.stop(this.#error('the transfer'));
    }
    if (this.#socketStopped(now)) this.#driver.abort(this.#error('what this client takes'));
  }

  /** Whether the client leaves what it was sent in the socket. */
  #socketStopped(now: number): boolean {
    const { queued, inFlight, unsent } = this.#driver;
    if (unsent === undefined) return false;
    const sent = queued - inFlight;
    // While the same write is under way, how much is left of it tells how far it is.
    this.#drained += Math.max(sent - this.#lastSent, this.#lastUnsent - unsent, 0);
    this.#lastSent = sent;
    this.#lastUnsent = unsent;
    return this.#socket.stopped(now, {
      moved: this.#drained,
      waits: inFlight > 0,
      others: 0,
      othersMoved: 0,
      round: 0,
    });
  }

  #error(what: string): FilexError {
    const { progressInterval, minProgress } = this.#limits;
    const words = `${what} moved less than ${minProgress} bytes in ${progressInterval} ms (progressInterval)`;
    return limitError('minProgress', 'TIMEOUT', words);
  }

  #watch(): ProgressWatch {
    const { progressInterval: interval, minProgress: least } = this.#limits;
    return new ProgressWatch({ interval, least });
  }

  #plan(): void {
    if (this.#timer !== undefined) return;
    const wait = Math.min(Math.max(1, this.#limits.progressInterval / LOOKS), MAX_TIMER);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#driver.closed) return;
      this.look(Driver.now());
      if (this.#transfers.size > 0 || this.#driver.inFlight > 0) this.#plan();
    }, wait);
    this.#timer.unref();
  }
}
