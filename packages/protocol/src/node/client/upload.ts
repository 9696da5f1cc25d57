import type { OperationResult } from '../../connection.js';
import { FilexError } from '../../errors.js';
import {
  acceptAttempt,
  attemptsOnRecord,
  beginAttempt,
  endAttempt,
  failAttempt,
  type UploadAttempts,
} from '../../machine/upload-attempts.js';
import { digestsEqual } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { DataSender, type PieceSource, type Sent } from '../data-sender.js';
import type { StreamEvent } from '../driver.js';
import { FileSource } from '../files/index.js';
import { IterableSource, type Readable, SlabSource } from '../pieces.js';
import { digestPrefix } from '../prefix.js';
import type { TransferResult, UploadOptions, UploadSource } from '../types.js';
import { Answer, onAbort, operationError, resetStream } from './answer.js';
import type { ClientContext } from './context.js';

/** A source that can be read more than once. */
interface Again {
  readonly file: Readable;
  /** The pieces from an offset on. */
  from(offset: number): PieceSource;
}

/** A source made ready: what is known of it, and its pieces. */
interface OpenedSource {
  readonly pieces: PieceSource;
  /** Set when it can be read from anywhere. */
  readonly again?: Again | undefined;
  readonly size: number | undefined;
  readonly mtime: number | undefined;
  readonly executable: boolean;
  /** Throws `SOURCE_CHANGED` when what was read may not be one version of the file. */
  verify(): Promise<void>;
  close(): Promise<void>;
}

const unchanged = async (): Promise<void> => undefined;

function inMemory(source: Uint8Array): Again {
  return {
    file: {
      read: async (buffer, offset) => {
        const part = source.subarray(offset, offset + buffer.length);
        buffer.set(part);
        return part.length;
      },
    },
    from: (offset) => new IterableSource([source.subarray(offset)]),
  };
}

async function openSource(source: UploadSource, options: UploadOptions): Promise<OpenedSource> {
  if (typeof source === 'string' || source instanceof URL) {
    const file = await FileSource.open(source);
    const pieces = new SlabSource(file, file.size);
    return {
      pieces,
      again: { file, from: (offset) => new SlabSource(file, file.size, offset) },
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
    again: source instanceof Uint8Array ? inMemory(source) : undefined,
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
  readonly #accepted: Promise<Messages['ACCEPT']>;
  #accept!: (accept: Messages['ACCEPT']) => void;
  #stream = 0;
  #attempts: UploadAttempts;

  constructor(context: ClientContext, source: OpenedSource, path: string, options: UploadOptions) {
    this.#context = context;
    this.#source = source;
    this.#path = path;
    this.#options = options;
    this.#attempts = attemptsOnRecord(options.earlierAttempts ?? 0);
    this.#answer = new Answer(
      path,
      () => this.#attempts.effect !== 'none',
      (told) => failAttempt(this.#attempts, told).effect,
    );
    this.#accepted = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#answer.settled.then(() => reject(new FilexError('STATE_VIOLATION')), reject);
    });
    this.#accepted.catch(() => undefined);
    this.#progress = new UploadProgress(source.size, options.onProgress);
  }

  async run(): Promise<TransferResult> {
    const { ifExists = 'fail', signal, earlierAttempts = 0 } = this.#options;
    const { driver, algorithm, createHash } = this.#context;
    const { size, mtime, executable, again } = this.#source;
    const operationId = idOf(this.#options.operationId);
    const offset =
      earlierAttempts > 0 && again !== undefined && size !== undefined && size > 0 ? size : undefined;
    this.#stream = await this.#context.open(
      {
        operation: 'upload',
        operationId,
        path: this.#path,
        size,
        ifExists,
        mtime,
        executable,
        algorithm,
        offset,
        receipt: this.#options.receipt,
      },
      (stream) => {
        this.#attempts = beginAttempt(this.#attempts, offset ?? 0);
        this.#sender = new DataSender(driver, stream, createHash, (offset) => this.#progress.sent(offset));
        return {
          onEvent: (event) => this.#onEvent(event),
          onLost: (error, unseen) => {
            this.#answer.lose(error, unseen && earlierAttempts === 0);
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
      const pieces = offset === undefined ? this.#source.pieces : await this.#goOn(again as Again);
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

  /** Compares what the server says it has with the source; returns the rest of it. */
  async #goOn(again: Again): Promise<PieceSource> {
    const accept = await this.#accepted;
    const { offset } = accept;
    const { createHash } = this.#context;
    const ours = await digestPrefix(again.file, offset, createHash, () => !this.#answer.given);
    if (this.#answer.given) return await this.#answer.settled.then(() => again.from(offset));
    const same =
      offset === 0 || (ours !== undefined && digestsEqual(ours.digest, accept.prefix as Uint8Array));
    this.#judge(accept, same);
    if (ours !== undefined && offset > 0) (this.#sender as DataSender).goOnAfter(ours);
    this.#progress.startAt(offset);
    return again.from(offset);
  }

  /** @throws FilexError why not to go on after this ACCEPT. */
  #judge(accept: Messages['ACCEPT'], prefixIsOurs: boolean): void {
    const { attempts, refusal } = acceptAttempt(this.#attempts, accept, prefixIsOurs);
    this.#attempts = attempts;
    if (refusal !== undefined) throw new FilexError(refusal, undefined, { path: this.#path });
  }

  async #end(sent: Sent): Promise<void> {
    if (this.#answer.given) return;
    await this.#source.verify();
    if (this.#answer.given) return;
    this.#attempts = endAttempt(this.#attempts);
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
      receipt: result.receipt,
    };
  }

  #onEvent(event: StreamEvent): void {
    if (event.type === 'accept') {
      if (this.#attempts.state === 'asking') this.#accept(event.accept);
      else this.#judge(event.accept, true);
      return;
    }
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

/** @throws FilexError when it is not one. */
function idOf(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9a-f]{32}$/i.test(text)) {
    throw new FilexError('UNSUPPORTED', 'an operation id has 32 hexadecimal digits');
  }
  return Buffer.from(text, 'hex');
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

  /** So much is there already. */
  startAt(offset: number): void {
    this.#sent = offset;
    this.#acknowledged = offset;
  }

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
