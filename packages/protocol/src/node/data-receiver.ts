import { FilexError } from '../errors.js';
import { type HashFactory, TreeDigest } from '../wire/digest.js';
import { GATHERED_SIZE, SMALL_PIECE } from './bounds.js';
import type { Arrival } from './driver.js';

/** Puts bytes of a file where they belong: at `offset`, in bytes. */
export type Write = (bytes: Uint8Array, offset: number) => void | Promise<void>;

export interface DataReceiverOptions {
  readonly createHash: HashFactory;
  /** Returns credit for that many bytes: they were stored, or dropped for good. */
  readonly consume: (count: number) => void;
  /**
   * Told up to where the file is stored, in order. What it returns is waited for before it is told the next, and counts as
   * part of the write.
   */
  readonly onStored: (offset: number) => void | Promise<void>;
  /** Asked after each `onStored` whether to make that durable. Default: never. */
  readonly isSyncDue?: ((offset: number) => boolean) | undefined;
  /** Makes what is stored, all up to `offset`, durable; no write is in flight meanwhile. */
  readonly sync?: ((offset: number) => Promise<void>) | undefined;
  /** Told once when a write fails; what arrives later is dropped. */
  readonly onFailure: (error: FilexError) => void;
  /** Told the digest of each block as it is complete, in order. */
  readonly onBlock?: ((leaf: Uint8Array, index: number) => void) | undefined;
}

/** A write that was begun. */
interface Begun {
  readonly length: number;
  /** Whether it has put all of them there; never rejects. */
  readonly done: Promise<boolean>;
}

/**
 * The receiving half of a transfer, on either end: digests what arrives, begins to write it in order, as much at once as the
 * writer can do with, and gives each piece back (credit, buffer) when it is stored. What waits here is bounded by the credit of the stream.
 */
export class DataReceiver {
  readonly #options: DataReceiverOptions;
  readonly #tree: TreeDigest;
  readonly #queue: (Arrival | Gathered)[] = [];
  /** Writes that were begun and are not counted yet, by their place in the file. */
  readonly #begun: Begun[] = [];
  #write: Write | undefined;
  #maxInFlight = 1;
  /** Counts what was begun, as long as there is anything. */
  #counting: Promise<void> | undefined;
  /** Nothing is begun, so that what is stored can be made durable. */
  #syncing = false;
  #stopped = false;
  /** Where the next write goes. */
  #next = 0;
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
    return this.#write !== undefined && this.#counting === undefined && !this.#stopped;
  }

  /**
   * Goes on after whole blocks that are there already, of which these are the digests. Before anything arrives.
   * @param tail what is there of the next block.
   */
  goOnAfter(leaves: readonly Uint8Array[], tail: Uint8Array = new Uint8Array(0)): void {
    for (const leaf of leaves) this.#tree.appendLeaf(leaf);
    this.#tree.update(tail);
    this.#stored = this.#tree.length;
    this.#next = this.#stored;
  }

  push(arrival: Arrival): void {
    if (this.#stopped) {
      this.#giveBack(arrival);
      return;
    }
    // Digesting here, not after the write, lets the disk work on one piece while the processor works on the next.
    this.#tree.update(arrival.bytes);
    if (!this.#gather(arrival)) this.#queue.push(arrival);
    this.#begin();
  }

  /**
   * Where to write; pieces that came earlier have waited.
   * @param maxInFlight how many writes may be in flight at once; with one, `onStored` too is over before the next.
   */
  open(write: Write, maxInFlight = 1): void {
    this.#write = write;
    this.#maxInFlight = maxInFlight;
    this.#begin();
  }

  /**
   * Resolves with the tree digest when everything that arrived is written.
   * @throws FilexError what a write failed with; `CANCELLED` after `stop`.
   */
  async finish(): Promise<Uint8Array> {
    while (this.#counting !== undefined) await this.#counting;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stopped) throw new FilexError('CANCELLED');
    return this.#tree.digest();
  }

  /** Drops what waits, at once, and resolves when no write is in flight. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#drop();
    await this.#counting;
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

  #begin(): void {
    const write = this.#write;
    if (write === undefined || this.#syncing) return;
    while (this.#begun.length < this.#maxInFlight) {
      const piece = this.#queue.shift();
      if (piece === undefined) break;
      this.#begun.push({ length: piece.bytes.length, done: this.#store(write, piece) });
    }
    if (this.#begun.length > 0) this.#counting ??= this.#count();
  }

  async #store(write: Write, piece: Arrival | Gathered): Promise<boolean> {
    const offset = this.#next;
    this.#next += piece.bytes.length;
    try {
      await write(piece.bytes, offset);
      return true;
    } catch (cause) {
      this.#fail(cause);
      return false;
    } finally {
      this.#giveBack(piece);
    }
  }

  /** Counts writes in the order of their places, whichever ends first, and begins others in their stead. */
  async #count(): Promise<void> {
    let isWhole = true;
    for (let oldest = this.#begun[0]; oldest !== undefined; oldest = this.#begun[0]) {
      // What is stored after a gap does not count.
      isWhole = (await oldest.done) && isWhole;
      if (isWhole) this.#stored += oldest.length;
      if (isWhole && !this.#stopped) await this.#tellStored();
      this.#begun.shift();
      if (this.#syncing && this.#begun.length === 0) await this.#sync();
      this.#begin();
    }
    this.#counting = undefined;
  }

  async #tellStored(): Promise<void> {
    const { onStored, isSyncDue } = this.#options;
    try {
      await onStored(this.#stored);
      this.#syncing ||= isSyncDue?.(this.#stored) ?? false;
    } catch (cause) {
      this.#fail(cause);
    }
  }

  async #sync(): Promise<void> {
    try {
      if (!this.#stopped) await this.#options.sync?.(this.#stored);
    } catch (cause) {
      this.#fail(cause);
    } finally {
      this.#syncing = false;
    }
  }

  #fail(cause: unknown): void {
    const wanted = !this.#stopped;
    this.#failure ??= FilexError.from(cause, 'IO_ERROR');
    this.#stopped = true;
    this.#drop();
    if (wanted) this.#options.onFailure(this.#failure);
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
