import { FilexError } from '../errors.js';
import type { Piece, PieceSource } from './data-sender.js';
import { type Slab, slabs } from './slab-pool.js';

/** Something that can be read at any offset: a file. */
export interface Readable {
  read(buffer: Uint8Array, offset: number): Promise<number>;
}

interface Filled {
  readonly slab: Slab;
  readonly count: number;
}

const nothing = (): void => undefined;

/**
 * Reads `size` bytes into pooled slabs, one slab ahead of what is asked for, so that the disk works while the socket
 * does.
 */
export class SlabSource implements PieceSource {
  readonly #file: Readable;
  readonly #size: number;
  #offset = 0;
  #ahead: Promise<Filled> | undefined;

  constructor(file: Readable, size: number) {
    this.#file = file;
    this.#size = size;
  }

  async next(): Promise<Piece | undefined> {
    const pending = this.#ahead ?? this.#read();
    this.#ahead = undefined;
    if (pending === undefined) return undefined;
    const { slab, count } = await pending;
    if (count === 0) {
      slab.release();
      throw new FilexError('SOURCE_CHANGED', `the file ended after ${this.#offset} of ${this.#size} bytes`);
    }
    this.#offset += count;
    this.#ahead = this.#read();
    // Its failure is told by the next call; until then it must not count as unhandled.
    this.#ahead?.catch(nothing);
    return { bytes: slab.buffer.subarray(0, count), release: () => slab.release() };
  }

  async close(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead === undefined) return;
    const [outcome] = await Promise.allSettled([ahead]);
    if (outcome.status === 'fulfilled') outcome.value.slab.release();
  }

  #read(): Promise<Filled> | undefined {
    const left = this.#size - this.#offset;
    if (left <= 0) return undefined;
    return this.#fill(slabs.take(), left);
  }

  async #fill(slab: Slab, left: number): Promise<Filled> {
    try {
      const target = left < slab.buffer.length ? slab.buffer.subarray(0, left) : slab.buffer;
      return { slab, count: await this.#file.read(target, this.#offset) };
    } catch (error) {
      slab.release();
      throw error;
    }
  }
}

/** Passes on what an iterable yields, by identity: the caller leaves a chunk alone once it was yielded. */
export class IterableSource implements PieceSource {
  readonly #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;

  constructor(iterable: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#iterator =
      Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  }

  async next(): Promise<Piece | undefined> {
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done === true) return undefined;
      if (!(value instanceof Uint8Array)) {
        throw new FilexError('UNSUPPORTED', `the source yielded ${typeof value} where bytes belong`);
      }
      if (value.length > 0) return { bytes: value, release: nothing };
    }
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
