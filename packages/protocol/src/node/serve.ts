import * as net from 'node:net';
import type { SecureContext } from 'node:tls';
import { FilexError } from '../errors.js';
import { DEFAULT_PORT } from '../url.js';
import { LISTEN_BACKLOG, MAX_REFUSALS } from './bounds.js';
import { sha256Provider } from './digests.js';
import { Driver } from './driver.js';
import { resolveNodeLimits } from './limit-table.js';
import { addressGroup, isLoopback, readableAddress } from './server/address.js';
import { Admission, type Visitor } from './server/admission.js';
import { CreditBudget } from './server/credit-budget.js';
import { Greeting } from './server/greeting.js';
import { limitError, limitOf } from './server/limit-error.js';
import { LoginGuard } from './server/login-guard.js';
import { ServerConnection } from './server/server-connection.js';
import { resolveServerLimits } from './server/server-limits.js';
import { UploadRegistry } from './server/upload-registry.js';
import { Slab } from './slab-pool.js';
import { adopt, type OnRead } from './socket-reader.js';
import { secureContext } from './tls/accept.js';
import { readSecure } from './tls/secure-reads.js';
import { channelBinding } from './tls/settings.js';
import type { Peer, ServeEvent, ServeOptions, Server } from './types.js';

/**
 * Listens, and runs `handler` for whoever connects.
 *
 * @throws the error of `net.Server.listen` (`EADDRINUSE`, `EACCES`, …) when it cannot listen there.
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const server = new TcpServer(options);
  await server.listen();
  return server;
}

/** One accepted connection, until nothing is left of it. */
interface Client extends Visitor {
  socket: net.Socket;
  readonly host: string;
  /** `address:port`, for logs. */
  readonly address: string;
  readonly acceptedAt: number;
  /** Until it is known what it speaks. */
  greeting?: Greeting | undefined;
  /** From then on. */
  connection?: ServerConnection | undefined;
  /** Why it is not taken. */
  refusal?: FilexError | undefined;
}

class TcpServer implements Server {
  readonly #options: ServeOptions;
  readonly #listener: net.Server;
  readonly #clients = new Set<Client>();
  /** How many of them are only there to be told why they are not taken. */
  #refused = 0;
  readonly #secureContext: (() => SecureContext) | undefined;
  readonly #admission: Admission<Client>;
  readonly #budget: CreditBudget;
  readonly #logins: LoginGuard;
  readonly #uploads: UploadRegistry;
  readonly #limits;
  readonly #serverLimits;
  readonly #hashes;
  #address: { readonly host: string; readonly port: number } = { host: '', port: 0 };
  #count = 0;
  #stopping = false;
  #onIdle: (() => void)[] = [];

  constructor(options: ServeOptions) {
    this.#options = options;
    const { tls } = options;
    if (typeof tls === 'function') this.#secureContext = tls;
    else if (tls !== undefined) {
      const context = secureContext(tls);
      this.#secureContext = () => context;
    }
    this.#limits = resolveNodeLimits(options.limits);
    const limits = resolveServerLimits(options.serverLimits);
    this.#serverLimits = limits;
    const providers = [...(options.digests ?? []), sha256Provider];
    this.#hashes = new Map(providers.map(({ algorithm, create }) => [algorithm, create] as const));
    this.#uploads = new UploadRegistry(limits, options.handler.recall !== undefined);
    this.#logins = new LoginGuard(limits);
    const firstCredit = this.#limits.initialConnectionWindow;
    const forFirst = Math.min(firstCredit * limits.maxConnections, limits.creditBudget / 2);
    this.#budget = new CreditBudget(limits.creditBudget, forFirst);
    this.#admission = new Admission({ limits, logins: this.#logins, budget: this.#budget, firstCredit });
    // Paused until it is adopted, so that no byte is read by other means.
    this.#listener = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      this.#take(socket),
    );
  }

  get address(): { readonly host: string; readonly port: number } {
    return this.#address;
  }

  get connections(): number {
    return this.#admission.size;
  }

  listen(): Promise<void> {
    const { host, port = DEFAULT_PORT } = this.#options;
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.listen({ host, port, backlog: LISTEN_BACKLOG }, () => {
        this.#listener.removeListener('error', reject);
        const { address, port: bound } = this.#listener.address() as net.AddressInfo;
        this.#address = { host: address, port: bound };
        // Accepting may fail for a while, when descriptors run out; the connections there are go on.
        this.#listener.on('error', (error) =>
          this.#tell({
            type: 'refused',
            address: '',
            code: 'BUSY',
            message: error.message,
            limit: undefined,
          }),
        );
        resolve();
      });
    });
  }

  disconnect(match: (peer: Peer) => boolean, reason: FilexError): number {
    let count = 0;
    for (const { connection } of [...this.#clients]) {
      if (connection?.peer === undefined || !match(connection.peer)) continue;
      connection.driver.abort(reason);
      count += 1;
    }
    return count;
  }

  async shutdown(): Promise<void> {
    this.#stop();
    for (const { connection } of this.#clients) connection?.shutdown();
    await this.#idle();
    await this.#uploads.close();
  }

  async destroy(): Promise<void> {
    this.#stop();
    const error = new FilexError('CONNECTION_LOST', 'the server was stopped');
    for (const { connection } of this.#clients) connection?.driver.destroy(error);
    await this.#idle();
    await this.#uploads.close();
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#listener.close();
  }

  /** Resolves when no connection is left and none of their handlers runs. */
  async #idle(): Promise<void> {
    for (const { greeting, socket } of this.#clients) if (greeting !== undefined) socket.destroy();
    while (this.#clients.size > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  // ------------------------------------------------------------------ one client

  #take(socket: net.Socket): void {
    const host = socket.remoteAddress;
    // The client may be gone before it was accepted.
    if (host === undefined) {
      socket.destroy();
      return;
    }
    const address = `${readableAddress(host)}:${socket.remotePort ?? 0}`;
    const client: Client = { socket, host, address, acceptedAt: Driver.now(), group: addressGroup(host) };
    this.#clients.add(client);
    const { refusal, dropped } = this.#admission.arrive(client, client.acceptedAt);
    if (dropped !== undefined) this.#turnAway(dropped, this.#admission.dropped);
    if (refusal !== undefined && !this.#refuse(client, refusal)) return;
    if (this.#secureContext === undefined) this.#begin(client, { socket });
    else void this.#greet(client, this.#secureContext);
  }

  /** Whether there is time to tell it why. Otherwise it is forgotten. */
  #refuse(client: Client, refusal: FilexError): boolean {
    client.refusal = refusal;
    this.#admission.leave(client);
    this.#refused += 1;
    if (this.#refused <= MAX_REFUSALS) return true;
    client.socket.destroy();
    this.#tellRefused(client, refusal);
    this.#forget(client);
    return false;
  }

  /** Ends one that is not logged in. */
  #turnAway(client: Client, refusal: FilexError): void {
    const { connection, greeting } = client;
    if (connection === undefined) {
      if (client.refusal === undefined && this.#refuse(client, refusal)) greeting?.interrupt();
      return;
    }
    this.#admission.leave(client);
    client.refusal = refusal;
    this.#refused += 1;
    if (this.#refused <= MAX_REFUSALS) connection.driver.abort(refusal);
    else connection.driver.destroy(refusal);
  }

  /** Finds out whether it speaks TLS. */
  async #greet(client: Client, context: () => SecureContext): Promise<void> {
    const greeting = new Greeting(client.socket);
    client.greeting = greeting;
    const { handshakeTimeout } = this.#limits;
    const timer = setTimeout(() => {
      const words = `the handshake took longer than ${handshakeTimeout} ms`;
      if (client.refusal === undefined)
        this.#turnAway(client, limitError('handshakeTimeout', 'TIMEOUT', words));
      else client.socket.destroy();
    }, handshakeTimeout);
    try {
      const greeted = await greeting.run(context);
      if (greeted === undefined) return this.#forgetGreeted(client);
      client.greeting = undefined;
      const { secure } = greeted;
      if (secure === undefined) this.#begin(client, { socket: client.socket, first: greeted.plaintext });
      else {
        const first: Buffer | null = secure.read();
        this.#begin(client, { socket: secure, first: first ?? undefined, exporter: channelBinding(secure) });
      }
    } catch (error) {
      client.socket.destroy();
      const message = `the TLS handshake failed: ${error instanceof Error ? error.message : String(error)}`;
      this.#forgetGreeted(client, new FilexError('WRONG_PROTOCOL', message));
    } finally {
      clearTimeout(timer);
    }
  }

  /** It has gone, or had to go, before it was known what it speaks. */
  #forgetGreeted(client: Client, failure?: FilexError): void {
    if (!this.#clients.has(client)) return;
    client.greeting = undefined;
    const error = client.refusal ?? failure;
    if (error !== undefined) this.#tellRefused(client, error);
    this.#forget(client);
  }

  #begin(client: Client, { socket, first, exporter }: Begun): void {
    const { handler, accounts, receipts, agent = '@filex/protocol' } = this.#options;
    const refusal = client.refusal ?? this.#plaintextRefusal(client.host, exporter !== undefined);
    if (client.refusal === undefined && refusal !== undefined && !this.#refuse(client, refusal)) return;
    this.#count += 1;
    const connection: ServerConnection = new ServerConnection({
      number: this.#count,
      address: client.address,
      group: client.group,
      handler,
      limits: this.#limits,
      serverLimits: this.#serverLimits,
      hashes: this.#hashes,
      agent,
      budget: this.#budget,
      uploads: this.#uploads,
      logins: this.#logins,
      accounts,
      receipts,
      anonymous: this.#options.anonymous ?? accounts === undefined,
      exporter,
      acceptedAt: client.acceptedAt,
      transferred: () => ({ received: transport.bytesRead, sent: transport.bytesWritten }),
      admit: () => this.#admission.admit(client),
      onEvent: (event) => this.#tell(event),
      onClosed: () => this.#forget(client),
    });
    client.connection = connection;
    const onRead: OnRead = (bytes, slab) => connection.onRead(bytes, slab);
    const hasLoggedIn = (): boolean => connection.peer !== undefined;
    const missing = (bytes: Uint8Array): number => connection.driver.connection.missing(bytes);
    const reading = { mayFillSlabs: hasLoggedIn, missing };
    const adopted = exporter === undefined ? adopt(socket, () => onRead, reading) : socket;
    if (exporter !== undefined) readSecure(socket, onRead, reading);
    // Under TLS, what runs below it is what moves the bytes.
    const transport = exporter === undefined ? adopted : client.socket;
    // Not the one that it was accepted as, which is of no use any more, and takes as much memory.
    client.socket = transport;
    connection.driver.attach(adopted, transport);
    adopted.resume();
    adopted.read(0);
    if (refusal !== undefined) connection.driver.abort(refusal);
    else if (first !== undefined) onRead(Uint8Array.from(first), new Slab(first));
  }

  #plaintextRefusal(host: string, secure: boolean): FilexError | undefined {
    const { plaintext = 'loopback' } = this.#options;
    if (secure || plaintext === 'on' || (plaintext === 'loopback' && isLoopback(host))) return undefined;
    return new FilexError(
      'PLAINTEXT_REFUSED',
      'this server takes unencrypted connections from its own machine only; started with --plaintext on it takes them from anywhere',
    );
  }

  #forget(client: Client): void {
    if (!this.#clients.delete(client)) return;
    this.#admission.leave(client);
    if (client.refusal !== undefined) this.#refused -= 1;
    if (this.#clients.size > 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  #tellRefused({ address }: Client, error: FilexError): void {
    const { code, message } = error;
    this.#tell({ type: 'refused', address, code, message, limit: limitOf(error) });
  }

  #tell(event: ServeEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** What is known of a connection when it begins. */
interface Begun {
  readonly socket: net.Socket;
  /** What was read before it was known what it speaks, or came with the end of the TLS handshake. */
  readonly first?: Buffer | undefined;
  /** Under TLS. */
  readonly exporter?: Uint8Array | undefined;
}
