import * as net from 'node:net';
import type { SecureContext } from 'node:tls';
import { FilexError } from '../errors.js';
import { resolveLimits } from '../limits.js';
import { DEFAULT_PORT } from '../url.js';
import { LISTEN_BACKLOG, MAX_GREETING, MAX_REFUSALS } from './bounds.js';
import { sha256Provider } from './digests.js';
import { Driver } from './driver.js';
import { CreditBudget } from './server/credit-budget.js';
import { limitError, limitOf } from './server/limit-error.js';
import { ServerConnection } from './server/server-connection.js';
import { resolveServerLimits } from './server/server-limits.js';
import { UploadRegistry } from './server/upload-registry.js';
import { Slab } from './slab-pool.js';
import { adopt, type OnRead } from './socket-reader.js';
import { acceptTls, secureContext } from './tls/accept.js';
import { channelBinding, TLS_FIRST_BYTE } from './tls/settings.js';
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

class TcpServer implements Server {
  readonly #options: ServeOptions;
  readonly #listener: net.Server;
  readonly #connections = new Set<ServerConnection>();
  /** Connections that are being told why they are not taken. */
  readonly #refused = new Set<ServerConnection>();
  /** Of whom it is not known yet whether they speak TLS, or whose TLS handshake is under way. */
  readonly #greeting = new Set<net.Socket>();
  readonly #secureContext: (() => SecureContext) | undefined;
  readonly #budget: CreditBudget;
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
    this.#limits = resolveLimits(options.limits);
    const providers = [...(options.digests ?? []), sha256Provider];
    this.#hashes = new Map(providers.map(({ algorithm, create }) => [algorithm, create] as const));
    this.#serverLimits = resolveServerLimits(options.serverLimits);
    this.#uploads = new UploadRegistry(this.#serverLimits);
    const { creditBudget, maxConnections } = this.#serverLimits;
    const first = this.#limits.initialConnectionWindow * maxConnections;
    this.#budget = new CreditBudget(creditBudget, Math.min(first, creditBudget / 2));
    // Paused until it is adopted, so that no byte is read by other means.
    this.#listener = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      this.#take(socket),
    );
  }

  get address(): { readonly host: string; readonly port: number } {
    return this.#address;
  }

  get connections(): number {
    return this.#connections.size;
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
    for (const { peer, driver } of [...this.#connections]) {
      if (peer === undefined || !match(peer)) continue;
      driver.abort(reason);
      count += 1;
    }
    return count;
  }

  async shutdown(): Promise<void> {
    this.#stop();
    for (const connection of this.#all()) connection.shutdown();
    await this.#idle();
    await this.#uploads.close();
  }

  async destroy(): Promise<void> {
    this.#stop();
    for (const connection of this.#all()) {
      connection.driver.destroy(new FilexError('CONNECTION_LOST', 'the server was stopped'));
    }
    await this.#idle();
    await this.#uploads.close();
  }

  #all(): ServerConnection[] {
    return [...this.#connections, ...this.#refused];
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#listener.close();
  }

  /** Resolves when no connection is left and none of their handlers runs. */
  async #idle(): Promise<void> {
    for (const socket of this.#greeting) socket.destroy();
    while (this.#connections.size + this.#refused.size + this.#greeting.size > 0) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
  }

  #take(socket: net.Socket): void {
    const host = socket.remoteAddress;
    // The client may be gone before it was accepted.
    if (host === undefined) {
      socket.destroy();
      return;
    }
    const address = `${readable(host)}:${socket.remotePort ?? 0}`;
    const accepted = { host, address, acceptedAt: Driver.now() };
    if (this.#secureContext === undefined) this.#begin(socket, accepted);
    else void this.#greet(socket, accepted, this.#secureContext);
  }

  /** Tells TLS and plaintext apart by the first byte, and answers the TLS handshake. */
  async #greet(socket: net.Socket, accepted: Accepted, context: () => SecureContext): Promise<void> {
    const { address } = accepted;
    if (this.#greeting.size >= MAX_GREETING) {
      socket.destroy();
      this.#tell({
        type: 'refused',
        address,
        code: 'TOO_MANY_CONNECTIONS',
        message: 'too many begin at once',
        limit: undefined,
      });
      return;
    }
    this.#greeting.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#limits.handshakeTimeout);
    try {
      const first = await firstBytes(socket);
      if (first === undefined) return;
      if (first[0] !== TLS_FIRST_BYTE) {
        this.#begin(socket, { ...accepted, first });
        return;
      }
      socket.unshift(first);
      const secure = await acceptTls(socket, context());
      this.#begin(secure, { ...accepted, raw: socket, exporter: channelBinding(secure) });
    } catch (error) {
      socket.destroy();
      const message = `the TLS handshake failed: ${error instanceof Error ? error.message : String(error)}`;
      this.#tell({ type: 'refused', address, code: 'WRONG_PROTOCOL', message, limit: undefined });
    } finally {
      clearTimeout(timer);
      this.#greeting.delete(socket);
      this.#checkIdle();
    }
  }

  #begin(socket: net.Socket, { host, address, acceptedAt, raw, first, exporter }: Begun): void {
    const { handler, accounts, agent = '@filex/protocol' } = this.#options;
    const refusal = this.#refusal(host, exporter !== undefined);
    if (refusal !== undefined && this.#refused.size >= MAX_REFUSALS) {
      const { code, message } = refusal;
      socket.destroy();
      this.#tell({ type: 'refused', address, code, message, limit: limitOf(refusal) });
      return;
    }
    const group = refusal === undefined ? this.#connections : this.#refused;
    this.#count += 1;
    const connection = new ServerConnection({
      number: this.#count,
      address,
      handler,
      limits: this.#limits,
      hashes: this.#hashes,
      agent,
      budget: this.#budget,
      uploads: this.#uploads,
      accounts,
      anonymous: this.#options.anonymous ?? accounts === undefined,
      exporter,
      promised: refusal === undefined ? this.#limits.initialConnectionWindow : 0,
      acceptedAt,
      transferred: () => ({ received: transport.bytesRead, sent: transport.bytesWritten }),
      onEvent: (event) => this.#tell(event),
      onClosed: (closed) => this.#forget(closed, group),
    });
    group.add(connection);
    const onRead: OnRead = (bytes, slab) => connection.driver.onRead(bytes, slab);
    const adopted = exporter === undefined ? adopt(socket, () => onRead) : readByEvents(socket, onRead);
    const transport = raw ?? adopted;
    connection.driver.attach(adopted);
    adopted.resume();
    adopted.read(0);
    if (refusal !== undefined) connection.driver.abort(refusal);
    else if (first !== undefined) onRead(Uint8Array.from(first), new Slab(first, undefined));
  }

  #refusal(host: string, secure: boolean): FilexError | undefined {
    const { plaintext = 'loopback' } = this.#options;
    const { maxConnections } = this.#serverLimits;
    if (!secure && (plaintext === 'off' || (plaintext === 'loopback' && !isLoopback(host)))) {
      return new FilexError(
        'PLAINTEXT_REFUSED',
        'this server takes unencrypted connections from its own machine only; started with --plaintext on it takes them from anywhere',
      );
    }
    if (this.#connections.size >= maxConnections) {
      const words = `this server takes ${maxConnections} connections at once`;
      return limitError('maxConnections', 'TOO_MANY_CONNECTIONS', words);
    }
    if (!this.#budget.take(this.#limits.initialConnectionWindow)) {
      const words = 'this server has promised all the memory it has for connections';
      return limitError('creditBudget', 'TOO_MANY_CONNECTIONS', words);
    }
    return undefined;
  }

  #forget(connection: ServerConnection, group: Set<ServerConnection>): void {
    group.delete(connection);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#connections.size + this.#refused.size + this.#greeting.size > 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** What the listener throws is its own defect, to be seen as one; it must not get between us and our state. */
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

/** A connection before anything is known of what it wants. */
interface Accepted {
  readonly host: string;
  readonly address: string;
  readonly acceptedAt: number;
}

/** What is known of a connection before it begins. */
interface Begun extends Accepted {
  /** Under TLS: what it runs on. */
  readonly raw?: net.Socket | undefined;
  /** Plaintext that was read to find out what it is. */
  readonly first?: Buffer | undefined;
  /** Under TLS. */
  readonly exporter?: Uint8Array | undefined;
}

/** Undefined when none will come. */
function firstBytes(socket: net.Socket): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    socket.on('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
    socket.once('end', () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.once('data', (chunk: Buffer) => {
      socket.pause();
      resolve(chunk);
    });
    socket.resume();
  });
}

/** A TLS socket hands out chunks of its own; there is no slab to read them into. */
function readByEvents(socket: net.Socket, onRead: OnRead): net.Socket {
  socket.on('data', (chunk: Buffer) => {
    onRead(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length), new Slab(chunk, undefined));
  });
  return socket;
}

/** Without the prefix that marks an IPv4 address on a socket that takes both. */
function readable(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  const plain = readable(address);
  return plain === '::1' || (net.isIPv4(plain) && plain.startsWith('127.'));
}
