import { RankedKeys } from './ranked-keys.js';

/**
 * The connections that are not logged in yet. When there are too many, the oldest of the address that has the most has to go: it is
 * the slowest of the greediest, so that who holds many open keeps nobody out but itself.
 */
export class Handshakes<T extends object> {
  readonly #max: number;
  /** By address, oldest first. */
  readonly #byAddress = new Map<string, Set<T>>();
  readonly #counts = new RankedKeys();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns who has to go, and is no longer in here. */
  add(address: string, handshake: T): T | undefined {
    const group = this.#byAddress.get(address) ?? new Set();
    group.add(handshake);
    this.#byAddress.set(address, group);
    this.#counts.setRank(address, group.size);
    this.#size += 1;
    if (this.#size <= this.#max) return undefined;
    const greediest = this.#counts.highest as string;
    const [oldest] = this.#byAddress.get(greediest) as Set<T>;
    this.delete(greediest, oldest as T);
    return oldest;
  }

  delete(address: string, handshake: T): void {
    const group = this.#byAddress.get(address);
    if (group?.delete(handshake) !== true) return;
    this.#size -= 1;
    this.#counts.setRank(address, group.size);
    if (group.size === 0) this.#byAddress.delete(address);
  }
}
