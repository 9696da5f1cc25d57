import { FilexError } from '../errors.js';
import { type HashFactory, TreeDigest } from '../wire/digest.js';
import { GATHERED_SIZE, SMALL_PIECE } from './bounds.js';
import type { Arrival } from './driver.js';

type Write = (bytes: Uint8Array) => void | Promise<void>;

export interface DataReceiverOptions {
  readonly createHash: HashFactory;
  /** Returns credit for that many bytes: they were stored, or dropped for good. */
  readonly consume: (count: number) => void;
  /** Told the offset after each write; what it returns is waited for before the next. */
  readonly onStored: (offset: number) => void | Promise<void>;
  /** Told once when a write fails; what arrives later is dropped. */
  readonly onFailure: (error: FilexError) => void;
  /** Told the digest of each block as it is complete, in order. */
  readonly onBlock?: ((leaf: Uint8Array, index: number) => void) | undefined;
}

/**
 * The receiving half of a transfer, on either end: digests what arrives, writes it in order, one write at a time, and
 * gives each piece back (credit, buffer) when it is stored. What waits here is bounded by the credit of the stream.
 */
export class DataReceiver {
  readonly #options: DataReceiverOptions;
  readonly #tree: TreeDigest;
  readonly #queue: (Arrival | Gathered)[] = [];
  #write: Write | undefined;
  #pumping: Promise<void> | undefined;
  #stopped = false;
  #failure: FilexError | undefined;
  #stored = 0;

  constructor(options: DataReceiverOptions) {
    this.#options = options;
    this.#tree = new TreeDigest(options.createHash, options.onBlock);
  }

  /** Bytes of the file that are here: what arrived, after what was there before. */
  get received(): number {
    return this.#tree.length;
  }

  /** Bytes of the file that are stored, those that were there before included. */
  get stored(): number {
    return this.#stored;
  }

  /** Whether it could take more: it knows where to write, and everything that came is written. */
  get idle(): boolean {
    return this.#write !== undefined && this.#pumping === undefined && !this.#stopped;
  }

  /**
   * Goes on after whole blocks that are there already, of which these are the digests. Before anything arrives.
   * @param tail what is there of the next block.
   */
  goOnAfter(leaves: readonly Uint8Array[], tail: Uint8Array = new Uint8Array(0)): void {
    for (const leaf of leaves) this.#tree.appendLeaf(leaf);
    this.#tree.update(tail);
    this.#stored = this.#tree.length;
  }

  push(arrival: Arrival): void {
    if (this.#stopped) {
      this.#giveBack(arrival);
      return;
    }
    // Digesting here, not after the write, lets the disk work on one piece while the processor works on the next.
    this.#tree.update(arrival.bytes);
    if (!this.#gather(arrival)) this.#queue.push(arrival);
    this.#start();
  }

  /** Where to write; pieces that came earlier have waited. */
  open(write: Write): void {
    this.#write = write;
    this.#start();
  }

  /**
   * Resolves with the tree digest when everything that arrived is written.
   * @throws FilexError what a write failed with; `CANCELLED` after `stop`.
   */
  async finish(): Promise<Uint8Array> {
    while (this.#pumping !== undefined) await this.#pumping;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stopped) throw new FilexError('CANCELLED');
    return this.#tree.digest();
  }

  /** Drops what waits, at once, and resolves when no write is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#drop();
    await this.#pumping;
  }

  /**
   * Each piece that waits costs a few hundred bytes besides its own; a peer that sends single bytes would turn its
   * credit into a multiple of memory. So a small one joins the small one before it.
   */
  #gather(arrival: Arrival): boolean {
    const last = this.#queue.at(-1);
    if (last === undefined || arrival.bytes.length >= SMALL_PIECE) return false;
    if (last instanceof Gathered) {
      if (!last.add(arrival.bytes)) return false;
    } else {
      if (last.bytes.length >= SMALL_PIECE) return false;
      this.#queue[this.#queue.length - 1] = new Gathered(last.bytes, arrival.bytes);
      last.release();
    }
    arrival.release();
    return true;
  }

  #start(): void {
    if (this.#pumping !== undefined || this.#write === undefined || this.#queue.length === 0) return;
    this.#pumping = this.#pump(this.#write);
  }

  async #pump(write: Write): Promise<void> {
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        await this.#store(write, next);
      }
    } catch (cause) {
      const wanted = !this.#stopped;
      this.#failure = FilexError.from(cause, 'IO_ERROR');
      this.#stopped = true;
      this.#drop();
      if (wanted) this.#options.onFailure(this.#failure);
    } finally {
      this.#pumping = undefined;
    }
  }

  async #store(write: Write, piece: Arrival | Gathered): Promise<void> {
    const { length } = piece.bytes;
    try {
      await write(piece.bytes);
    } finally {
      this.#giveBack(piece);
    }
    this.#stored += length;
    if (!this.#stopped) await this.#options.onStored(this.#stored);
  }

  #drop(): void {
    for (const piece of this.#queue.splice(0)) this.#giveBack(piece);
  }

  #giveBack(piece: Arrival | Gathered): void {
    const { length } = piece.bytes;
    piece.release();
    this.#options.consume(length);
  }
}

/** Small pieces in one buffer of their own, which doubles as they come. */
class Gathered {
  #buffer: Uint8Array;
  #length: number;

  constructor(first: Uint8Array, second: Uint8Array) {
    this.#buffer = new Uint8Array(2 * SMALL_PIECE);
    this.#buffer.set(first);
    this.#buffer.set(second, first.length);
    this.#length = first.length + second.length;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** @returns false when there is no room for it. */
  add(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      if (length > GATHERED_SIZE) return false;
      const wider = new Uint8Array(2 * this.#buffer.length);
      wider.set(this.bytes);
      this.#buffer = wider;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
    return true;
  }

  release(): void {
    // Nobody else's memory.
  }
}
