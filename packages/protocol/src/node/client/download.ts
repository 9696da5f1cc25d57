import { FilexError } from '../../errors.js';
import type { DigestAlgorithm, Entry, Outcome } from '../../vocabulary.js';
import { digestsEqual } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { DataReceiver } from '../data-receiver.js';
import type { Arrival, StreamEvent } from '../driver.js';
import type { DownloadOptions, DownloadSink, TransferResult } from '../types.js';
import { Answer, cancelOnAbort, operationError } from './answer.js';
import type { ClientContext } from './context.js';
import { isSkip } from './upload.js';

/** Makes the sink, now that it is known what will come. */
export type OpenSink = (entry: Entry) => Promise<DownloadSink>;

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
  #refuse!: (error: unknown) => void;
  #receiver: DataReceiver | undefined;
  #size = 0;
  #end: { readonly length: number; readonly digest: Uint8Array } | undefined;
  /** What went wrong on this end; the server's answer is waited for, but this is what is reported. */
  #failure: FilexError | undefined;
  #stream = 0;

  constructor(context: ClientContext, path: string, options: DownloadOptions) {
    this.#context = context;
    this.#path = path;
    this.#options = options;
    this.#answer = new Answer(path);
    this.#accepted = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#refuse = reject;
    });
    this.#answer.settled.catch((error: unknown) => this.#refuse(error));
    this.#accepted.catch(() => undefined);
  }

  async run(openSink: OpenSink): Promise<TransferResult> {
    const { driver } = this.#context;
    const { signal, ifMatch } = this.#options;
    this.#stream = await this.#context.open(
      { operation: 'download', path: this.#path, ifMatch, algorithm: this.#context.algorithm },
      () => ({
        onEvent: (event) => this.#onEvent(event),
        onData: (arrival) => this.#onData(arrival),
        onLost: (error) => this.#answer.lose(error, false),
      }),
      signal,
    );
    const stopListening = cancelOnAbort(driver, this.#stream, signal);
    let sink: DownloadSink | undefined;
    let committed = false;
    try {
      const accept = await this.#accepted;
      const entry = entryOf(this.#path, accept);
      sink = await openSink(entry);
      const receiver = this.#receiver as DataReceiver;
      const into = sink;
      receiver.open((bytes) => into.write(bytes));
      await this.#answer.settled;
      const digest = await receiver.finish();
      const verified = this.#verify(digest);
      // From here on the sink decides: a commit that fails cleans up after itself.
      committed = true;
      const outcome = await sink.commit?.({ entry, digest: verified, algorithm: this.#algorithm(accept) });
      return this.#result(accept, verified, outcome);
    } catch (error) {
      if (!this.#answer.given) {
        driver.connection.reset(this.#stream, 'CANCELLED');
        driver.schedule();
      }
      const reason = this.#failure ?? error;
      await this.#receiver?.stop();
      if (!committed) await sink?.abort?.(FilexError.from(reason));
      throw reason;
    } finally {
      stopListening();
    }
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
    if (accept.size === undefined || accept.offset !== 0 || createHash === undefined) {
      this.#fail(new FilexError('STATE_VIOLATION', 'the server accepted something that was not asked for'));
      return;
    }
    this.#size = accept.size;
    this.#receiver = new DataReceiver(
      createHash,
      (stored) => this.#tell(stored),
      (error) => this.#fail(error),
    );
    this.#accept(accept);
  }

  #onData(arrival: Arrival): void {
    const receiver = this.#receiver;
    if (receiver === undefined || this.#failure !== undefined) {
      arrival.done();
      return;
    }
    if (receiver.received + arrival.bytes.length > this.#size) {
      arrival.done();
      this.#fail(
        new FilexError('LENGTH_MISMATCH', `the server sent more than the ${this.#size} bytes it announced`),
      );
      return;
    }
    receiver.push(arrival);
  }

  #fail(error: FilexError): void {
    if (this.#failure !== undefined) return;
    this.#failure = new FilexError(error.code, error.message, { path: this.#path, cause: error });
    this.#context.driver.connection.reset(this.#stream, error.code, error.message);
    this.#context.driver.schedule();
  }

  /** @throws FilexError when the bytes are not the announced ones. */
  #verify(digest: Uint8Array): Uint8Array {
    if (this.#failure !== undefined) throw this.#failure;
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
    this.#options.onProgress?.({
      transferred: this.#receiver?.received ?? 0,
      acknowledged: stored,
      total: this.#size,
    });
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
