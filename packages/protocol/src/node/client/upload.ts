import { FilexError } from '../../errors.js';
import { DataSender, type PieceSource } from '../data-sender.js';
import { FileSource } from '../files/index.js';
import { IterableSource, SlabSource } from '../pieces.js';
import type { TransferResult, UploadOptions, UploadSource } from '../types.js';
import { Answer, cancelOnAbort, operationError } from './answer.js';
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
  const { signal } = options;
  let opened: OpenedSource | undefined;
  try {
    signal?.throwIfAborted();
    opened = await openSource(source, options);
    return await send(context, opened, path, options);
  } catch (error) {
    throw operationError(error, signal, path);
  } finally {
    await opened?.close();
  }
}

async function send(
  context: ClientContext,
  source: OpenedSource,
  path: string,
  options: UploadOptions,
): Promise<TransferResult> {
  const { driver, algorithm } = context;
  const { ifExists = 'fail', signal } = options;
  const answer = new Answer(path);
  const progress = new UploadProgress(source.size, options.onProgress);
  let sender: DataSender | undefined;
  let ended = false;
  const stream = await context.open(
    {
      operation: 'upload',
      path,
      size: source.size,
      ifExists,
      mtime: source.mtime,
      executable: source.executable,
      algorithm,
    },
    (opened) => {
      sender = new DataSender(driver, opened, context.createHash, (offset) => progress.sent(offset));
      return {
        onEvent: (event) => {
          if (event.type === 'ack') progress.acknowledged(event.offset);
          else if (answer.take(event)) sender?.cancel();
        },
        onLost: (error) => {
          answer.lose(error, ended);
          sender?.cancel();
        },
      };
    },
    signal,
  );
  const stopListening = cancelOnAbort(driver, stream, signal);
  const stopSending = (): void => sender?.cancel();
  signal?.addEventListener('abort', stopSending, { once: true });
  if (signal?.aborted === true) stopSending();
  try {
    const sent = await (sender as unknown as DataSender).run(source.pieces, source.size);
    if (sent !== undefined && !answer.given) {
      await source.verify();
      if (!answer.given && signal?.aborted !== true) {
        ended = true;
        driver.connection.end(stream, sent.length, sent.digest);
        driver.schedule();
      }
    }
    const result = await answer.settled;
    if (sent === undefined)
      throw new FilexError('STATE_VIOLATION', 'the server took a file that was not sent', { path });
    progress.acknowledged(sent.length);
    return {
      outcome: result.outcome ?? 'created',
      path: result.path === undefined || result.path === '' ? path : result.path,
      size: sent.length,
      digest: Buffer.from(sent.digest).toString('hex'),
      algorithm,
    };
  } catch (error) {
    // The source failed: the server is told before the error goes on, and keeps nothing.
    if (!answer.given) {
      driver.connection.reset(stream, error instanceof FilexError ? error.code : 'CANCELLED');
      driver.schedule();
    }
    if (isSkip(error, ifExists)) {
      return { outcome: 'skipped', path, size: source.size ?? 0, digest: undefined, algorithm };
    }
    throw error;
  } finally {
    stopListening();
    signal?.removeEventListener('abort', stopSending);
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
    if (offset < this.#acknowledged) return;
    this.#acknowledged = offset;
    this.#tell();
  }

  #tell(): void {
    this.#listener?.({ transferred: this.#sent, acknowledged: this.#acknowledged, total: this.#total });
  }
}
