import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Transport } from './transport.js';

/** Takes connections on a port of the loopback, and knows nothing of what is said on them. */
export class Listener {
  readonly #server: Server;
  readonly #timeout: number;
  readonly #all: Transport[] = [];
  readonly #waiting: Transport[] = [];
  #wake: (() => void) | undefined;
  #refusing = false;

  private constructor(server: Server, timeout: number) {
    this.#server = server;
    this.#timeout = timeout;
    server.on('connection', (socket) => this.#onConnection(socket));
  }

  /** @param timeout milliseconds that an answer may take on its transports. */
  static async open(timeout: number): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Listener(server, timeout);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every connection that came. */
  get transports(): readonly Transport[] {
    return this.#all;
  }

  /** The next connection; undefined when none comes within so many milliseconds, or `gaveUp` settles before. */
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
  }

  #onConnection(socket: Socket): void {
    const transport = new Transport(socket, this.#timeout);
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
