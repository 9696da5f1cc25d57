import { FilexError } from '../errors.js';
import { type HashFactory, TreeDigest } from '../wire/digest.js';
import type { Driver } from './driver.js';

/** A piece of a file on its way out; `release` is called when nobody looks at `bytes` any more. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly release: () => void;
}

/** Yields a file piece by piece. `close` is the last call. */
export interface PieceSource {
  next(): Promise<Piece | undefined>;
  close(): Promise<void>;
}

export interface Sent {
  /** Bytes. */
  readonly length: number;
  readonly digest: Uint8Array;
}

/**
 * The sending half of a transfer, on either end: takes pieces from a source, digests them, and writes them to the stream
 * as credit and socket allow, without copying. The caller sends END and what follows.
 */
export class DataSender {
  readonly #driver: Driver;
  readonly #stream: number;
  readonly #tree: TreeDigest;
  readonly #onSent: (offset: number) => void;
  #wake: (() => void) | undefined;
  #cancelled = false;

  constructor(driver: Driver, stream: number, createHash: HashFactory, onSent: (offset: number) => void) {
    this.#driver = driver;
    this.#stream = stream;
    this.#tree = new TreeDigest(createHash);
    this.#onSent = onSent;
  }

  /** Stops sending; `run` resolves with undefined soon after. */
  cancel(): void {
    this.#cancelled = true;
    this.#wake?.();
  }

  /**
   * Sends the whole source; undefined when it was cancelled.
   * @throws what the source throws, and `LENGTH_MISMATCH` as soon as there is more than `size`.
   */
  async run(source: PieceSource, size: number | undefined): Promise<Sent | undefined> {
    while (!this.#cancelled) {
      const piece = await source.next();
      if (piece === undefined) {
        if (size !== undefined && this.#tree.length !== size) {
          throw new FilexError(
            'LENGTH_MISMATCH',
            `the source has ${this.#tree.length} bytes where ${size} were announced`,
          );
        }
        return { length: this.#tree.length, digest: this.#tree.digest() };
      }
      await this.#send(piece, size);
    }
    return undefined;
  }

  async #send(piece: Piece, size: number | undefined): Promise<void> {
    const { bytes } = piece;
    try {
      if (this.#cancelled) return;
      if (size !== undefined && this.#tree.length + bytes.length > size) {
        throw new FilexError(
          'LENGTH_MISMATCH',
          `the source has more than the ${size} bytes that were announced`,
        );
      }
      const start = this.#tree.length;
      this.#tree.update(bytes);
      let at = 0;
      while (at < bytes.length && !this.#cancelled) {
        at += await this.#write(bytes, at);
        this.#onSent(start + at);
      }
    } finally {
      this.#driver.onSent(piece.release);
    }
  }

  #write(bytes: Uint8Array, at: number): Promise<number> {
    return new Promise((resolve) => {
      this.#wake = () => resolve(0);
      this.#driver.requestRoom(this.#stream, 1, (room) => {
        // Room may come to a request that was left behind by a cancellation: the buffer is no longer ours then.
        if (this.#cancelled) return;
        const { connection } = this.#driver;
        const count = Math.min(room, connection.maxDataPayload, bytes.length - at);
        connection.write(this.#stream, count === bytes.length ? bytes : bytes.subarray(at, at + count));
        resolve(count);
      });
    });
  }
}
