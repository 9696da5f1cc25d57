import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { acceptTls, type TlsOffer } from '../tls/accept.js';
import { Transport } from './transport.js';

/** Takes connections on a port of the loopback, and knows nothing of what is said on them. */
export class Listener {
  readonly #server: Server;
  readonly #timeout: number;
  readonly #tls: TlsOffer | undefined;
  readonly #all: Transport[] = [];
  /** Connections whose TLS handshake is under way. */
  readonly #shaking = new Set<Socket>();
  readonly #waiting: Transport[] = [];
  #wake: (() => void) | undefined;
  #refusing = false;
  #trouble: Error | undefined;

  private constructor(server: Server, timeout: number, tls: TlsOffer | undefined) {
    this.#server = server;
    this.#timeout = timeout;
    this.#tls = tls;
    server.on('connection', (socket) => this.#onConnection(socket));
  }

  /**
   * @param timeout milliseconds that an answer may take on its transports.
   * @param tls answers a TLS handshake first, as told.
   */
  static async open(timeout: number, tls?: TlsOffer): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Listener(server, timeout, tls);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every connection that came. */
  get transports(): readonly Transport[] {
    return this.#all;
  }

  /** Why the last TLS handshake failed, if one did. */
  get trouble(): Error | undefined {
    return this.#trouble;
  }

  /** The next connection; undefined when none comes within so many milliseconds, `gaveUp` settles before, or a TLS handshake fails. */
  async next(timeout: number, gaveUp: Promise<unknown>): Promise<Transport | undefined> {
    if (this.#waiting.length === 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, timeout);
        void gaveUp.then(() => resolve());
      });
      clearTimeout(timer);
    }
    return this.#waiting.shift();
  }

  /** Ends what nobody has taken, and whatever comes from now on. */
  refuseMore(): void {
    this.#refusing = true;
    for (const transport of this.#waiting.splice(0)) transport.destroy();
  }

  /** Takes connections again. */
  takeMore(): void {
    this.#refusing = false;
  }

  close(): void {
    this.#server.close();
    for (const transport of this.#all) transport.destroy();
    for (const socket of this.#shaking) socket.destroy();
  }

  #onConnection(socket: Socket): void {
    if (this.#tls === undefined) {
      this.#take(socket, socket);
      return;
    }
    this.#shaking.add(socket);
    acceptTls(socket, this.#tls)
      .then(
        (secure) => this.#take(secure, socket),
        (error: Error) => {
          this.#trouble = error;
          socket.destroy();
          this.#wake?.();
        },
      )
      .finally(() => this.#shaking.delete(socket));
  }

  #take(socket: Socket, carrier: Socket): void {
    const transport = new Transport(socket, this.#timeout, carrier);
    this.#all.push(transport);
    // A client that has said all it has to say is not kept waiting.
    socket.once('end', () => socket.end());
    if (this.#refusing) {
      transport.destroy();
      return;
    }
    this.#waiting.push(transport);
    this.#wake?.();
  }
}
