import { FilexError } from '../../errors.js';
import type { DigestAlgorithm } from '../../vocabulary.js';
import { digestsEqual, treeDigestOf } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { MAX_WHOLE_FILE } from '../bounds.js';
import type { Arrival, StreamEvent, StreamListener } from '../driver.js';
import type { DownloadOptions } from '../types.js';
import { acceptFault } from './accepted.js';
import { Answer, resetStream } from './answer.js';
import type { ClientContext } from './context.js';
import { onAbort } from './on-abort.js';

/** A file all of whose bytes came, verified. */
export interface SmallArrival {
  readonly accept: Messages['ACCEPT'];
  readonly bytes: Uint8Array;
  readonly digest: Uint8Array;
  readonly algorithm: DigestAlgorithm;
  /** Gives its credit back: the bytes were stored, or dropped. */
  release(): void;
}

/**
 * Fetches a small file into memory.
 * @returns undefined when it is not small after all: then the stream was given up, and nothing has happened.
 * @throws FilexError as for any download; `DIGEST_MISMATCH` when what came is not what was sent.
 */
export async function fetchSmall(
  context: ClientContext,
  path: string,
  algorithm: DigestAlgorithm,
  { signal, ifMatch }: Pick<DownloadOptions, 'signal' | 'ifMatch'>,
): Promise<SmallArrival | undefined> {
  const download = new SmallDownload(context, path, algorithm);
  await context.open(
    { operation: 'download', path, ifMatch, algorithm },
    (stream) => download.on(stream),
    signal,
  );
  const stopListening = onAbort(signal, () => download.fail(new FilexError('CANCELLED')));
  try {
    await download.answer.settled;
    return download.verified();
  } catch (error) {
    download.release();
    if (download.isLarge) return undefined;
    throw error;
  } finally {
    stopListening();
  }
}

/** One stream that brings a small file. */
class SmallDownload implements StreamListener {
  readonly answer: Answer;
  /** Whether the file was found to be larger than what is collected here. */
  isLarge = false;
  readonly #context: ClientContext;
  readonly #path: string;
  readonly #asked: DigestAlgorithm;
  #stream = 0;
  #accept: Messages['ACCEPT'] | undefined;
  #size = 0;
  /** What came; a piece that is all of the file is kept as it is, … */
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  /** … until this is called. */
  #letGo: (() => void) | undefined;
  #end: Extract<StreamEvent, { type: 'end' }> | undefined;
  /** Bytes whose credit was not given back. */
  #owed = 0;

  constructor(context: ClientContext, path: string, algorithm: DigestAlgorithm) {
    this.#context = context;
    this.#path = path;
    this.#asked = algorithm;
    this.answer = new Answer(path, () => false);
  }

  on(stream: number): this {
    this.#stream = stream;
    return this;
  }

  onEvent(event: StreamEvent): void {
    if (event.type === 'accept') this.#onAccept(event.accept);
    else if (event.type === 'end') this.#end = event;
    else this.answer.take(event);
  }

  onData({ bytes, release }: Arrival): void {
    const { length } = bytes;
    const size = this.#size;
    this.#owed += length;
    const before = this.#length;
    this.#length += length;
    if (before === 0 && length === size && length > 0) {
      this.#bytes = bytes;
      this.#letGo = release;
      return;
    }
    const isRoom = this.#length <= size;
    if (isRoom) this.#collect(bytes, before);
    release();
    if (isRoom || this.answer.given) return;
    this.fail(new FilexError('LENGTH_MISMATCH', `the server sent more than the ${size} bytes it announced`));
  }

  #collect(bytes: Uint8Array, at: number): void {
    if (this.#bytes.length < this.#size) this.#bytes = Buffer.allocUnsafe(this.#size);
    this.#bytes.set(bytes, at);
  }

  onLost(error: FilexError): void {
    this.answer.lose(error);
  }

  /** Gives up because of something on this end. */
  fail({ code, message, retry, cause }: FilexError): void {
    if (this.answer.given) return;
    resetStream(this.#context.driver, this.#stream, code);
    this.answer.fail(new FilexError(code, message, { path: this.#path, retry, cause }));
  }

  release(): void {
    this.#letGo?.();
    this.#letGo = undefined;
    this.#context.driver.consume(this.#stream, this.#owed);
    this.#owed = 0;
  }

  /** What came, after a RESULT that says that this was all. */
  verified(): SmallArrival {
    const accept = this.#accept as Messages['ACCEPT'];
    const end = this.#end as Extract<StreamEvent, { type: 'end' }>;
    const path = this.#path;
    const size = this.#size;
    if (end.length !== size || this.#length !== size) {
      const words = `the server sent ${this.#length} of the ${size} bytes it announced`;
      throw new FilexError('LENGTH_MISMATCH', words, { path });
    }
    const algorithm = accept.algorithm ?? this.#asked;
    const createHash = this.#context.hashOf(algorithm) ?? this.#context.createHash;
    const digest = treeDigestOf(this.#bytes, createHash);
    if (!digestsEqual(digest, end.digest)) throw new FilexError('DIGEST_MISMATCH', undefined, { path });
    return { accept, bytes: this.#bytes, digest, algorithm, release: () => this.release() };
  }

  #onAccept(accept: Messages['ACCEPT']): void {
    const fault = acceptFault(accept, this.#asked, this.#context);
    if (fault !== undefined) return this.fail(fault);
    const { size = 0 } = accept;
    if (size > MAX_WHOLE_FILE) {
      this.isLarge = true;
      return this.fail(new FilexError('CANCELLED'));
    }
    this.#accept = accept;
    this.#size = size;
  }
}
