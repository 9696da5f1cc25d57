export interface ProgressLimits {
  /** Milliseconds. */
  readonly interval: number;
  /** Bytes. */
  readonly least: number;
}

/** How a transfer stands, and those that it shares a connection with. */
export interface Standing {
  /** Bytes of the transfer so far. */
  readonly moved: number;
  /** Whether it is the other end that it waits for. */
  readonly waits: boolean;
  /** How many the others are … */
  readonly others: number;
  /** … bytes of all of them so far … */
  readonly othersMoved: number;
  /** … and how many go by, at most, until each has had a turn. */
  readonly round: number;
}

/** A longer time between two looks is no time of the other end's: this process itself did not run. */
const LONGEST_STEP = 1 / 4;

/**
 * Says when a transfer has stopped for too long, for a reason that is not this end's: it is looked at now and then, and the time counts
 * in which it always waited for the other end. One that is slow but moves never stops, and neither does one whose turn has not
 * come yet, on a slow connection that gets others on as much as all together must. Takes time as an argument.
 */
export class ProgressWatch {
  readonly #limits: ProgressLimits;
  #lastLook: number | undefined;
  /** Milliseconds that the other end has let pass. */
  #spent = 0;
  /** Where the transfer was then. */
  #moved = 0;
  /** Where the others were then, and when the interval was last given again. */
  #othersMoved = 0;
  #othersMovedLately = 0;

  constructor(limits: ProgressLimits) {
    this.#limits = limits;
  }

  /** @returns whether it has stopped. */
  stopped(now: number, standing: Standing): boolean {
    const { interval, least } = this.#limits;
    const { moved, waits, others, othersMoved, round } = standing;
    if (!waits) this.#lastLook = undefined;
    if (this.#lastLook === undefined || moved - this.#moved >= least) {
      this.#spent = 0;
      this.#moved = moved;
      this.#othersMoved = othersMoved;
      this.#othersMovedLately = othersMoved;
      if (waits) this.#lastLook = now;
      return false;
    }
    this.#spent += Math.min(now - this.#lastLook, interval * LONGEST_STEP);
    this.#lastLook = now;
    if (this.#spent < interval) return false;
    const othersMove = others > 0 && othersMoved - this.#othersMovedLately >= others * least;
    if (!othersMove || othersMoved - this.#othersMoved >= round) return true;
    this.#spent = 0;
    this.#othersMovedLately = othersMoved;
    return false;
  }
}
