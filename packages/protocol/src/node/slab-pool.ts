import { BUFFER_OFFSET, MANY_SLABS, MAX_FREE_SLABS, SLAB_SIZE } from './bounds.js';

/**
 * A reusable buffer with a count of who still looks at it. It goes back to its pool when the last one lets go; until
 * then nobody writes to it.
 */
export class Slab {
  readonly buffer: Buffer;
  readonly #pool: SlabPool | undefined;
  #holders = 1;

  constructor(buffer: Buffer, pool: SlabPool | undefined) {
    this.buffer = buffer;
    this.#pool = pool;
  }

  /** Whether it goes back to a pool. */
  get pooled(): boolean {
    return this.#pool !== undefined;
  }

  hold(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders < 0) throw new Error('a slab was released more often than held');
    if (this.#holders === 0) this.#pool?.put(this.buffer);
  }
}

/**
 * Memory that begins half a page after the border of a page. What the system has of files and sockets begins with pages, and large pieces
 * of memory begin a few bytes after one; on the AMD processor that was measured, copies from one to the other took two to three times as
 * long as from where both are this far apart. Probably `rep movsb` is slow there when the target is a few bytes further on in its page
 * than the source; where that is not so, the offset costs nothing.
 */
export function allocateBuffer(size: number): Buffer {
  // allocUnsafeSlow: memory of its own, not a piece of the pool that Node shares among small buffers.
  return Buffer.allocUnsafeSlow(BUFFER_OFFSET + size).subarray(BUFFER_OFFSET);
}

/** Buffers of one size, reused instead of allocated: a fresh 512 KiB buffer costs more than reading into it. */
export class SlabPool {
  readonly #free: Buffer[] = [];
  #out = 0;

  /** Buffers that were taken and are not back. */
  get out(): number {
    return this.#out;
  }

  /** So many are out that whoever can do with less should: peers that do not read may hold them for long. */
  get scarce(): boolean {
    return this.#out >= MANY_SLABS;
  }

  take(): Slab {
    this.#out += 1;
    return new Slab(this.#free.pop() ?? allocateBuffer(SLAB_SIZE), this);
  }

  put(buffer: Buffer): void {
    this.#out -= 1;
    if (this.#free.length < MAX_FREE_SLABS) this.#free.push(buffer);
  }
}

/** One pool for the process: a slab serves uploads and downloads of every connection alike. */
export const slabs = new SlabPool();
