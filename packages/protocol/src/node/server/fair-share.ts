import { RankedKeys } from './ranked-keys.js';

/**
 * A bounded set of things that belong to somebody: an address, a principal. When there are too many, the oldest of whoever has the
 * most has to go, so that who takes all that there is keeps nobody out but itself.
 */
export class FairShare<T> {
  readonly #max: number;
  /** By owner, oldest first. */
  readonly #byOwner = new Map<string, Set<T>>();
  readonly #counts = new RankedKeys();
  #size = 0;

  /** @param max how many there may be. */
  constructor(max: number) {
    this.#max = max;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** @returns what has to go, and is no longer in here. */
  add(owner: string, item: T): T | undefined {
    const items = this.#byOwner.get(owner) ?? new Set();
    items.add(item);
    this.#byOwner.set(owner, items);
    this.#counts.setRank(owner, items.size);
    this.#size += 1;
    if (this.#size <= this.#max) return undefined;
    const greediest = this.#counts.highest as string;
    const [oldest] = this.#byOwner.get(greediest) as Set<T>;
    this.delete(greediest, oldest as T);
    return oldest;
  }

  /** Takes one out, if it is in here. */
  delete(owner: string, item: T): void {
    const items = this.#byOwner.get(owner);
    if (items?.delete(item) !== true) return;
    this.#size -= 1;
    this.#counts.setRank(owner, items.size);
    if (items.size === 0) this.#byOwner.delete(owner);
  }
}
