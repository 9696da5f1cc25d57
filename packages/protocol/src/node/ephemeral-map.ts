/**
 * A `Map` whose values come and go. What has left is pointed to by nothing here: in a `Map` alone it would be by tables that are of no
 * use any more, see `StreamTable`. Keys are, so they should be small.
 */
export class EphemeralMap<K, V extends object> {
  readonly #boxes = new Map<K, { value: V | undefined }>();

  get size(): number {
    return this.#boxes.size;
  }

  get(key: K): V | undefined {
    return this.#boxes.get(key)?.value;
  }

  has(key: K): boolean {
    return this.#boxes.has(key);
  }

  set(key: K, value: V): void {
    const box = this.#boxes.get(key);
    if (box === undefined) this.#boxes.set(key, { value });
    else box.value = value;
  }

  /** @returns whether there was anything. */
  delete(key: K): boolean {
    const box = this.#boxes.get(key);
    if (box === undefined) return false;
    box.value = undefined;
    return this.#boxes.delete(key);
  }

  /** What is in it now, in the order in which it came. */
  values(): V[] {
    return [...this.#boxes.values()].map(({ value }) => value as V);
  }
}
