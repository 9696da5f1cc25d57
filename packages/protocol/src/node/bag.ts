/** One thing in a bag. */
interface Place<T> {
  item: T | undefined;
  index: number;
}

/**
 * Things that come and go, in no order. Not a `Set`, for the garbage collector's sake: see `StreamTable`. What has left is pointed to
 * by nothing here.
 */
export class Bag<T> {
  readonly #places: Place<T>[] = [];

  get size(): number {
    return this.#places.length;
  }

  /** @returns takes it out again, and tells whether it was still in. */
  add(item: T): () => boolean {
    const place: Place<T> = { item, index: this.#places.length };
    this.#places.push(place);
    return () => this.#remove(place);
  }

  /** What is in it now. */
  all(): T[] {
    return this.#places.map(({ item }) => item as T);
  }

  /** Takes everything out. */
  empty(): T[] {
    const all = this.all();
    for (const place of this.#places.splice(0)) place.item = undefined;
    return all;
  }

  #remove(place: Place<T>): boolean {
    if (this.#places[place.index] !== place) return false;
    const last = this.#places.pop() as Place<T>;
    if (last !== place) {
      this.#places[place.index] = last;
      last.index = place.index;
    }
    place.item = undefined;
    return true;
  }
}
