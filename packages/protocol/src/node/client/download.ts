import { FilexError } from '../../errors.js';
import type { DigestAlgorithm, Entry } from '../../vocabulary.js';
import { BLOCK_SIZE, digestsEqual, type HashFactory, TreeDigest } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { MAX_WHOLE_FILE } from '../bounds.js';
import { DataReceiver, type Write } from '../data-receiver.js';
import type { Arrival, StreamEvent } from '../driver.js';
import type { DownloadInfo, DownloadOptions, Progress, SinkOutcome, TransferResult } from '../types.js';
import { acceptFault, entryOf } from './accepted.js';
import { Answer, operationError, resetStream } from './answer.js';
import type { ClientContext } from './context.js';
import { onAbort } from './on-abort.js';
import type { Destination, StoppableSink } from './sinks.js';
import { fetchSmall, type SmallArrival } from './small-download.js';
import { isSkip } from './upload.js';

/** Downloads one file. The sink is told to commit only what was verified end to end. */
export async function download(
  context: ClientContext,
  path: string,
  destination: Destination,
  options: DownloadOptions,
): Promise<TransferResult> {
  const transfer = new Download(path, destination, options);
  try {
    return await transfer.attempt(context);
  } catch (error) {
    await transfer.abandon(error);
    throw error;
  }
}

/** What of a file is there already. */
interface Before {
  /** The digests of its whole blocks. */
  readonly leaves: readonly Uint8Array[];
  /** What is there of the next one. */
  readonly tail: Uint8Array;
}

/** One download, over as many connections as it needs. */
export class Download {
  readonly #path: string;
  readonly #destination: Destination;
  readonly #options: DownloadOptions;
  readonly #remembers: boolean;
  #algorithm: DigestAlgorithm | undefined;
  /** The digests of the whole blocks that the sink has. */
  #leaves: Uint8Array[] | undefined;
  /** What the sink has of the next one, where it cannot be read back. */
  #tail = new Tail();
  /** Bytes that the sink has. */
  #stored = 0;
  #sink: StoppableSink | undefined;
  /** What the sink was told of. */
  #entry: Entry | undefined;
  #committed = false;
  /** Whether all that came was dropped in the last attempt, since something of it is broken. */
  #dropped = false;

  /** @param remembers whether there may be more than one attempt. */
  constructor(path: string, destination: Destination, options: DownloadOptions, remembers = false) {
    this.#path = path;
    this.#destination = destination;
    this.#options = options;
    this.#remembers = remembers;
  }

  /**
   * Makes one attempt; the sink keeps what it got until {@link abandon}.
   * @param patience tells a signal that aborts when there will be no other attempt; undefined when there will be none anyway.
   */
  async attempt(context: ClientContext, patience?: () => AbortSignal): Promise<TransferResult> {
    const { signal, ifExists } = this.#options;
    this.#dropped = false;
    try {
      return await this.#attempt(context, patience);
    } catch (error) {
      if (isSkip(error, ifExists)) {
        const { algorithm } = context;
        return { outcome: 'skipped', path: this.#path, size: 0, digest: undefined, algorithm };
      }
      const failure = operationError(error, signal, this.#path);
      if (failure.code === 'DIGEST_MISMATCH') await this.#drop();
      throw failure;
    }
  }

  /** A download changes nothing on the other end. */
  readonly effect = 'none';

  /** Whether the bytes were broken on their way, or where they were kept, and can be asked for again. */
  wantsRepeat({ code }: FilexError): boolean {
    return code === 'DIGEST_MISMATCH' && this.#dropped;
  }

  /** Whether another attempt could do it. */
  canRepeat(): boolean {
    return !this.#committed;
  }

  /** The download has failed for good. */
  async abandon(reason: unknown): Promise<void> {
    if (this.#committed) return; // A commit that fails cleans up after itself.
    try {
      await this.#sink?.abort?.(FilexError.from(reason));
    } catch {
      // Why the download failed is what its caller must know; that the sink did not even end well is not.
    }
  }

  async #attempt(context: ClientContext, patience: (() => AbortSignal) | undefined): Promise<TransferResult> {
    const algorithm = this.#algorithm ?? context.algorithm;
    const createHash = context.hashOf(algorithm) ?? context.createHash;
    this.#algorithm = algorithm;
    const small = await this.#fetchSmall(context, algorithm);
    if (small !== undefined) return this.#store(small);
    if (this.#leaves === undefined) {
      const { signal } = this.#options;
      this.#leaves = [...((await this.#destination.recall?.(createHash, signal)) ?? [])];
      this.#stored = this.#leaves.length * BLOCK_SIZE;
    }
    const before = { leaves: [...this.#leaves], tail: await this.#readTail() };
    const stream = new DownloadStream(context, this.#path, this.#options, {
      algorithm,
      before,
      onStored: (stored, leaves) => this.#onStored(stored, leaves),
    });
    return stream.run({
      open: (accept) => this.#open(accept),
      commit: (info) => {
        // From here on the sink decides.
        this.#committed = true;
        return this.#sink?.commit?.(info);
      },
      leave: () => this.#waitForWrites(stream, patience),
    });
  }

  /** All of a file that is known to be small, where it can be stored at once. */
  async #fetchSmall(context: ClientContext, algorithm: DigestAlgorithm): Promise<SmallArrival | undefined> {
    const { size = Number.POSITIVE_INFINITY } = this.#options;
    if (size > MAX_WHOLE_FILE || this.#destination.store === undefined || this.#sink !== undefined)
      return undefined;
    return fetchSmall(context, this.#path, algorithm, this.#options);
  }

  async #store({ accept, bytes, digest, algorithm, release }: SmallArrival): Promise<TransferResult> {
    // From here on the destination decides.
    this.#committed = true;
    const size = bytes.length;
    const store = this.#destination.store as NonNullable<Destination['store']>;
    try {
      if (size > 0) tellProgress(this.#options, { transferred: size, acknowledged: size, total: size });
      const { outcome, path } = await store(entryOf(this.#path, accept), bytes);
      return { outcome, path, size, digest: Buffer.from(digest).toString('hex'), algorithm };
    } finally {
      release();
    }
  }

  /** Where to write what comes after ACCEPT. */
  async #open(accept: Messages['ACCEPT']): Promise<Writer> {
    const entry = entryOf(this.#path, accept);
    const goesOn = accept.offset === this.#stored;
    if (this.#sink === undefined) {
      if (!goesOn) this.#forget();
      this.#sink = await this.#destination.open(entry, accept.offset);
    } else if (this.#sink.restart !== undefined) {
      if (goesOn) await this.#sink.cut?.(accept.offset);
      else {
        await this.#sink.restart();
        this.#forget();
      }
    } else if (!goesOn || !isSameVersion(entry, this.#entry as Entry)) {
      // What was given away cannot be taken back.
      throw new FilexError('SOURCE_CHANGED', 'the file changed while it was downloaded', {
        path: this.#path,
      });
    }
    this.#entry = entry;
    this.#algorithm = accept.algorithm ?? this.#algorithm;
    const sink = this.#sink;
    if (!this.#remembers || sink.readBack !== undefined) {
      return { write: (bytes, offset) => sink.write(bytes, offset), maxInFlight: sink.maxWritesInFlight };
    }
    const write = async (bytes: Uint8Array, offset: number): Promise<void> => {
      await sink.write(bytes, offset);
      this.#tail.add(bytes);
    };
    return { write, maxInFlight: 1 };
  }

  /** The digest of the whole is not the right one, and nothing tells which block is to blame: none counts. */
  async #drop(): Promise<void> {
    if (!this.#remembers || this.#committed) return;
    const sink = this.#sink;
    // Without one, what came was only in memory.
    if (sink !== undefined && sink.restart === undefined) return;
    await sink?.restart?.();
    this.#forget();
    this.#dropped = true;
  }

  #forget(): void {
    this.#leaves = [];
    this.#stored = 0;
  }

  async #readTail(): Promise<Uint8Array> {
    const length = this.#stored % BLOCK_SIZE;
    if (length === 0) return new Uint8Array(0);
    return (await this.#sink?.readBack?.(this.#stored - length, length)) ?? this.#tail.last(length);
  }

  /** @param leaves the digests of whole blocks that came, those before this attempt included. */
  async #onStored(stored: number, leaves: readonly Uint8Array[]): Promise<void> {
    this.#stored = stored;
    const kept = this.#leaves as Uint8Array[];
    while ((kept.length + 1) * BLOCK_SIZE <= stored) {
      const leaf = leaves[kept.length] as Uint8Array;
      kept.push(leaf);
      await this.#sink?.blockWritten?.(leaf);
    }
  }

  /** After the end of a stream. What was being written counts, if there may be another attempt; else it is not waited for. */
  async #waitForWrites(stream: DownloadStream, patience: (() => AbortSignal) | undefined): Promise<void> {
    const stop = (): void => this.#sink?.stop?.();
    const stopListening = patience === undefined ? stop() : onAbort(patience(), stop);
    try {
      await stream.stop();
    } finally {
      stopListening?.();
    }
  }
}

/** The last bytes that were written, as many as are in one block at most. */
class Tail {
  #bytes = Buffer.alloc(0);
  #length = 0;

  add(bytes: Uint8Array): void {
    const added = bytes.subarray(Math.max(0, bytes.length - BLOCK_SIZE));
    if (this.#length + added.length > this.#bytes.length) this.#makeRoom(added.length);
    this.#bytes.set(added, this.#length);
    this.#length += added.length;
  }

  /** A copy of the last `length` bytes. */
  last(length: number): Uint8Array {
    return Uint8Array.from(this.#bytes.subarray(this.#length - length, this.#length));
  }

  /** Keeps one block, and has room for as much again: so nothing is copied more than once. */
  #makeRoom(added: number): void {
    const kept = this.#bytes.subarray(Math.max(0, this.#length - BLOCK_SIZE), this.#length);
    const size = Math.min(2 * BLOCK_SIZE, 2 * (kept.length + added));
    const wider = Buffer.allocUnsafe(size);
    wider.set(kept);
    this.#bytes = wider;
    this.#length = kept.length;
  }
}

/** Where what comes is written. */
interface Writer {
  readonly write: Write;
  /** Default: 1. */
  readonly maxInFlight: number | undefined;
}

/** What a stream tells the download that it is for. */
interface Course {
  /** Makes ready for what comes after ACCEPT; resolves with where to write it. */
  open(accept: Messages['ACCEPT']): Promise<Writer>;
  commit(info: DownloadInfo): Promise<SinkOutcome | undefined> | undefined;
  /** The stream is of no use any more. */
  leave(): Promise<void>;
}

/** One attempt at a download: a stream of one connection. */
class DownloadStream {
  readonly #context: ClientContext;
  readonly #path: string;
  readonly #options: DownloadOptions;
  readonly #asked: DigestAlgorithm;
  readonly #before: Before;
  readonly #onStored: (stored: number, leaves: readonly Uint8Array[]) => Promise<void>;
  readonly #leaves: Uint8Array[] = [];
  readonly #answer: Answer;
  readonly #accepted: Promise<Messages['ACCEPT']>;
  #accept!: (accept: Messages['ACCEPT']) => void;
  #receiver: DataReceiver | undefined;
  #size = 0;
  #end: { readonly length: number; readonly digest: Uint8Array } | undefined;
  /** What went wrong on this end. The server is told, and not waited for. */
  #failure: FilexError | undefined;
  /** Rejects what `run` waits for. */
  #interrupt: ((error: FilexError) => void) | undefined;
  #stream = 0;
  /** Whether the sink is what this stream says it is: as long as what was there before, or empty. */
  #writing = false;

  constructor(
    context: ClientContext,
    path: string,
    options: DownloadOptions,
    from: {
      readonly algorithm: DigestAlgorithm;
      readonly before: Before;
      readonly onStored: (stored: number, leaves: readonly Uint8Array[]) => Promise<void>;
    },
  ) {
    this.#context = context;
    this.#path = path;
    this.#options = options;
    this.#asked = from.algorithm;
    this.#before = from.before;
    this.#onStored = from.onStored;
    this.#answer = new Answer(path, () => false);
    this.#accepted = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#answer.settled.catch(reject);
    });
    this.#accepted.catch(() => undefined);
  }

  async run(course: Course): Promise<TransferResult> {
    const { signal, ifMatch } = this.#options;
    this.#stream = await this.#context.open(
      { operation: 'download', path: this.#path, ifMatch, algorithm: this.#asked, ...this.#goOn() },
      () => ({
        onEvent: (event) => this.#onEvent(event),
        onData: (arrival) => this.#onData(arrival),
        onLost: (error) => this.#answer.lose(error),
      }),
      signal,
    );
    const stopListening = onAbort(signal, () => this.#fail(new FilexError('CANCELLED')));
    try {
      const accept = await this.#until(this.#accepted);
      const { write, maxInFlight } = await course.open(accept);
      if (this.#failure !== undefined) throw this.#failure;
      const receiver = this.#receiver as DataReceiver;
      this.#writing = true;
      receiver.open(write, maxInFlight);
      await this.#until(this.#answer.settled);
      const digest = await this.#until(receiver.finish());
      const verified = this.#verify(digest);
      const info = {
        entry: entryOf(this.#path, accept),
        digest: verified,
        algorithm: this.#algorithm(accept),
      };
      return this.#result(accept, verified, await course.commit(info));
    } catch (error) {
      resetStream(this.#context.driver, this.#stream, 'CANCELLED');
      await course.leave();
      throw error;
    } finally {
      stopListening();
    }
  }

  /** Resolves when nothing is being written any more, and it is known what was. */
  async stop(): Promise<void> {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    await receiver.stop();
    if (this.#writing) await this.#onStored(receiver.stored, this.#leaves);
  }

  /** What of the file is there, for OPEN. */
  #goOn(): { readonly offset?: number; readonly prefix?: Uint8Array } {
    const { leaves, tail } = this.#before;
    const offset = leaves.length * BLOCK_SIZE + tail.length;
    if (offset === 0) return {};
    const tree = new TreeDigest(this.#context.hashOf(this.#asked) ?? this.#context.createHash);
    for (const leaf of leaves) tree.appendLeaf(leaf);
    tree.update(tail);
    return { offset, prefix: tree.digest() };
  }

  /** Waits for something, but no longer than this end goes on. */
  #until<T>(awaited: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      this.#interrupt = reject;
      awaited.then(resolve, reject);
    });
  }

  #result(accept: Messages['ACCEPT'], digest: Uint8Array, sunk: SinkOutcome | undefined): TransferResult {
    return {
      outcome: sunk?.outcome ?? 'read',
      path: sunk?.path ?? this.#path,
      size: this.#size,
      digest: Buffer.from(digest).toString('hex'),
      algorithm: this.#algorithm(accept),
    };
  }

  #algorithm(accept: Messages['ACCEPT']): DigestAlgorithm {
    return accept.algorithm ?? this.#asked;
  }

  #onEvent(event: StreamEvent): void {
    if (event.type === 'accept') this.#onAccept(event.accept);
    else if (event.type === 'end') this.#end = event;
    else this.#answer.take(event);
  }

  #onAccept(accept: Messages['ACCEPT']): void {
    const fault = acceptFault(accept, this.#asked, this.#context);
    if (fault !== undefined) return this.#fail(fault);
    const createHash = this.#context.hashOf(this.#algorithm(accept)) as HashFactory;
    this.#size = accept.size as number;
    this.#receiver = new DataReceiver({
      createHash,
      consume: (count) => this.#context.driver.consume(this.#stream, count),
      onStored: async (stored) => {
        await this.#onStored(stored, this.#leaves);
        this.#tell(stored);
      },
      onFailure: (error) => this.#fail(error),
      onBlock: (leaf) => this.#leaves.push(leaf),
    });
    if (accept.offset > 0) {
      this.#leaves.push(...this.#before.leaves);
      this.#receiver.goOnAfter(this.#before.leaves, this.#before.tail);
    }
    this.#accept(accept);
  }

  #onData(arrival: Arrival): void {
    const { length } = arrival.bytes;
    const receiver = this.#receiver;
    const tooMuch = receiver !== undefined && receiver.received + length > this.#size;
    if (receiver !== undefined && this.#failure === undefined && !tooMuch) {
      receiver.push(arrival);
      return;
    }
    arrival.release();
    this.#context.driver.consume(this.#stream, length);
    if (!tooMuch) return;
    this.#fail(
      new FilexError('LENGTH_MISMATCH', `the server sent more than the ${this.#size} bytes it announced`),
    );
  }

  #fail({ code, message, retry, cause }: FilexError): void {
    if (this.#failure !== undefined) return;
    this.#failure = new FilexError(code, message, { path: this.#path, retry, cause });
    resetStream(this.#context.driver, this.#stream, code);
    this.#interrupt?.(this.#failure);
  }

  /** @throws FilexError when the bytes are not the announced ones. */
  #verify(digest: Uint8Array): Uint8Array {
    const end = this.#end;
    const path = this.#path;
    if (end === undefined || end.length !== this.#size) {
      const got = end?.length ?? 0;
      throw new FilexError(
        'LENGTH_MISMATCH',
        `the server sent ${got} of the ${this.#size} bytes it announced`,
        { path },
      );
    }
    if (!digestsEqual(digest, end.digest)) throw new FilexError('DIGEST_MISMATCH', undefined, { path });
    return digest;
  }

  #tell(stored: number): void {
    const transferred = this.#receiver?.received ?? 0;
    tellProgress(this.#options, { transferred, acknowledged: stored, total: this.#size });
  }
}

function tellProgress({ onProgress }: DownloadOptions, progress: Progress): void {
  try {
    onProgress?.(progress);
  } catch (error) {
    throw FilexError.from(error); // The caller's defect, not one of the sink.
  }
}

/** Whether two descriptions are of the same version of a file, as far as can be told. */
function isSameVersion(a: Entry, b: Entry): boolean {
  return a.size === b.size && a.mtime === b.mtime && a.etag === b.etag;
}
