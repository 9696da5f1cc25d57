/** Draws that are the same for the same seed. */
export class Random {
  #state: number;

  /** Equal words give equal draws. */
  constructor(...seed: readonly (number | string)[]) {
    // FNV-1a
    let hash = 0x811c9dc5;
    for (const character of seed.join('/')) {
      hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
    }
    this.#state = hash >>> 0;
  }

  /** At least 0, less than 1. */
  fraction(): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.between(0, from.length - 1)] as T;
  }
}
