/**
 * What a server promises to all its connections together, in bytes. A part is kept for the first promise to each
 * connection, so that those which have grown never keep others out.
 */
export class CreditBudget {
  #left: number;
  #kept: number;

  /** @param kept of `total`, for first promises only. */
  constructor(total: number, kept: number) {
    this.#left = total;
    this.#kept = kept;
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
  grow(bytes: number): boolean {
    if (bytes > this.#left - Math.max(0, this.#kept)) return false;
    this.#left -= bytes;
    return true;
  }

  /** Gives back what one connection took. */
  give(taken: number, grown: number): void {
    this.#left += taken + grown;
    this.#kept += taken;
  }
}
