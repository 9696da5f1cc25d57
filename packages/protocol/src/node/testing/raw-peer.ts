import * as net from 'node:net';
import { onTestFinished } from 'vitest';
import { concat } from '../../testing/bytes.js';
import { dataFrame, messageFrame } from '../../testing/frames.js';
import { greasedHello } from '../../testing/peer.js';
import { type FrameName, frameName, frameTypes, HEADER_SIZE } from '../../wire/frame.js';
import { decodeMessage, type Messages } from '../../wire/messages.js';
import { PREFACE } from '../../wire/preface.js';

export type Frame = {
  readonly name: FrameName;
  readonly stream: number;
  readonly bytes: Uint8Array;
} & Record<string, unknown>;

/**
 * The other end of a connection, written by hand: sends any bytes, true or not, and takes what it hears apart. It reads
 * only while somebody waits for a frame, or after `readAll`.
 */
export class RawPeer {
  readonly socket: net.Socket;
  /** Everything heard. */
  readonly frames: Frame[] = [];
  /** Resolves when the other end has closed its direction, or all. */
  readonly ended: Promise<void>;
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;
  #rest: Uint8Array = new Uint8Array(0);
  #greeted = false;
  #taken = 0;
  #over = false;
  #waiting: (() => void)[] = [];

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => undefined);
    const over = (): void => {
      this.#over = true;
      this.#wake();
    };
    this.ended = new Promise((resolve) => {
      socket.once('end', resolve);
      socket.once('close', () => resolve());
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.once('end', over);
    socket.once('close', over);
  }

  /** Connects to a server, from any address of this machine, and, unless told otherwise, shakes hands. */
  static async client(
    port: number,
    hello: Partial<Messages['HELLO']> | false = {},
    localAddress = '127.0.0.1',
  ): Promise<RawPeer> {
    const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true, localAddress });
    onTestFinished(() => void socket.destroy());
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const peer = new RawPeer(socket);
    if (hello === false) return peer;
    peer.send(PREFACE, messageFrame('HELLO', 0, { ...greasedHello, ...hello }));
    await peer.next('HELLO');
    peer.send(messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' }));
    await peer.next('AUTH');
    return peer;
  }

  /** Answers the handshake of a client. */
  async welcome(hello: Partial<Messages['HELLO']> = {}): Promise<void> {
    await this.next('HELLO');
    this.send(
      PREFACE,
      messageFrame('HELLO', 0, {
        ...greasedHello,
        maxStreams: 64,
        maxDataPayload: 1 << 20,
        streamWindow: 1 << 20,
        connectionWindow: 1 << 20,
        mechanisms: ['ANONYMOUS'],
        ...hello,
      }),
    );
    await this.next('AUTH');
    this.send(messageFrame('AUTH', 0, { step: 'success', principal: 'anonymous' }));
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(concat(parts));
  }

  say<N extends keyof Messages>(name: N, stream: number, message: Messages[N]): void {
    this.send(messageFrame(name, stream, message));
  }

  data(stream: number, bytes: Uint8Array): void {
    this.send(dataFrame(stream, bytes));
  }

  /** The next frame of that kind, skipping others. */
  async next<N extends FrameName>(
    name: N,
  ): Promise<Frame & (N extends keyof Messages ? Messages[N] : object)> {
    for (;;) {
      while (this.#taken < this.frames.length) {
        const frame = this.frames[this.#taken] as Frame;
        this.#taken += 1;
        if (frame.name === name) return frame as never;
      }
      if (this.#over) throw new Error(`the other end closed before ${name}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** How often a frame of that kind was heard. */
  count(name: FrameName): number {
    return this.frames.filter((frame) => frame.name === name).length;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #take(bytes: Uint8Array): void {
    let rest = concat([this.#rest, bytes]);
    if (!this.#greeted && rest.length >= PREFACE.length) {
      rest = rest.subarray(PREFACE.length);
      this.#greeted = true;
    }
    while (this.#greeted && rest.length >= HEADER_SIZE) {
      const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
      const end = HEADER_SIZE + view.getUint32(0);
      if (rest.length < end) break;
      const type = view.getUint8(4);
      const payload = rest.slice(HEADER_SIZE, end);
      const name = frameName(type) as FrameName;
      const message = type === frameTypes.DATA ? {} : decodeMessage(name as keyof Messages, payload).message;
      this.frames.push({ ...message, name, stream: view.getUint32(6), bytes: payload } as Frame);
      rest = rest.subarray(end);
    }
    this.#rest = rest.slice();
    this.#wake();
  }
}

/** Listens and hands each connection to `talk`. Ends with the test. */
export async function rawServer(
  talk: (socket: net.Socket) => void,
): Promise<{ port: number; url: string; server: net.Server }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as net.AddressInfo;
  return { port, url: `filex+tcp://127.0.0.1:${port}/`, server };
}

/** A FileX server written by hand: `talk` gets each client after the handshake. */
export function hostileServer(
  talk: (peer: RawPeer) => Promise<void> | void,
  hello: Partial<Messages['HELLO']> = {},
): Promise<{ port: number; url: string; server: net.Server }> {
  return rawServer((socket) => {
    const peer = new RawPeer(socket);
    // A client that goes away in the middle ends the talk; what the test expects of the client says all.
    peer.welcome(hello).then(
      () => Promise.resolve(talk(peer)).catch(() => undefined),
      () => undefined,
    );
  });
}
