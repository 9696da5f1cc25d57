import { BUFFER_OFFSET, MANY_SLABS, MAX_FREE_SLABS, SLAB_SIZE } from './bounds.js';

/** What a slab is filled from: a socket, or a file that is sent. */
export type SlabUse = 'receive' | 'send';

/**
 * A reusable buffer with a count of who still looks at it. It goes back to its pool when the last one lets go; until
 * then nobody writes to it.
 */
export class Slab {
  readonly buffer: Buffer;
  readonly #pool: SlabPool | undefined;
  readonly #use: SlabUse;
  #holders = 1;

  constructor(buffer: Buffer, pool: SlabPool | undefined, use: SlabUse = 'send') {
    this.buffer = buffer;
    this.#pool = pool;
    this.#use = use;
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
    if (this.#holders === 0) this.#pool?.put(this.buffer, this.#use);
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
  #received = 0;

  /** Buffers that were taken and are not back. */
  get out(): number {
    return this.#out;
  }

  /** Those of them that sockets are read into. */
  get received(): number {
    return this.#received;
  }

  /** So many are out that whoever can do with less should: peers that do not read may hold them for long. */
  get scarce(): boolean {
    return this.#out >= MANY_SLABS;
  }

  take(use: SlabUse): Slab {
    this.#out += 1;
    if (use === 'receive') this.#received += 1;
    return new Slab(this.#free.pop() ?? allocateBuffer(SLAB_SIZE), this, use);
  }

  put(buffer: Buffer, use: SlabUse): void {
    this.#out -= 1;
    if (use === 'receive') this.#received -= 1;
    if (this.#free.length < MAX_FREE_SLABS) this.#free.push(buffer);
  }
}

/** One pool for the process: a slab serves uploads and downloads of every connection alike. */
export const slabs = new SlabPool();
