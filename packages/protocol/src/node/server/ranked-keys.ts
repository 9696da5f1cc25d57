/** Keys by rank, a whole number from 1 on: which have the highest, and of these who has had it for longest. */
export class RankedKeys {
  readonly #ranks = new Map<string, number>();
  /** By rank, in the order in which they came to it. */
  readonly #levels: Set<string>[] = [];

  rank(key: string): number {
    return this.#ranks.get(key) ?? 0;
  }

  /** 0 forgets it. */
  setRank(key: string, rank: number): void {
    this.#levels[this.rank(key)]?.delete(key);
    if (rank === 0) this.#ranks.delete(key);
    else {
      this.#ranks.set(key, rank);
      while (this.#levels.length <= rank) this.#levels.push(new Set());
      (this.#levels[rank] as Set<string>).add(key);
    }
    while (this.#levels.at(-1)?.size === 0) this.#levels.pop();
  }

  /** Undefined when there is none. */
  get highest(): string | undefined {
    const [key] = this.#levels.at(-1) ?? [];
    return key;
  }
}
