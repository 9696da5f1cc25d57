import type { OperationResult } from '../../connection.js';
import { FilexError } from '../../errors.js';
import { DataSender, type PieceSource, type Sent } from '../data-sender.js';
import type { StreamEvent } from '../driver.js';
import { FileSource } from '../files/index.js';
import { IterableSource, SlabSource } from '../pieces.js';
import type { TransferResult, UploadOptions, UploadSource } from '../types.js';
import { Answer, onAbort, operationError, resetStream } from './answer.js';
import type { ClientContext } from './context.js';

/** A source made ready: what is known of it, and its pieces. */
interface OpenedSource {
  readonly pieces: PieceSource;
  readonly size: number | undefined;
  readonly mtime: number | undefined;
  readonly executable: boolean;
  /** Throws `SOURCE_CHANGED` when what was read may not be one version of the file. */
  verify(): Promise<void>;
  close(): Promise<void>;
}

const unchanged = async (): Promise<void> => undefined;

async function openSource(source: UploadSource, options: UploadOptions): Promise<OpenedSource> {
  if (typeof source === 'string' || source instanceof URL) {
    const file = await FileSource.open(source);
    const pieces = new SlabSource(file, file.size);
    return {
      pieces,
      size: file.size,
      mtime: options.mtime ?? file.mtime,
      executable: options.executable ?? file.executable,
      verify: () => file.verify(),
      close: async () => {
        await pieces.close();
        await file.close();
      },
    };
  }
  const pieces = new IterableSource(source instanceof Uint8Array ? [source] : source);
  return {
    pieces,
    size: options.size ?? (source instanceof Uint8Array ? source.length : undefined),
    mtime: options.mtime,
    executable: options.executable ?? false,
    verify: unchanged,
    close: () => pieces.close(),
  };
}

/** Uploads one source under one name. */
export async function upload(
  context: ClientContext,
  source: UploadSource,
  path: string,
  options: UploadOptions,
): Promise<TransferResult> {
  const { signal, ifExists } = options;
  let opened: OpenedSource | undefined;
  try {
    signal?.throwIfAborted();
    opened = await openSource(source, options);
    return await new Upload(context, opened, path, options).run();
  } catch (error) {
    if (isSkip(error, ifExists)) {
      const { algorithm } = context;
      return { outcome: 'skipped', path, size: opened?.size ?? 0, digest: undefined, algorithm };
    }
    throw operationError(error, signal, path);
  } finally {
    await opened?.close();
  }
}

class Upload {
  readonly #context: ClientContext;
  readonly #source: OpenedSource;
  readonly #path: string;
  readonly #options: UploadOptions;
  readonly #answer: Answer;
  readonly #progress: UploadProgress;
  #sender: DataSender | undefined;
  #stream = 0;
  /** END was sent: the server may commit. */
  #ended = false;

  constructor(context: ClientContext, source: OpenedSource, path: string, options: UploadOptions) {
    this.#context = context;
    this.#source = source;
    this.#path = path;
    this.#options = options;
    this.#answer = new Answer(path, () => this.#ended);
    this.#progress = new UploadProgress(source.size, options.onProgress);
  }

  async run(): Promise<TransferResult> {
    const { ifExists = 'fail', signal } = this.#options;
    const { driver, algorithm, createHash } = this.#context;
    const { size, mtime, executable, pieces } = this.#source;
    this.#stream = await this.#context.open(
      { operation: 'upload', path: this.#path, size, ifExists, mtime, executable, algorithm },
      (stream) => {
        this.#sender = new DataSender(driver, stream, createHash, (offset) => this.#progress.sent(offset));
        return {
          onEvent: (event) => this.#onEvent(event),
          onLost: (error) => {
            this.#answer.lose(error);
            this.#sender?.cancel();
          },
        };
      },
      signal,
    );
    const stopListening = onAbort(signal, () => {
      resetStream(driver, this.#stream, 'CANCELLED');
      this.#answer.cancel();
      this.#sender?.cancel();
    });
    try {
      const sent = await (this.#sender as DataSender).run(pieces, size);
      if (sent !== undefined) await this.#end(sent);
      const result = await this.#answer.settled;
      if (sent === undefined) {
        throw new FilexError('STATE_VIOLATION', 'the server took a file that was not sent', {
          path: this.#path,
        });
      }
      this.#tellStored(sent.length);
      return this.#result(result, sent);
    } catch (error) {
      // The source failed: the server is told before the error goes on, and keeps nothing.
      if (!this.#answer.given) this.#giveUp(error);
      throw error;
    } finally {
      stopListening();
    }
  }

  async #end(sent: Sent): Promise<void> {
    if (this.#answer.given) return;
    await this.#source.verify();
    if (this.#answer.given) return;
    this.#ended = true;
    this.#context.driver.connection.end(this.#stream, sent.length, sent.digest);
    this.#context.driver.schedule();
  }

  #tellStored(length: number): void {
    try {
      this.#progress.acknowledged(length);
    } catch (cause) {
      const path = this.#path;
      throw new FilexError('INTERNAL', 'the progress listener failed', { path, effect: 'applied', cause });
    }
  }

  #result(result: OperationResult, sent: Sent): TransferResult {
    return {
      outcome: result.outcome ?? 'created',
      path: result.path === undefined || result.path === '' ? this.#path : result.path,
      size: sent.length,
      digest: Buffer.from(sent.digest).toString('hex'),
      algorithm: this.#context.algorithm,
    };
  }

  #onEvent(event: StreamEvent): void {
    if (event.type !== 'ack') {
      if (this.#answer.take(event)) this.#sender?.cancel();
      return;
    }
    try {
      this.#progress.acknowledged(event.offset);
    } catch (error) {
      // The caller's listener threw, on our stack: its upload fails, and nothing else.
      this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    const failure = FilexError.from(error);
    resetStream(this.#context.driver, this.#stream, failure.code);
    this.#answer.lose(failure);
    this.#sender?.cancel();
  }
}

/** With these policies something else being there is not a failure. */
export function isSkip(error: unknown, ifExists: UploadOptions['ifExists']): boolean {
  return (
    (ifExists === 'skip' || ifExists === 'newer') &&
    error instanceof FilexError &&
    error.code === 'ALREADY_EXISTS'
  );
}

class UploadProgress {
  readonly #total: number | undefined;
  readonly #listener: UploadOptions['onProgress'];
  #sent = 0;
  #acknowledged = 0;

  constructor(total: number | undefined, listener: UploadOptions['onProgress']) {
    this.#total = total;
    this.#listener = listener;
  }

  sent(offset: number): void {
    this.#sent = offset;
    this.#tell();
  }

  acknowledged(offset: number): void {
    this.#acknowledged = offset;
    this.#tell();
  }

  #tell(): void {
    this.#listener?.({ transferred: this.#sent, acknowledged: this.#acknowledged, total: this.#total });
  }
}
