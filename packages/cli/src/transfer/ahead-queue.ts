/** How much may wait. */
export interface AheadBound<T> {
  readonly items: number;
  /** In what `weigh` measures. */
  readonly weight: number;
  /** What an item holds in memory, roughly; the same whenever it is asked. */
  weigh(item: T): number;
}

/**
 * What has been found and waits for a free lane. Bounded: who puts too much in has to wait. One side puts, any number
 * take; everybody waiting is told when it ends.
 */
export class AheadQueue<T> {
  readonly #bound: AheadBound<T>;
  #weight = 0;
  #items: (T | undefined)[] = [];
  #head = 0;
  #ended = false;
  #takers: ((item: T | undefined) => void)[] = [];
  #putter: (() => void) | undefined;

  constructor(bound: AheadBound<T>) {
    this.#bound = bound;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** @returns whether more is wanted; when not, wait for `room()` before the next `put`. */
  put(item: T): boolean {
    if (this.#ended) return false;
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#items.push(item);
      this.#weight += this.#bound.weigh(item);
    } else taker(item);
    return this.#hasRoom;
  }

  /** Resolves when there is room, or when the queue has ended. */
  async room(): Promise<void> {
    if (this.#ended || this.#hasRoom) return;
    await new Promise<void>((resolve) => {
      this.#putter = resolve;
    });
  }

  /** The next item; undefined when there will be none. */
  take(): Promise<T | undefined> | T | undefined {
    if (this.#head < this.#items.length) {
      const item = this.#items[this.#head] as T;
      this.#items[this.#head] = undefined;
      this.#head += 1;
      this.#weight -= this.#bound.weigh(item);
      this.#compact();
      if (this.#hasRoom) this.#wakePutter();
      return item;
    }
    if (this.#ended) return undefined;
    return new Promise((resolve) => {
      this.#takers.push(resolve);
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Nothing more comes; what is in is still given out. */
  close(): void {
    this.#finish();
  }

  /** Nothing more comes, and what is in is dropped. */
  abandon(): void {
    this.#items = [];
    this.#head = 0;
    this.#weight = 0;
    this.#finish();
  }

  get #hasRoom(): boolean {
    return this.length < this.#bound.items && this.#weight < this.#bound.weight;
  }

  #finish(): void {
    this.#ended = true;
    const takers = this.#takers;
    this.#takers = [];
    for (const taker of takers) taker(undefined);
    this.#wakePutter();
  }

  #wakePutter(): void {
    const putter = this.#putter;
    this.#putter = undefined;
    putter?.();
  }

  #compact(): void {
    // Moving the rest costs less than it frees once half of the array is behind us.
    if (this.#head < 1024 || this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
