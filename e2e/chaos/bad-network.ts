import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Server } from 'node:net';
import { Line } from './line.js';
import type { Cut, Direction, LineFault } from './line-fault.js';
import { Random } from './random.js';

export interface BadNetworkOptions {
  /** The port of the server, on this machine. */
  readonly upstream: number;
  /** What becomes of a connection; they count from 1. Default: nothing. */
  readonly faults?: ((connection: number) => readonly LineFault[]) | undefined;
  readonly random?: Random | undefined;
}

/** A bad network between clients and a server. Its port stays the same, whatever becomes of the server behind it. */
export class BadNetwork {
  readonly #listener: Server;
  readonly #random: Random;
  readonly #lines = new Set<Line>();
  readonly #bytes = { up: 0, down: 0 };
  readonly #injected = new Map<LineFault['kind'], number>();
  #waiting: { readonly isOver: () => boolean; readonly resolve: () => void }[] = [];
  #connections = 0;
  #held = false;
  /** The port that new connections go to. */
  upstream: number;
  /** What becomes of new connections. */
  faults: (connection: number) => readonly LineFault[];

  private constructor({ upstream, faults = () => [], random = new Random(1) }: BadNetworkOptions) {
    this.upstream = upstream;
    this.faults = faults;
    this.#random = random;
    this.#listener = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
      this.#connections += 1;
      const far = dial({ port: this.upstream, host: '127.0.0.1', allowHalfOpen: true });
      for (const socket of [near, far]) socket.setNoDelay(true);
      const line = new Line(near, far, this.faults(this.#connections), this.#random, {
        count: (direction, bytes) => {
          this.#bytes[direction] += bytes;
          this.#tell();
        },
        fault: (kind) => this.#injected.set(kind, (this.#injected.get(kind) ?? 0) + 1),
        closed: () => this.#lines.delete(line),
      });
      this.#lines.add(line);
      if (this.#held) line.hold();
      else near.resume();
      this.#tell();
    });
  }

  static async start(options: BadNetworkOptions): Promise<BadNetwork> {
    const network = new BadNetwork(options);
    network.#listener.listen(0, '127.0.0.1');
    await once(network.#listener, 'listening');
    return network;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Plaintext address of a path. */
  url(path = ''): string {
    return `filex+tcp://127.0.0.1:${this.port}/${path}`;
  }

  /** Bytes that were taken from clients (`up`) and from servers (`down`). */
  get bytes(): { readonly up: number; readonly down: number } {
    return this.#bytes;
  }

  /** Connections that there have been. */
  get connections(): number {
    return this.#connections;
  }

  /** How often each fault has happened. */
  get injected(): ReadonlyMap<LineFault['kind'], number> {
    return this.#injected;
  }

  /** Resolves when so many bytes have passed. */
  passed(direction: Direction, bytes: number): Promise<void> {
    return this.#until(() => this.#bytes[direction] >= bytes);
  }

  /** The same for both directions together. */
  passedInAll(bytes: number): Promise<void> {
    return this.#until(() => this.#bytes.up + this.#bytes.down >= bytes);
  }

  /** Resolves when there have been so many connections. */
  connected(connections: number): Promise<void> {
    return this.#until(() => this.#connections >= connections);
  }

  /** Passes nothing on in either direction, and tells nobody. */
  hold(): void {
    this.#held = true;
    for (const line of this.#lines) line.hold();
  }

  release(): void {
    this.#held = false;
    for (const line of this.#lines) line.release();
  }

  /** Does so to every connection that there is. */
  cut(how: Exclude<Cut, 'truncate'>): void {
    for (const line of this.#lines) line.cut(how);
  }

  async close(): Promise<void> {
    for (const line of this.#lines) line.destroy();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #until(isOver: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isOver, resolve });
      this.#tell();
    });
  }

  #tell(): void {
    this.#waiting = this.#waiting.filter(({ isOver, resolve }) => {
      if (!isOver()) return true;
      resolve();
      return false;
    });
  }
}
