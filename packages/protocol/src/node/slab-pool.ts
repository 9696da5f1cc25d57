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

/** Where a buffer goes back to, and what it was taken for. */
interface Home {
  readonly pool: SlabPool;
  readonly chunk: Chunk;
  readonly use: SlabUse;
}

/**
 * A reusable buffer with a count of who still looks at it. It goes back to its pool when the last one lets go; until
 * then nobody writes to it.
 */
export class Slab {
  readonly buffer: Buffer;
  readonly #home: Home | undefined;
  #holders = 1;

  /**
   * One for each time that a buffer is taken: who lets go once too often is found out, whoever has the buffer by then.
   * @param home where the buffer goes back to. Default: nowhere.
   */
  constructor(buffer: Buffer, home?: Home) {
    this.buffer = buffer;
    this.#home = home;
  }

  /** Whether it goes back to a pool. */
  get pooled(): boolean {
    return this.#home !== undefined;
  }

  hold(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders < 0) throw new Error('a slab was released more often than held');
    if (this.#holders === 0) this.#home?.pool.put(this.buffer, this.#home);
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
  /** Buffers of it that nobody uses; the one that was used last is the last. */
  readonly free: Buffer[] = [];

  constructor() {
    const memory = allocateBuffer(SLABS_PER_CHUNK * SLAB_STRIDE);
    for (let at = memory.length - SLAB_STRIDE; at >= 0; at -= SLAB_STRIDE)
      this.free.push(memory.subarray(at, at + SLAB_SIZE));
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
    const chunk = this.#chunkWithFree();
    return new Slab(chunk.free.pop() as Buffer, { pool: this, chunk, use });
  }

  put(buffer: Buffer, { chunk, use }: Omit<Home, 'pool'>): void {
    this.#out -= 1;
    if (use === 'receive') this.#received -= 1;
    chunk.free.push(buffer);
    // More than one that is not needed is kept, or they would be got and given back over and over.
    const isSpare = this.size - this.#out >= MAX_FREE_SLABS + 2 * SLABS_PER_CHUNK;
    if (isSpare && chunk.free.length === SLABS_PER_CHUNK) this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
  }

  #chunkWithFree(): Chunk {
    for (const chunk of this.#chunks) if (chunk.free.length > 0) return chunk;
    const chunk = new Chunk();
    this.#chunks.push(chunk);
    return chunk;
  }
}

/** One pool for the process: a slab serves uploads and downloads of every connection alike. */
export const slabs = new SlabPool();
