import * as net from 'node:net';
import { onTestFinished } from 'vitest';

/** A cable between a client and a server that can be cut at any byte. */
export class Cable {
  readonly url: string;
  /** The port at the other end, of those who connect from now on. */
  target: number;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  /** Called when a client connects, before anything gets through. */
  onJoin: (() => void) | undefined;
  /** How many have. */
  joined = 0;
  /** Gets what comes from the server before it is passed on, and may change it in place. */
  tamper: ((bytes: Buffer) => void) | undefined;
  /** Bytes that still get through, each way; then the cable is cut. */
  #left: { up: number; down: number } = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY };

  private constructor(server: net.Server, port: number, target: number) {
    this.target = target;
    this.#server = server;
    this.url = `filex+tcp://127.0.0.1:${port}/`;
  }

  static async start(target: number): Promise<Cable> {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => cable.#join(socket));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const cable = new Cable(server, (server.address() as net.AddressInfo).port, target);
    onTestFinished(() => cable.stop());
    return cable;
  }

  cutAfter(direction: 'up' | 'down', bytes: number): void {
    this.#left[direction] = bytes;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    this.cut();
    this.#server.close();
  }

  #join(near: net.Socket): void {
    this.joined += 1;
    this.onJoin?.();
    const far = net.connect({ host: '127.0.0.1', port: this.target, allowHalfOpen: true });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    this.#pass(near, far, 'up');
    this.#pass(far, near, 'down');
  }

  #pass(from: net.Socket, to: net.Socket, direction: 'up' | 'down'): void {
    from.on('data', (bytes: Buffer) => {
      const left = this.#left[direction];
      this.#left[direction] -= bytes.length;
      if (direction === 'down') this.tamper?.(bytes);
      if (bytes.length < left) {
        if (!to.write(bytes)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
        return;
      }
      to.write(bytes.subarray(0, left), () => this.cut());
    });
    from.once('end', () => to.end());
    from.once('close', () => to.destroy());
  }
}
