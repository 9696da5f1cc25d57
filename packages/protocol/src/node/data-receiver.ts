import { FilexError } from '../errors.js';
import { type HashFactory, TreeDigest } from '../wire/digest.js';
import type { Arrival } from './driver.js';

/**
 * The receiving half of a transfer, on either end: digests what arrives, writes it in order, one write at a time, and
 * gives each piece back (credit, buffer) when it is stored. What waits here is bounded by the credit of the stream.
 */
export class DataReceiver {
  readonly #tree: TreeDigest;
  readonly #onStored: (offset: number) => void | Promise<void>;
  readonly #onFailure: (error: FilexError) => void;
  #write: ((bytes: Uint8Array) => void | Promise<void>) | undefined;
  #queue: Arrival[] = [];
  #pumping: Promise<void> | undefined;
  #stopped = false;
  #failure: FilexError | undefined;
  #stored = 0;

  /**
   * @param onStored told the offset after each write; what it returns is waited for before the next.
   * @param onFailure told once when a write fails; what arrives later is dropped.
   */
  constructor(
    createHash: HashFactory,
    onStored: (offset: number) => void | Promise<void>,
    onFailure: (error: FilexError) => void,
  ) {
    this.#tree = new TreeDigest(createHash);
    this.#onStored = onStored;
    this.#onFailure = onFailure;
  }

  /** Bytes that arrived. */
  get received(): number {
    return this.#tree.length;
  }

  push(arrival: Arrival): void {
    if (this.#stopped) {
      arrival.done();
      return;
    }
    // Digesting here, not after the write, lets the disk work on one piece while the processor works on the next.
    this.#tree.update(arrival.bytes);
    this.#queue.push(arrival);
    this.#start();
  }

  /** Where to write; pieces that came earlier have waited. */
  open(write: (bytes: Uint8Array) => void | Promise<void>): void {
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

  /** Drops what waits and resolves when no write is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#drop();
    await this.#pumping;
  }

  #start(): void {
    if (this.#pumping !== undefined || this.#write === undefined || this.#queue.length === 0) return;
    this.#pumping = this.#pump(this.#write);
  }

  async #pump(write: (bytes: Uint8Array) => void | Promise<void>): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue;
        this.#queue = [];
        for (const arrival of batch) await this.#store(write, arrival);
      }
    } catch (cause) {
      const wanted = !this.#stopped;
      this.#failure = FilexError.from(cause, 'IO_ERROR');
      this.#stopped = true;
      this.#drop();
      if (wanted) this.#onFailure(this.#failure);
    } finally {
      this.#pumping = undefined;
    }
  }

  async #store(write: (bytes: Uint8Array) => void | Promise<void>, arrival: Arrival): Promise<void> {
    const { length } = arrival.bytes;
    try {
      if (this.#stopped) return;
      await write(arrival.bytes);
    } finally {
      arrival.done();
    }
    this.#stored += length;
    await this.#onStored(this.#stored);
  }

  #drop(): void {
    for (const arrival of this.#queue) arrival.done();
    this.#queue = [];
  }
}
