import { type Effect, FilexError } from '../../errors.js';
import type { Entry, Outcome } from '../../vocabulary.js';
import { checkPath } from '../../wire/path.js';
import { MAX_NAMES_GIVEN } from '../bounds.js';
import type {
  DigestOptions,
  DigestResult,
  DownloadOptions,
  DownloadSink,
  ListOptions,
  MakeDirectoryOptions,
  OperationOptions,
  RemoveOptions,
  RenameOptions,
  Session,
  TransferResult,
  UploadOptions,
  UploadSource,
} from '../types.js';
import { UnderWay } from '../under-way.js';
import { makeDirectory, remove, rename, stat } from './call.js';
import type { ClientContext } from './context.js';
import { digest } from './digest.js';
import { Download } from './download.js';
import type { Line } from './line.js';
import { list } from './listing.js';
import { read } from './read.js';
import { RepeatedCall } from './repeated-call.js';
import { isPassing } from './retry.js';
import { type Destination, destinationFor } from './sinks.js';
import { persist, Tries } from './tries.js';
import { Upload } from './upload.js';

/** A session that outlives its connection: what is under way when that is lost waits for the next one, and goes on. */
export class ReconnectingSession implements Session {
  readonly closed: Promise<Error | undefined>;
  readonly #line: Line;
  readonly #running = new UnderWay();

  constructor(line: Line) {
    this.#line = line;
    this.closed = line.closed;
  }

  get server(): Session['server'] {
    return this.#line.latest.server;
  }

  upload(source: UploadSource, path: string, options: UploadOptions = {}): Promise<TransferResult> {
    return this.#run(path, async () => {
      const transfer = new Upload(source, path, options);
      try {
        return await persist(this.#line, path, options.signal, transfer);
      } finally {
        await transfer.close();
      }
    });
  }

  download(
    path: string,
    destination: string | URL | NodeJS.WritableStream | DownloadSink,
    options: DownloadOptions = {},
  ): Promise<TransferResult> {
    return this.#run(path, () => this.#download(path, destinationFor(destination, options), options));
  }

  read(path: string, options: OperationOptions = {}): AsyncIterable<Uint8Array> {
    return read(path, options, (into, signal) =>
      this.#run(path, () => this.#download(path, into, { signal })),
    );
  }

  async *list(path = '', options: ListOptions = {}): AsyncGenerator<Entry> {
    checkPath(path);
    const given = new Set<string>();
    const tries = new Tries(this.#line, path, options.signal);
    try {
      for (;;) {
        try {
          const { session, witness } = await tries.next();
          const entries = session.iterate(path, (context) => list(witness.watch(context), path, options));
          for await (const entry of entries) {
            if (given.has(entry.path)) continue;
            if (given.size <= MAX_NAMES_GIVEN) given.add(entry.path);
            yield entry;
          }
          return;
        } catch (error) {
          await tries.failed(error, { canRepeat: () => given.size <= MAX_NAMES_GIVEN, effect: 'none' });
        }
      }
    } finally {
      tries.end();
    }
  }

  stat(path: string, options: OperationOptions = {}): Promise<Entry> {
    return this.#call(path, options, (context) => stat(context, path, options));
  }

  digest(path: string, options: DigestOptions = {}): Promise<DigestResult> {
    return this.#call(path, options, (context) => digest(context, path, options));
  }

  makeDirectory(path: string, options: MakeDirectoryOptions = {}): Promise<{ outcome: Outcome }> {
    return this.#call(path, options, (context) => makeDirectory(context, path, options));
  }

  rename(from: string, to: string, options: RenameOptions = {}): Promise<{ outcome: Outcome }> {
    // When it may have happened, whatever has either name by now may be something else.
    const canRepeat = ({ effect }: FilexError): boolean => effect === 'none';
    return this.#call(from, options, (context) => rename(context, from, to, options), canRepeat);
  }

  remove(path: string, options: RemoveOptions = {}): Promise<{ outcome: Outcome }> {
    return this.#call(path, options, async (context, before) => {
      try {
        return await remove(context, path, options);
      } catch (error) {
        // Gone, by an attempt whose answer was lost.
        const isGone = before !== 'none' && error instanceof FilexError && error.code === 'NOT_FOUND';
        if (isGone) return { outcome: 'removed' };
        throw error;
      }
    });
  }

  ping(): Promise<number> {
    return this.#run('', async () => {
      const tries = new Tries(this.#line, '', undefined);
      try {
        for (;;) {
          const { session } = await tries.next();
          try {
            return await session.ping();
          } catch (error) {
            if (session.over === undefined || !isPassing(FilexError.from(error).code)) throw error;
          }
        }
      } finally {
        tries.end();
      }
    });
  }

  async close(): Promise<void> {
    this.#line.hangUp();
    await this.#running.idle();
    await this.#line.close();
  }

  destroy(): void {
    this.#line.destroy();
  }

  async #download(path: string, destination: Destination, options: DownloadOptions): Promise<TransferResult> {
    const transfer = new Download(path, destination, options, true);
    try {
      return await persist(this.#line, path, options.signal, transfer);
    } catch (error) {
      await transfer.abandon(error);
      throw error;
    }
  }

  #call<T>(
    path: string,
    { signal }: OperationOptions,
    ask: (context: ClientContext, before: Effect) => Promise<T>,
    canRepeat?: (error: FilexError) => boolean,
  ): Promise<T> {
    return this.#run(path, () => persist(this.#line, path, signal, new RepeatedCall(ask, canRepeat)));
  }

  async #run<T>(path: string, operation: () => Promise<T>): Promise<T> {
    this.#running.begin();
    try {
      checkPath(path);
      return await operation();
    } finally {
      this.#running.end();
    }
  }
}
