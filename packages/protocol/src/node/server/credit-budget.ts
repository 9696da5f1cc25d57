import type { CreditUse } from '../../connection/receive-ledger.js';

/** The part of what connections can grow by that is for `near` growth. */
const NEAR_SHARE = 1 / 8;

/** The part of what is left of that share which one connection gets at once: so who comes later still gets some. */
const NEAR_STEP = 1 / 4;

/**
 * What a server promises to all its connections together, in bytes. A part is kept for the first promise to each
 * connection, so that those which have grown never keep others out; and most of the rest for those that are far away. What is
 * promised is what a server may have to hold in memory while its disk is slower than its network, so near ones, which a narrow
 * window serves nearly as well, get wide ones only while they are few.
 */
export class CreditBudget {
  #left: number;
  #kept: number;
  /** What is left to grow by when `near` growth ends. */
  readonly #forDistance: number;

  /** @param kept of `total`, for first promises only. */
  constructor(total: number, kept: number) {
    this.#left = total;
    this.#kept = kept;
    this.#forDistance = (total - kept) * (1 - NEAR_SHARE);
  }

  get left(): number {
    return this.#left;
  }

  /** For a new connection. @returns false, and takes nothing, when there is not enough left. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    this.#kept -= bytes;
    return true;
  }

  /** For a connection that has some already. @returns false, and takes nothing, when there is not enough to spare. */
  grow(bytes: number, use: CreditUse): boolean {
    const spare = this.#left - Math.max(0, this.#kept);
    if (bytes > (use === 'near' ? (spare - this.#forDistance) * NEAR_STEP : spare)) return false;
    this.#left -= bytes;
    return true;
  }

  /** Gives back what one connection took. */
  give(taken: number, grown: number): void {
    this.#left += taken + grown;
    this.#kept += taken;
  }
}
