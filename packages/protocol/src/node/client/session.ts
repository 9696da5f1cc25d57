import type { ConnectionEvent, Negotiated, OpenArguments } from '../../connection.js';
import { FilexError } from '../../errors.js';
import { limitTable } from '../../limits.js';
import type { DigestAlgorithm, Entry, Outcome } from '../../vocabulary.js';
import type { HashFactory } from '../../wire/digest.js';
import { checkPath } from '../../wire/path.js';
import { type ClientAuthentication, clientAuthentication } from '../auth/client-authentication.js';
import { LINGER_TIMEOUT, MIN_BANDWIDTH } from '../bounds.js';
import { sha256Provider } from '../digests.js';
import { Driver, type DriverOwner, type StreamListener } from '../driver.js';
import { resolveNodeLimits } from '../limit-table.js';
import { windowsFor } from '../rate-limit.js';
import type {
  ConnectOptions,
  Credentials,
  DigestOptions,
  DigestResult,
  DownloadOptions,
  DownloadSink,
  ListOptions,
  MakeDirectoryOptions,
  OperationOptions,
  RemoveOptions,
  RenameOptions,
  ServerIdentity,
  Session,
  TransferResult,
  UploadOptions,
  UploadSource,
} from '../types.js';
import { UnderWay } from '../under-way.js';
import { makeDirectory, remove, rename, stat } from './call.js';
import type { ClientContext } from './context.js';
import { digest } from './digest.js';
import { download } from './download.js';
import { list } from './listing.js';
import { read } from './read.js';
import { destinationFor } from './sinks.js';
import { StreamSlots } from './stream-slots.js';
import { upload } from './upload.js';

const DEFAULT_AGENT = '@filex/protocol';

/** The client's end of a connection. Made by `connect`. */
export class ClientSession implements Session, DriverOwner {
  readonly driver: Driver;
  /** Settles when operations may start, or when it is clear that they never will. */
  readonly ready: Promise<void>;
  readonly closed: Promise<Error | undefined>;
  readonly #hashes: ReadonlyMap<DigestAlgorithm, HashFactory>;
  readonly #slots: StreamSlots;
  readonly #pings = new Map<number, { readonly at: number; settle(outcome: number | FilexError): void }>();
  readonly #running = new UnderWay();
  #context: ClientContext | undefined;
  #principal = '';
  #authentication: ClientAuthentication | undefined;
  /** What the server has shown under TLS. */
  identity: ServerIdentity | undefined;
  /** What binds authentication to the TLS session. */
  exporter: Uint8Array | undefined;
  readonly #credentials: Credentials | undefined;
  /** Why nothing new can start. */
  #refusal: FilexError | undefined;
  /** Set when it was this end that wanted the session to end. */
  #closing = false;
  #onReadySettled!: (error?: FilexError) => void;
  #onClosedSettled!: (error: FilexError | undefined) => void;

  constructor(options: ConnectOptions, credentials: Credentials | undefined) {
    this.#credentials = credentials;
    const providers = [...(options.digests ?? []), sha256Provider];
    this.#hashes = new Map([...providers].reverse().map(({ algorithm, create }) => [algorithm, create]));
    this.ready = new Promise((resolve, reject) => {
      this.#onReadySettled = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Whoever connects awaits it; after that a failure is told by `closed` and by every operation.
    this.ready.catch(() => undefined);
    this.closed = new Promise((resolve) => {
      this.#onClosedSettled = resolve;
    });
    const { bandwidthLimit } = options;
    if (bandwidthLimit !== undefined && !(bandwidthLimit >= MIN_BANDWIDTH)) {
      throw new RangeError(`bandwidthLimit must be at least ${MIN_BANDWIDTH} bytes per second`);
    }
    this.driver = new Driver(
      {
        role: 'client',
        limits: resolveNodeLimits({
          ...(bandwidthLimit === undefined ? {} : windowsFor(bandwidthLimit)),
          handshakeTimeout: handshakeTimeoutFor(options.timeout),
          ...options.limits,
        }),
        agent: options.agent ?? DEFAULT_AGENT,
        digests: [...new Set(providers.map(({ algorithm }) => algorithm))],
      },
      this,
      bandwidthLimit,
    );
    this.#slots = new StreamSlots(() => this.driver.connection.canOpen);
  }

  /** Why nothing new can start; undefined while it can. */
  get over(): FilexError | undefined {
    return this.#refusal;
  }

  get server(): Session['server'] {
    const { agent, algorithm } = this.#negotiated;
    return { agent, principal: this.#principal, algorithm, identity: this.identity };
  }

  // ------------------------------------------------------------------ operations

  upload(source: UploadSource, path: string, options: UploadOptions = {}): Promise<TransferResult> {
    return this.run(path, (context) => upload(context, source, path, options));
  }

  download(
    path: string,
    destination: string | URL | NodeJS.WritableStream | DownloadSink,
    options: DownloadOptions = {},
  ): Promise<TransferResult> {
    return this.run(path, (context) =>
      download(context, path, destinationFor(destination, options), options),
    );
  }

  read(path: string, options: OperationOptions = {}): AsyncIterable<Uint8Array> {
    return this.iterate(path, (context) =>
      read(path, options, (into, signal) => download(context, path, into, { signal })),
    );
  }

  list(path = '', options: ListOptions = {}): AsyncIterable<Entry> {
    return this.iterate(path, (context) => list(context, path, options));
  }

  stat(path: string, options: OperationOptions = {}): Promise<Entry> {
    return this.run(path, (context) => stat(context, path, options));
  }

  digest(path: string, options: DigestOptions = {}): Promise<DigestResult> {
    return this.run(path, (context) => digest(context, path, options));
  }

  makeDirectory(path: string, options: MakeDirectoryOptions = {}): Promise<{ outcome: Outcome }> {
    return this.run(path, (context) => makeDirectory(context, path, options));
  }

  rename(from: string, to: string, options: RenameOptions = {}): Promise<{ outcome: Outcome }> {
    return this.run(from, (context) => rename(context, from, to, options));
  }

  remove(path: string, options: RemoveOptions = {}): Promise<{ outcome: Outcome }> {
    return this.run(path, (context) => remove(context, path, options));
  }

  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#refusal !== undefined) return reject(this.#refusal);
      const settle = (outcome: number | FilexError): void =>
        typeof outcome === 'number' ? resolve(outcome) : reject(outcome);
      try {
        this.#pings.set(this.driver.connection.ping(), { at: Driver.now(), settle });
      } catch (cause) {
        reject(new FilexError('BUSY', 'too many pings are waiting for an answer', { cause }));
      }
      this.driver.flush();
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#refusal ??= new FilexError('CANCELLED', 'the session is closed');
    await this.#running.idle();
    this.driver.shutdown();
    // What is left by now is streams that were given up; a server that never answers them must not hold this up.
    const timer = setTimeout(() => this.driver.end(), LINGER_TIMEOUT);
    await this.closed;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#refusal ??= new FilexError('CANCELLED', 'the session is closed');
    this.driver.destroy(undefined);
  }

  // ------------------------------------------------------------------ what the driver tells

  onNegotiated(): void {
    const { mechanisms, algorithm } = this.#negotiated;
    const open = (request: OpenArguments, listener: (stream: number) => StreamListener): number => {
      const stream = this.driver.connection.open(request);
      this.driver.listen(stream, listener(stream));
      this.driver.schedule();
      return stream;
    };
    this.#context = {
      driver: this.driver,
      algorithm,
      createHash: this.#hashes.get(algorithm) as HashFactory,
      hashOf: (other) => this.#hashes.get(other),
      open: (request, listener, signal) => this.#slots.run(() => open(request, listener), signal),
      openNow: (request, listener) => (this.#slots.isFree ? open(request, listener) : undefined),
    };
    const transcript = this.driver.connection.helloTranscript as Uint8Array;
    void this.#authenticate(() => {
      this.#authentication = clientAuthentication(
        { mechanisms, transcript, exporter: this.exporter },
        this.#credentials,
      );
      return this.#authentication.start();
    });
  }

  onAuth(_mechanism: string | undefined, data: Uint8Array | undefined): void {
    void this.#authenticate(() => (this.#authentication as ClientAuthentication).next(data));
  }

  /** Says one step of authentication, or why there will be none. */
  async #authenticate(
    step: () => Promise<{ mechanism?: string | undefined; data?: Uint8Array | undefined }>,
  ): Promise<void> {
    try {
      const { mechanism, data } = await step();
      if (this.driver.connection.state !== 'negotiated') return; // Lost meanwhile.
      this.driver.connection.authenticate(mechanism, data);
      this.driver.schedule();
    } catch (error) {
      this.driver.abort(FilexError.from(error, 'AUTH_FAILED'));
    }
  }

  onReady(principal: string, data: Uint8Array | undefined): void {
    try {
      (this.#authentication as ClientAuthentication).finish(data);
    } catch (error) {
      this.driver.abort(FilexError.from(error, 'AUTH_FAILED'));
      return;
    }
    this.#principal = principal;
    this.#onReadySettled();
  }

  onOpen(_event: Extract<ConnectionEvent, { type: 'open' }>): void {
    throw new Error('the core refuses streams that a server opens');
  }

  onPong(token: number): void {
    const ping = this.#pings.get(token);
    this.#pings.delete(token);
    ping?.settle(Driver.now() - ping.at);
  }

  onDraining(): void {
    this.#refuse(new FilexError('SHUTTING_DOWN'));
  }

  onStreamClosed(): void {
    this.#slots.next();
  }

  onLost(error: FilexError): void {
    this.#refuse(error);
    for (const ping of this.#pings.values()) ping.settle(error);
    this.#pings.clear();
    this.#onReadySettled(error);
  }

  onClosed(error: FilexError | undefined): void {
    this.#onClosedSettled(error ?? (this.#closing ? undefined : this.#refusal));
  }

  // ------------------------------------------------------------------

  get #negotiated(): Negotiated {
    return this.driver.connection.negotiated as Negotiated;
  }

  #refuse(error: FilexError): void {
    this.#refusal ??= error;
    this.#slots.fail(error);
  }

  #usable(path: string): ClientContext {
    checkPath(path);
    if (this.#refusal !== undefined) throw this.#refusal;
    return this.#context as ClientContext;
  }

  /** Runs one operation, which `close` waits for. */
  async run<T>(path: string, operation: (context: ClientContext) => Promise<T>): Promise<T> {
    this.#running.begin();
    try {
      return await operation(this.#usable(path));
    } finally {
      this.#running.end();
    }
  }

  /** The same for one that gives its results one by one. */
  async *iterate<T>(
    path: string,
    operation: (context: ClientContext) => AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    const context = this.#usable(path);
    this.#running.begin();
    try {
      yield* operation(context);
    } finally {
      this.#running.end();
    }
  }
}

/** Milliseconds. Whoever allows more for connecting as a whole than is standard allows it for the handshake, too. */
function handshakeTimeoutFor(timeout = 0): number {
  const { standard, cap } = limitTable.handshakeTimeout;
  return Math.min(Math.max(standard, Math.ceil(timeout)), cap);
}
