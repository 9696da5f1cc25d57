import {
  BUFFER_OFFSET,
  MANY_SLABS,
  MAX_FREE_SLABS,
  SLAB_SIZE,
  SLAB_STRIDE,
  SLABS_PER_CHUNK,
} from './bounds.js';

/** What a slab is filled from: a socket, or a file that is sent. */
export type SlabUse = 'receive' | 'send';

/**
 * A reusable buffer with a count of who still looks at it. It goes back to its pool when the last one lets go; until
 * then nobody writes to it.
 */
export class Slab {
  readonly buffer: Buffer;
  readonly #pool: SlabPool | undefined;
  readonly #chunk: Chunk | undefined;
  /** What it was taken for. */
  use: SlabUse = 'receive';
  #holders: number;

  /** @param pool where it waits now; undefined: it goes back nowhere, and is held once. */
  constructor(buffer: Buffer, pool?: SlabPool, chunk?: Chunk) {
    this.buffer = buffer;
    this.#pool = pool;
    this.#chunk = chunk;
    this.#holders = pool === undefined ? 1 : 0;
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
    if (this.#holders === 0) this.#pool?.put(this, this.#chunk as Chunk);
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

/**
 * Memory that slabs are cut from, got at once and given back at once: so large that the system is asked for it, and gets it back. Slabs
 * of their own would be got from what the allocator keeps, and leave holes there that nothing else fills.
 */
class Chunk {
  /** Slabs of it that nobody uses; the one whose memory was used last is the last. */
  readonly free: Slab[] = [];

  constructor(pool: SlabPool) {
    const memory = allocateBuffer(SLABS_PER_CHUNK * SLAB_STRIDE);
    for (let at = memory.length - SLAB_STRIDE; at >= 0; at -= SLAB_STRIDE)
      this.free.push(new Slab(memory.subarray(at, at + SLAB_SIZE), pool, this));
  }
}

/** Buffers of one size, reused instead of allocated: a fresh 512 KiB buffer costs more than reading into it. */
export class SlabPool {
  /** Those before are used first, so that those after may become free as a whole. */
  readonly #chunks: Chunk[] = [];
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

  /** Slabs that memory was got for. */
  get size(): number {
    return this.#chunks.length * SLABS_PER_CHUNK;
  }

  take(use: SlabUse): Slab {
    this.#out += 1;
    if (use === 'receive') this.#received += 1;
    const slab = this.#chunkWithFree().free.pop() as Slab;
    slab.use = use;
    slab.hold();
    return slab;
  }

  put(slab: Slab, chunk: Chunk): void {
    this.#out -= 1;
    if (slab.use === 'receive') this.#received -= 1;
    chunk.free.push(slab);
    // More than one that is not needed is kept, or they would be got and given back over and over.
    const isSpare = this.size - this.#out >= MAX_FREE_SLABS + 2 * SLABS_PER_CHUNK;
    if (isSpare && chunk.free.length === SLABS_PER_CHUNK) this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
  }

  #chunkWithFree(): Chunk {
    for (const chunk of this.#chunks) if (chunk.free.length > 0) return chunk;
    const chunk = new Chunk(this);
    this.#chunks.push(chunk);
    return chunk;
  }
}

/** One pool for the process: a slab serves uploads and downloads of every connection alike. */
export const slabs = new SlabPool();
