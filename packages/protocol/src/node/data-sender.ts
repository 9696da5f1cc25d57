import { FilexError } from '../errors.js';
import { type HashFactory, TreeDigest } from '../wire/digest.js';
import { HEADER_SIZE } from '../wire/frame.js';
import { SLAB_PAYLOAD } from './bounds.js';
import type { Driver } from './driver.js';

/** A piece of a file on its way out; `release` is called when nobody looks at `bytes` any more. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** The same with room before them for the header of a frame, so that both are sent as one. Undefined: there is no room. */
  readonly framed?: Uint8Array | undefined;
  readonly release: () => void;
}

/** Yields a file piece by piece. `close` is the last call. */
export interface PieceSource {
  /** Whether the next piece takes memory of ours: then it is only asked for when it can be sent. */
  readonly takesMemory: boolean;
  /** The next piece, of at most `room` bytes if it takes memory of ours. */
  next(room: number): Promise<Piece | undefined>;
  /** Makes a `next` that is under way resolve soon, with undefined. */
  cancel?(): void;
  close(): Promise<void>;
}

export interface Sent {
  /** Bytes. */
  readonly length: number;
  readonly digest: Uint8Array;
}

/** A piece, and whether it holds a turn. */
interface Taken {
  readonly piece: Piece;
  readonly inTurn: boolean;
}

const nothing = (): void => undefined;

/**
 * The sending half of a transfer, on either end: takes pieces from a source, digests them, and writes them to the stream
 * as credit and socket allow, without copying. The caller sends END and what follows.
 */
export class DataSender {
  readonly #driver: Driver;
  readonly #stream: number;
  readonly #tree: TreeDigest;
  readonly #onSent: (offset: number) => void;
  #source: PieceSource | undefined;
  #wake: (() => void) | undefined;
  #cancelled = false;
  #written = 0;
  /** Where in all that the connection sends the last of that ended. */
  #writtenAt = 0;

  /** @param onBlock told the digest of each block as it is complete, in order; what it throws ends `run`. */
  constructor(
    driver: Driver,
    stream: number,
    createHash: HashFactory,
    onSent: (offset: number) => void,
    onBlock?: (leaf: Uint8Array, index: number) => void,
  ) {
    this.#driver = driver;
    this.#stream = stream;
    this.#tree = new TreeDigest(createHash, onBlock);
    this.#onSent = onSent;
  }

  /** Bytes that were written to the connection. */
  get written(): number {
    return this.#written;
  }

  /** Whether all of these have left, and there is no credit for more. */
  get waitsForCredit(): boolean {
    const { queued, inFlight } = this.#driver;
    return queued - inFlight >= this.#writtenAt && this.#driver.lacksCredit(this.#stream);
  }

  /** Goes on after what the other end has already. Before anything is sent. */
  goOnAfter({ leaves, tail }: { readonly leaves: readonly Uint8Array[]; readonly tail: Uint8Array }): void {
    for (const leaf of leaves) this.#tree.appendLeaf(leaf);
    this.#tree.update(tail);
  }

  /** Stops sending; `run` resolves with undefined soon after. */
  cancel(): void {
    this.#cancelled = true;
    this.#source?.cancel?.();
    this.#wake?.();
  }

  /**
   * Sends the whole source; undefined when it was cancelled.
   * @throws what the source throws, and `LENGTH_MISMATCH` as soon as there is more than `size`.
   */
  async run(source: PieceSource, size: number | undefined): Promise<Sent | undefined> {
    this.#source = source;
    let ahead: Promise<Taken | undefined> | undefined;
    try {
      while (!this.#cancelled) {
        const taken = await (ahead ?? this.#next(source));
        ahead = undefined;
        if (taken !== undefined) {
          // The disk works on the next piece while the processor and the socket work on this one.
          ahead = this.#nextAhead(source, taken.piece.bytes.length);
          await this.#send(taken, size);
        } else if (!this.#cancelled) {
          return this.#end(size);
        }
      }
      return undefined;
    } finally {
      await ahead?.then((taken) => taken && this.#giveBack(taken), nothing);
    }
  }

  #end(size: number | undefined): Sent {
    const { length } = this.#tree;
    if (size !== undefined && length !== size) {
      throw new FilexError('LENGTH_MISMATCH', `the source has ${length} bytes where ${size} were announced`);
    }
    return { length, digest: this.#tree.digest() };
  }

  async #next(source: PieceSource): Promise<Taken | undefined> {
    if (source.takesMemory) {
      const room = await this.#turn();
      return room === 0 ? undefined : await this.#nextInTurn(source, room);
    }
    const piece = await source.next(0);
    return piece && { piece, inTurn: false };
  }

  /** The piece after one of `before` bytes that is not sent yet, if it can be had right now. */
  #nextAhead(source: PieceSource, before: number): Promise<Taken | undefined> | undefined {
    if (!source.takesMemory) return undefined;
    const room = this.#driver.tryTurn(this.#stream, before);
    if (room === 0) return undefined;
    const ahead = this.#nextInTurn(source, room);
    // Its failure is told when it is awaited; until then it must not count as unhandled.
    ahead.catch(nothing);
    return ahead;
  }

  async #nextInTurn(source: PieceSource, room: number): Promise<Taken | undefined> {
    let piece: Piece | undefined;
    try {
      piece = await source.next(room);
    } finally {
      if (piece === undefined) this.#driver.endTurn();
    }
    return piece && { piece, inTurn: true };
  }

  #giveBack({ piece, inTurn }: Taken): void {
    this.#driver.onSent(piece.release);
    if (inTurn) this.#driver.endTurn();
  }

  async #send(taken: Taken, size: number | undefined): Promise<void> {
    const { piece } = taken;
    const { length } = piece.bytes;
    try {
      if (this.#cancelled) return;
      if (size !== undefined && this.#tree.length + length > size) {
        throw new FilexError(
          'LENGTH_MISMATCH',
          `the source has more than the ${size} bytes that were announced`,
        );
      }
      for (let at = 0; at < length; ) {
        // Not all at once: digesting what a caller has in one buffer could hold up everything else for seconds.
        const end = Math.min(length, at + SLAB_PAYLOAD);
        this.#tree.update(piece.bytes.subarray(at, end));
        while (at < end) {
          const writing = this.#write(piece, at, end);
          const count = typeof writing === 'number' ? writing : await writing;
          if (count === 0) return;
          at += count;
          this.#onSent(this.#tree.length - end + at);
        }
      }
    } finally {
      this.#giveBack(taken);
    }
  }

  /** Waits for leave to take memory; resolves with how much can be sent, or 0 when it was cancelled. */
  #turn(): Promise<number> {
    return new Promise((resolve) => {
      this.#wake = () => resolve(0);
      this.#driver.requestTurn(this.#stream, (room) => {
        if (this.#cancelled) this.#driver.endTurn();
        else resolve(room);
      });
    });
  }

  /** Writes what it can of the piece, at once if it can; tells how much, or 0 when it was cancelled. */
  #write(piece: Piece, at: number, end: number): number | Promise<number> {
    if (this.#cancelled) return 0;
    let count = 0;
    let tell: ((count: number) => void) | undefined;
    this.#driver.requestRoom(this.#stream, 1, (room) => {
      // Room may come to a request that was left behind by a cancellation: the buffer is no longer ours then.
      if (this.#cancelled) return;
      const { connection } = this.#driver;
      count = Math.min(room, connection.maxDataPayload, end - at);
      // Further on in a piece, the room before is payload that may still be under way.
      if (at === 0 && piece.framed !== undefined) {
        connection.writeFramed(this.#stream, piece.framed.subarray(0, HEADER_SIZE + count));
      } else {
        connection.write(this.#stream, piece.bytes.subarray(at, at + count));
      }
      this.#written += count;
      this.#writtenAt = this.#driver.queued;
      tell?.(count);
    });
    if (count > 0) return count;
    return new Promise((resolve) => {
      tell = resolve;
      this.#wake = () => resolve(0);
    });
  }
}
