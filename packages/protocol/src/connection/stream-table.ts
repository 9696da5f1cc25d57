/** Places there are at first, and when a table that was large has become empty. */
const LEAST = 8;

/** Above so many places an empty table is made small again, so that what has become idle costs little. */
const LARGE = 256;

/**
 * What there is for each open stream, by its number. Streams are numbered in the order in which they open, and most do not live long,
 * so each has its place in an array, where the one before it was.
 *
 * Not a `Map`, for the garbage collector's sake: that makes a new table each time it has seen as many keys as it has room for, and the
 * old one goes on pointing to all that was in it and to the new one. As soon as one of them has got among what is collected seldom,
 * nothing that ever was in any of them is freed before all of that is looked at: moving many small files took several times as long.
 */
export class StreamTable<T extends object> {
  /** 0, which is no stream: free. */
  #numbers: number[] = [];
  #values: (T | undefined)[] = [];
  /** Those whose place another one has: one that lives long, and is met again by the numbers after it. */
  #others: Map<number, T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(stream: number): T | undefined {
    const place = this.#placeOf(stream);
    return this.#numbers[place] === stream ? this.#values[place] : this.#others?.get(stream);
  }

  has(stream: number): boolean {
    return this.get(stream) !== undefined;
  }

  set(stream: number, value: T): void {
    if (this.#size === this.#numbers.length / 2 || this.#numbers.length === 0) this.#grow();
    const place = this.#placeOf(stream);
    const number = this.#numbers[place];
    if (number === stream) {
      this.#values[place] = value;
    } else if (this.#others?.has(stream) === true) {
      this.#others.set(stream, value);
    } else {
      this.#size += 1;
      this.#put(stream, value);
    }
  }

  /** @returns whether there was anything. */
  delete(stream: number): boolean {
    const place = this.#placeOf(stream);
    if (this.#numbers[place] === stream) {
      this.#numbers[place] = 0;
      this.#values[place] = undefined;
    } else if (this.#others?.delete(stream) !== true) return false;
    this.#size -= 1;
    if (this.#size === 0 && this.#numbers.length > LARGE) this.clear();
    return true;
  }

  clear(): void {
    this.#numbers = [];
    this.#values = [];
    this.#others = undefined;
    this.#size = 0;
  }

  /** All of them as they are now, in no order that means anything. */
  entries(): [stream: number, value: T][] {
    const entries: [number, T][] = [...(this.#others ?? [])];
    for (const [place, value] of this.#values.entries())
      if (value !== undefined) entries.push([this.#numbers[place] as number, value]);
    return entries;
  }

  #put(stream: number, value: T): void {
    const place = this.#placeOf(stream);
    if (this.#numbers[place] === 0) {
      this.#numbers[place] = stream;
      this.#values[place] = value;
    } else {
      this.#others ??= new Map();
      this.#others.set(stream, value);
    }
  }

  /** Half of the places at least are free, so that few of those that live long meet. */
  #grow(): void {
    const entries = this.entries();
    const places = Math.max(LEAST, 2 * this.#numbers.length);
    this.#numbers = new Array<number>(places).fill(0);
    this.#values = new Array<T | undefined>(places).fill(undefined);
    this.#others = undefined;
    for (const [stream, value] of entries) this.#put(stream, value);
  }

  /** One end numbers its streams by odd numbers, the other one by even ones. */
  #placeOf(stream: number): number {
    return Math.floor(stream / 2) & (this.#numbers.length - 1);
  }
}
