import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { cleanUp } from './clean-up.js';

type Direction = 'up' | 'down';

/** Something between client and server that can hold bytes back or cut the line. */
export interface Relay {
  url(path?: string): string;
  /** Resolves when so many bytes have passed, to the server (`up`) or to the client (`down`). */
  passed(direction: Direction, bytes: number): Promise<void>;
  /** Bytes that have passed so far. */
  total(direction: Direction): number;
  /** Passes nothing on in either direction, from now on. */
  hold(): void;
  release(): void;
  /** Cuts every line there is. */
  cut(): void;
}

export async function startRelay(target: number): Promise<Relay> {
  const lines: Line[] = [];
  const meter = new Meter();
  let held = false;
  const listener = createServer((near) => {
    const line = new Line(near, dial(target, '127.0.0.1'), meter);
    lines.push(line);
    if (held) line.hold();
    else line.release();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const cut = (): void => {
    for (const line of lines) line.cut();
  };
  cleanUp(() => {
    cut();
    listener.close();
  });
  return {
    url: (path = '') => `filex+tcp://127.0.0.1:${port}/${path}`,
    passed: (direction, bytes) => meter.reaches(direction, bytes),
    total: (direction) => meter.total(direction),
    hold: () => {
      held = true;
      for (const line of lines) line.hold();
    },
    release: () => {
      held = false;
      for (const line of lines) line.release();
    },
    cut,
  };
}

class Line {
  readonly #near: Socket;
  readonly #far: Socket;

  constructor(near: Socket, far: Socket, meter: Meter) {
    this.#near = near;
    this.#far = far;
    near.on('data', (chunk: Buffer) => meter.count('up', chunk.length));
    far.on('data', (chunk: Buffer) => meter.count('down', chunk.length));
    for (const socket of [near, far]) {
      socket.on('error', () => this.cut());
      socket.on('close', () => this.cut());
    }
  }

  hold(): void {
    this.#near.unpipe(this.#far).pause();
    this.#far.unpipe(this.#near).pause();
  }

  release(): void {
    this.#near.pipe(this.#far);
    this.#far.pipe(this.#near);
  }

  cut(): void {
    this.#near.destroy();
    this.#far.destroy();
  }
}

class Meter {
  readonly #totals = { up: 0, down: 0 };
  #waiting: { readonly direction: Direction; readonly bytes: number; readonly resolve: () => void }[] = [];

  count(direction: Direction, bytes: number): void {
    this.#totals[direction] += bytes;
    this.#tell();
  }

  total(direction: Direction): number {
    return this.#totals[direction];
  }

  reaches(direction: Direction, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ direction, bytes, resolve });
      this.#tell();
    });
  }

  #tell(): void {
    this.#waiting = this.#waiting.filter(({ direction, bytes, resolve }) => {
      if (this.#totals[direction] < bytes) return true;
      resolve();
      return false;
    });
  }
}
