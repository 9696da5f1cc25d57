import { FilexError } from '../../errors.js';
import { isFenced, openUpload, recoverUpload, type StagedUpload } from '../../machine/staged-upload.js';
import type { DigestAlgorithm } from '../../vocabulary.js';
import { BLOCK_SIZE } from '../../wire/digest.js';
import type { RecalledUpload, UploadCommit, UploadOutcome, UploadReceiver } from '../types.js';

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
  /** Has taken them, and published the file. */
  #published: Pick<UploadReceiver, 'fence'> | undefined;
  /** The digest of each whole block that came. */
  leaves: Uint8Array[] = [];
  /** How many of these the receiver was told: with more it cannot go on. */
  blocks = 0;
  /** What is kept of it elsewhere, until a stream goes on with that. */
  #recalled: RecalledUpload | undefined;
  #recalling: Promise<void> | undefined;

  /** Set by each step of the machine; there is one as soon as a stream has entered. */
  get upload(): StagedUpload<Committed> {
    if (this.#upload === undefined) throw new RangeError('no stream has entered');
    return this.#upload;
  }

  set upload(upload: StagedUpload<Committed>) {
    this.#upload = upload;
  }

  /**
   * Finds out what is kept of it elsewhere, before the first stream enters; all that come meanwhile wait for the same answer.
   * @param ask called once.
   */
  recall(ask: () => Promise<RecalledUpload | undefined>, path: string): Promise<void> | undefined {
    // What streams are at work on nobody else has.
    if (this.#streams.size > 0) return undefined;
    this.#recalling ??= ask()
      .then((recalled) => this.#restore(recalled, path))
      .finally(() => {
        this.#recalling = undefined;
      });
    return this.#recalling;
  }

  #restore(recalled: RecalledUpload | undefined, path: string): void {
    if (recalled === undefined) return;
    const { arguments: request, leaves, committed } = recalled;
    // Attempts that have left nothing to keep were counted here.
    const epoch = Math.max(recalled.epoch, this.#upload?.epoch ?? 0);
    const tombstone = committed && {
      claim: { length: committed.commit.length, digest: hexOf(committed.commit.digest) },
      result: committedOf(committed.commit, committed.outcome, path),
    };
    const durable = leaves.length * BLOCK_SIZE;
    this.#recalled = recalled;
    this.leaves = [...leaves];
    this.blocks = leaves.length;
    this.#upload = recoverUpload({ request, epoch, durable, intent: undefined, tombstone }, undefined);
  }

  /** Whether there is nothing of it but that it was tried. */
  get isEmpty(): boolean {
    return this.#upload?.state === 'empty';
  }

  /** Makes ready to go on with what is kept elsewhere, if that is so. Only for who has the turn. */
  async resume(): Promise<void> {
    if (!this.#isRecalled) return;
    const recalled = this.#recalled as RecalledUpload;
    this.#recalled = undefined;
    this.receiver = await recalled.resume();
  }

  /** Whether there are bytes elsewhere. */
  get #isRecalled(): boolean {
    return this.#recalled !== undefined && this.#recalled.committed === undefined;
  }

  /** Writes down that `epoch` is in charge, before it is told. */
  async fence(epoch: number): Promise<void> {
    const keeper = this.#recalled ?? this.receiver ?? this.#published;
    await keeper?.fence?.(epoch);
  }

  /** The commit begins: nobody else may write, truncate or drop any more. */
  takeReceiver(): void {
    this.#published = this.receiver;
    this.receiver = undefined;
    this.leaves = [];
  }

  /** It was published in one piece. */
  publishedBy(receiver: Pick<UploadReceiver, 'fence'>): void {
    this.#published = receiver;
  }

  /** Nobody is at work on it any more: what is staged is kept elsewhere, or dropped where that cannot be. */
  async letGo(): Promise<void> {
    const { receiver } = this;
    this.receiver = undefined;
    this.leaves = [];
    try {
      if (receiver?.suspend === undefined) await receiver?.abort(new FilexError('CONNECTION_LOST'));
      else await receiver.suspend();
    } catch {
      // As in `drop`; what could not be kept is sent again.
    }
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
    try {
      if (this.#isRecalled) await this.resume();
      const { receiver } = this;
      this.receiver = undefined;
      this.leaves = [];
      await receiver?.abort(reason);
    } catch {
      // See above.
    }
  }
}

/** What RESULT tells of a commit to who asked for `path`. */
export function committedOf(
  { length, digest, algorithm }: UploadCommit,
  { outcome, path, etag, time = Date.now() * 1000 }: UploadOutcome,
  asked: string,
): Committed {
  return {
    outcome,
    path: path === asked ? undefined : path,
    etag,
    bytes: length,
    digest: hexOf(digest),
    algorithm,
    time,
  };
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
