import { FilexError } from '../errors.js';
import { HEADER_SIZE } from '../wire/frame.js';
import { SLAB_PAYLOAD, SMALL_READ_SIZE } from './bounds.js';
import type { Piece, PieceSource } from './data-sender.js';
import { Slab, slabs } from './slab-pool.js';

/** Something that can be read at any offset: a file. */
export interface Readable {
  read(buffer: Uint8Array, offset: number): Promise<number>;
}

const nothing = (): void => undefined;

/** Reads a file of `size` bytes, from an offset to its end, into pooled slabs, with room for the header of a frame before. */
export class SlabSource implements PieceSource {
  readonly #file: Readable;
  readonly #size: number;
  #offset: number;

  constructor(file: Readable, size: number, offset = 0) {
    this.#file = file;
    this.#size = size;
    this.#offset = offset;
  }

  get takesMemory(): boolean {
    return this.#offset < this.#size;
  }

  async next(room: number): Promise<Piece | undefined> {
    const most = slabs.scarce ? SMALL_READ_SIZE : SLAB_PAYLOAD;
    const wanted = Math.min(this.#size - this.#offset, room, most);
    if (wanted <= 0) return undefined;
    const small = wanted <= SMALL_READ_SIZE;
    const slab = small ? new Slab(Buffer.allocUnsafe(HEADER_SIZE + wanted)) : slabs.take('send');
    try {
      const into = slab.buffer.subarray(HEADER_SIZE, HEADER_SIZE + wanted);
      const count = await this.#file.read(into, this.#offset);
      if (count === 0) {
        throw new FilexError('SOURCE_CHANGED', `the file ended after ${this.#offset} of ${this.#size} bytes`);
      }
      this.#offset += count;
      const framed = slab.buffer.subarray(0, HEADER_SIZE + count);
      const bytes = count === wanted ? into : into.subarray(0, count);
      return { bytes, framed, release: () => slab.release() };
    } catch (error) {
      slab.release();
      throw error;
    }
  }

  async close(): Promise<void> {
    // Nothing is under way between two calls of `next`.
  }
}

/** Passes on what an iterable yields, by identity: the caller leaves a chunk alone once it was yielded. */
export class IterableSource implements PieceSource {
  readonly takesMemory = false;
  readonly #iterable: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly #iterator: AsyncIterator<unknown> | Iterator<unknown>;
  #cancel = nothing;
  #cancelled = false;
  /** Whether the iterator was asked for a chunk and has not answered. */
  #pending = false;
  #ended = false;
  #asked = false;

  constructor(iterable: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#iterable = iterable;
    this.#iterator =
      Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  }

  /** Whether nothing was taken from it yet. */
  get untouched(): boolean {
    return !this.#asked;
  }

  async next(): Promise<Piece | undefined> {
    while (!this.#cancelled) {
      const step = await this.#step();
      if (step === undefined || step.done === true) return undefined;
      const { value } = step;
      if (!(value instanceof Uint8Array)) {
        throw new FilexError('UNSUPPORTED', `the source yielded ${typeof value} where bytes belong`);
      }
      if (value.length > 0) return { bytes: value, release: nothing };
    }
    return undefined;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#cancel();
  }

  /**
   * Tells the iterator that no more is wanted. One that is still busy with a chunk, which may never come, is not waited
   * for: an idle terminal must not hold up the end of a transfer.
   */
  async close(): Promise<void> {
    if (this.#ended) return;
    try {
      const returned = this.#iterator.return?.();
      if (!this.#pending) await returned;
      else if (returned instanceof Promise) returned.catch(nothing);
    } catch {
      // Why the transfer ended is what its caller must know; that its source did not even end well is not.
    }
    // The iterator of a Node stream that waits for data closes its stream only when some has come.
    if (this.#pending && 'destroy' in this.#iterable && typeof this.#iterable.destroy === 'function') {
      this.#iterable.destroy();
    }
  }

  /** Undefined when it was cancelled. */
  async #step(): Promise<IteratorResult<unknown> | undefined> {
    this.#pending = true;
    this.#asked = true;
    try {
      const asked = Promise.resolve(this.#iterator.next()).finally(() => {
        this.#pending = false;
      });
      const step = await new Promise<IteratorResult<unknown> | undefined>((resolve, reject) => {
        this.#cancel = () => resolve(undefined);
        asked.then(resolve, reject);
      });
      this.#ended = step?.done === true;
      return step;
    } catch (error) {
      this.#pending = false;
      this.#ended = true;
      throw FilexError.from(error, 'IO_ERROR');
    }
  }
}
