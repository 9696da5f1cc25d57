import { FilexError } from '../../errors.js';
import type { DigestAlgorithm, Entry, Outcome } from '../../vocabulary.js';
import { BLOCK_SIZE, digestsEqual, rootOf } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { DataReceiver } from '../data-receiver.js';
import type { Arrival, StreamEvent } from '../driver.js';
import type { DownloadOptions, DownloadSink, TransferResult } from '../types.js';
import { Answer, onAbort, operationError, resetStream } from './answer.js';
import type { ClientContext } from './context.js';
import { isSkip } from './upload.js';

/** A sink whose writes may wait for somebody who never comes. */
export interface StoppableSink extends DownloadSink {
  /** The download has failed: makes a write that is under way settle. */
  stop?(): void;
}

/** Makes the sink, now that it is known what will come. */
export type OpenSink = (entry: Entry, offset: number) => Promise<StoppableSink>;

/** Downloads one file into a sink. The sink is told to commit only what was verified end to end. */
export async function download(
  context: ClientContext,
  path: string,
  openSink: OpenSink,
  options: DownloadOptions,
): Promise<TransferResult> {
  const { signal, ifExists } = options;
  const transfer = new Download(context, path, options);
  try {
    return await transfer.run(openSink);
  } catch (error) {
    if (isSkip(error, ifExists)) {
      return { outcome: 'skipped', path, size: 0, digest: undefined, algorithm: context.algorithm };
    }
    throw operationError(error, signal, path);
  }
}

class Download {
  readonly #context: ClientContext;
  readonly #path: string;
  readonly #options: DownloadOptions;
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

  constructor(context: ClientContext, path: string, options: DownloadOptions) {
    this.#context = context;
    this.#path = path;
    this.#options = options;
    this.#answer = new Answer(path, () => false);
    this.#accepted = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#answer.settled.catch(reject);
    });
    this.#accepted.catch(() => undefined);
  }

  async run(openSink: OpenSink): Promise<TransferResult> {
    const { signal, ifMatch, leaves = [] } = this.#options;
    const { algorithm, createHash } = this.#context;
    const prefix = leaves.length > 0 ? rootOf(leaves, createHash) : undefined;
    const offset = leaves.length > 0 ? leaves.length * BLOCK_SIZE : undefined;
    this.#stream = await this.#context.open(
      { operation: 'download', path: this.#path, ifMatch, algorithm, offset, prefix },
      () => ({
        onEvent: (event) => this.#onEvent(event),
        onData: (arrival) => this.#onData(arrival),
        onLost: (error) => this.#answer.lose(error),
      }),
      signal,
    );
    const stopListening = onAbort(signal, () => this.#fail(new FilexError('CANCELLED')));
    let sink: StoppableSink | undefined;
    let committed = false;
    try {
      const accept = await this.#until(this.#accepted);
      const entry = entryOf(this.#path, accept);
      sink = await openSink(entry, accept.offset);
      if (this.#failure !== undefined) throw this.#failure;
      const receiver = this.#receiver as DataReceiver;
      const into = sink;
      receiver.open((bytes) => into.write(bytes));
      await this.#until(this.#answer.settled);
      const digest = await this.#until(receiver.finish());
      const verified = this.#verify(digest);
      // From here on the sink decides: a commit that fails cleans up after itself.
      committed = true;
      const outcome = await sink.commit?.({ entry, digest: verified, algorithm: this.#algorithm(accept) });
      return this.#result(accept, verified, outcome);
    } catch (error) {
      resetStream(this.#context.driver, this.#stream, 'CANCELLED');
      sink?.stop?.();
      await this.#receiver?.stop();
      if (!committed) await abort(sink, FilexError.from(error));
      throw error;
    } finally {
      stopListening();
    }
  }

  /** Waits for something, but no longer than this end goes on. */
  #until<T>(awaited: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      this.#interrupt = reject;
      awaited.then(resolve, reject);
    });
  }

  #result(
    accept: Messages['ACCEPT'],
    digest: Uint8Array,
    sunk: { readonly outcome: Outcome; readonly path: string } | undefined,
  ): TransferResult {
    return {
      outcome: sunk?.outcome ?? 'read',
      path: sunk?.path ?? this.#path,
      size: this.#size,
      digest: Buffer.from(digest).toString('hex'),
      algorithm: this.#algorithm(accept),
    };
  }

  #algorithm(accept: Messages['ACCEPT']): DigestAlgorithm {
    return accept.algorithm ?? this.#context.algorithm;
  }

  #onEvent(event: StreamEvent): void {
    if (event.type === 'accept') this.#onAccept(event.accept);
    else if (event.type === 'end') this.#end = event;
    else this.#answer.take(event);
  }

  #onAccept(accept: Messages['ACCEPT']): void {
    const createHash = this.#context.hashOf(this.#algorithm(accept));
    if (accept.size === undefined) {
      this.#fail(new FilexError('STATE_VIOLATION', 'the server did not say how long the file is'));
      return;
    }
    if (createHash === undefined) {
      this.#fail(new FilexError('UNSUPPORTED', 'the server chose a digest that this end cannot compute'));
      return;
    }
    if (accept.size < accept.offset) {
      this.#fail(new FilexError('LENGTH_MISMATCH', 'the server goes on beyond the end of its file'));
      return;
    }
    this.#size = accept.size;
    this.#receiver = new DataReceiver({
      createHash,
      consume: (count) => this.#context.driver.consume(this.#stream, count),
      onStored: (stored) => this.#tell(stored),
      onFailure: (error) => this.#fail(error),
    });
    if (accept.offset > 0) this.#receiver.goOnAfter(this.#options.leaves ?? []);
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
    try {
      this.#options.onProgress?.({
        transferred: this.#receiver?.received ?? 0,
        acknowledged: stored,
        total: this.#size,
      });
    } catch (error) {
      throw FilexError.from(error); // The caller's defect, not one of the sink.
    }
  }
}

/** Why the download failed is what its caller must know; that the sink did not even end well is not. */
async function abort(sink: DownloadSink | undefined, reason: Error): Promise<void> {
  try {
    await sink?.abort?.(reason);
  } catch {
    // Told below.
  }
}

function entryOf(path: string, accept: Messages['ACCEPT']): Entry {
  return {
    path,
    kind: 'file',
    size: accept.size ?? 0,
    mtime: accept.mtime ?? 0,
    executable: accept.executable === true,
    etag: accept.etag,
  };
}
