import { FilexError } from '../../errors.js';
import { isFenced, openUpload, type StagedUpload } from '../../machine/staged-upload.js';
import type { DigestAlgorithm } from '../../vocabulary.js';
import type { UploadOutcome, UploadReceiver } from '../types.js';

/** What RESULT tells of a commit; `path` only when it is not the one that was asked for. */
export interface Committed extends Omit<UploadOutcome, 'path'> {
  readonly path: string | undefined;
  /** Of the file. */
  readonly bytes: number;
  readonly digest: string;
  readonly algorithm: DigestAlgorithm;
  /** When; microseconds since 1970. */
  readonly time: number;
}

/** One stream of an upload. */
interface Stream {
  readonly epoch: number;
  supersede(): void;
}

/** What a server keeps of one upload operation: what the machine says of it, the bytes, and their digests. */
export class RememberedUpload {
  #upload: StagedUpload<Committed> | undefined;
  readonly #streams = new Set<Stream>();
  #lastTurn: Promise<void> = Promise.resolve();
  /** Streams that have the turn or wait for it. */
  #turns = 0;
  /** Takes the bytes. Only who has the turn may use it. */
  receiver: UploadReceiver | undefined;
  /** The digest of each whole block that came. */
  leaves: Uint8Array[] = [];

  /** Set by each step of the machine; there is one as soon as a stream has entered. */
  get upload(): StagedUpload<Committed> {
    if (this.#upload === undefined) throw new RangeError('no stream has entered');
    return this.#upload;
  }

  set upload(upload: StagedUpload<Committed>) {
    this.#upload = upload;
  }

  /** Whether a stream is at work on it. */
  get busy(): boolean {
    return this.#streams.size > 0;
  }

  /**
   * Takes a stream in; every older one that is not committing is superseded.
   * @param request what OPEN asks for, in one notation.
   * @returns its epoch, and how to leave.
   * @throws FilexError `OPERATION_MISMATCH`.
   */
  enter(
    request: string,
    offset: number,
    supersede: () => void,
  ): { readonly epoch: number; readonly leave: () => void } {
    const { upload, answer } = openUpload(this.#upload, { request, offset });
    if (answer === 'mismatch') throw new FilexError('OPERATION_MISMATCH');
    this.#upload = upload;
    const stream: Stream = { epoch: upload.epoch, supersede };
    for (const other of this.#streams) if (isFenced(upload, other.epoch)) other.supersede();
    this.#streams.add(stream);
    return { epoch: stream.epoch, leave: () => void this.#streams.delete(stream) };
  }

  /**
   * The turn, with how to pass it on, when every stream that came before is done with the receiver: at once, if there is
   * none.
   */
  turn(): (() => void) | Promise<() => void> {
    const free = this.#turns === 0;
    this.#turns += 1;
    const before = this.#lastTurn;
    let end = (): void => undefined;
    this.#lastTurn = new Promise((resolve) => {
      end = resolve;
    });
    const pass = (): void => {
      this.#turns -= 1;
      end();
    };
    return free ? pass : before.then(() => pass);
  }

  /** Drops what is staged. What a store cannot clean up it tells by itself. */
  async drop(reason: FilexError): Promise<void> {
    const { receiver } = this;
    this.receiver = undefined;
    this.leaves = [];
    try {
      await receiver?.abort(reason);
    } catch {
      // See above.
    }
  }
}
