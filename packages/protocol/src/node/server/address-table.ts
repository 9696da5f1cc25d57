/** What is known of addresses, of at most so many: one more, and what was not touched for longest is forgotten. */
export class AddressTable<T> {
  readonly #max: number;
  /** The one that was not touched for longest comes first. */
  readonly #entries = new Map<string, T>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(address: string): T | undefined {
    return this.#entries.get(address);
  }

  /** Sets and touches it. */
  set(address: string, entry: T): void {
    this.#entries.delete(address);
    this.#entries.set(address, entry);
    if (this.#entries.size <= this.#max) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest as string);
  }

  delete(address: string): void {
    this.#entries.delete(address);
  }
}
