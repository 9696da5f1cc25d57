import * as net from 'node:net';
import { FilexError } from '../errors.js';
import { resolveLimits } from '../limits.js';
import { DEFAULT_PORT } from '../url.js';
import { CREDIT_BUDGET, LISTEN_BACKLOG, MAX_CONNECTIONS } from './bounds.js';
import { sha256Provider } from './digests.js';
import { CreditBudget } from './server/credit-budget.js';
import { ServerConnection } from './server/server-connection.js';
import { adopt, type OnRead, slabReader } from './socket-reader.js';
import type { ServeOptions, Server } from './types.js';

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
  readonly #budget: CreditBudget;
  readonly #limits;
  readonly #hashes;
  #count = 0;
  #stopping = false;
  #onIdle: (() => void)[] = [];

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#limits = resolveLimits(options.limits);
    const providers = [...(options.digests ?? []), sha256Provider];
    this.#hashes = new Map(providers.map(({ algorithm, create }) => [algorithm, create] as const));
    this.#budget = new CreditBudget(options.creditBudget ?? CREDIT_BUDGET);
    // Paused until it is adopted, so that no byte is read by other means.
    this.#listener = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      this.#take(socket),
    );
  }

  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#listener.address() as net.AddressInfo;
    return { host: address, port };
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
        // Accepting may fail for a while, when descriptors run out; the connections there are go on.
        this.#listener.on('error', (error) =>
          this.#tell({ type: 'refused', address: '', code: 'BUSY', message: error.message }),
        );
        resolve();
      });
    });
  }

  async shutdown(): Promise<void> {
    this.#stop();
    for (const connection of this.#connections) connection.shutdown();
    await this.#idle();
  }

  async destroy(): Promise<void> {
    this.#stop();
    const connections = [...this.#connections];
    for (const connection of connections) {
      connection.driver.destroy(new FilexError('CONNECTION_LOST', 'the server was stopped'));
    }
    await Promise.all(connections.map((connection) => connection.settled()));
    await this.#idle();
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#listener.close();
  }

  /** Resolves when no connection is left and none of their handlers runs. */
  async #idle(): Promise<void> {
    while (this.#connections.size > 0) {
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
    const { handler, agent = '@filex/protocol' } = this.#options;
    this.#count += 1;
    const refusal = this.#refusal(host);
    const connection = new ServerConnection({
      number: this.#count,
      address: `${readable(host)}:${socket.remotePort ?? 0}`,
      handler,
      limits: this.#limits,
      hashes: this.#hashes,
      agent,
      budget: this.#budget,
      promised: refusal === undefined ? this.#limits.initialConnectionWindow : 0,
      onEvent: (event) => this.#tell(event),
      onClosed: (closed) => void this.#forget(closed),
    });
    this.#connections.add(connection);
    const onRead = (): OnRead => (bytes, slab) => connection.driver.onRead(bytes, slab);
    const adopted = adopt(socket, slabReader(onRead), onRead);
    connection.driver.attach(adopted);
    adopted.resume();
    adopted.read(0);
    if (refusal !== undefined) connection.driver.abort(refusal);
  }

  #refusal(host: string): FilexError | undefined {
    const { plaintext = 'loopback', maxConnections = MAX_CONNECTIONS } = this.#options;
    if (plaintext === 'off' || (plaintext === 'loopback' && !isLoopback(host))) {
      return new FilexError(
        'PLAINTEXT_REFUSED',
        'this server takes unencrypted connections from its own machine only; started with --plaintext on it takes them from anywhere',
      );
    }
    if (
      this.#connections.size >= maxConnections ||
      !this.#budget.take(this.#limits.initialConnectionWindow)
    ) {
      return new FilexError(
        'TOO_MANY_CONNECTIONS',
        `this server takes ${maxConnections} connections at once`,
      );
    }
    return undefined;
  }

  async #forget(connection: ServerConnection): Promise<void> {
    await connection.settled();
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  #tell(event: Parameters<NonNullable<ServeOptions['onEvent']>>[0]): void {
    this.#options.onEvent?.(event);
  }
}

/** Without the prefix that marks an IPv4 address on a socket that takes both. */
function readable(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  const plain = readable(address);
  return plain === '::1' || /^127\./.test(plain);
}
