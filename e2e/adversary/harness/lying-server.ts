import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Scene } from './scene.js';
import {
  data,
  type Frame,
  FrameCutter,
  type FrameName,
  frame,
  message,
  type OperationName,
  operations,
  PREFACE,
  treeDigest,
  type Values,
} from './wire.js';

/** What a client asks for, and the means to lie to it. */
export interface Asked {
  readonly operation: OperationName;
  readonly path: string;
  readonly reply: Reply;
}

export interface Lies {
  /** Inside TLS, with this key. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What is said in HELLO. */
  readonly hello?: Values;
  /** Instead of the answer to the preface and HELLO of the client. */
  readonly greet?: (side: ServerSide) => void;
  /** Instead of letting everybody in; called for each AUTH. */
  readonly authenticate?: (side: ServerSide, auth: Frame, count: number) => void;
  /** Called for each OPEN. Default: no answer. */
  readonly answer?: (asked: Asked) => void;
  /** Called for every other frame on a stream. */
  readonly hear?: (side: ServerSide, came: Frame) => void;
}

export interface LyingServer {
  readonly port: number;
  /** Connections that were made to it. */
  readonly met: () => number;
  url(path?: string): string;
}

/** A server that shakes hands as it should, unless told otherwise, and then answers as `lies` says. */
export async function lyingServer(scene: Scene, lies: Lies): Promise<LyingServer> {
  let met = 0;
  const port = await scene.serve((socket) => {
    met += 1;
    new ServerSide(socket, lies);
  }, lies.tls);
  return { port, met: () => met, url: (path = '') => `filex+tcp://127.0.0.1:${port}/${path}` };
}

/** One connection of a server that obeys no rule. */
export class ServerSide {
  readonly socket: Socket;
  readonly #cutter = new FrameCutter();
  readonly #lies: Lies;
  readonly #hellos: { client: Buffer; server: Buffer } = { client: Buffer.alloc(0), server: Buffer.alloc(0) };
  #prefaced = false;
  #auths = 0;

  constructor(socket: Socket, lies: Lies) {
    this.socket = socket;
    this.#lies = lies;
    socket.on('data', (chunk: Buffer) => {
      this.#cutter.push(chunk);
      this.#cut();
    });
  }

  /** Both HELLO frames, the client's first. */
  get hellos(): Buffer {
    return Buffer.concat([this.#hellos.client, this.#hellos.server]);
  }

  send(...parts: readonly Uint8Array[]): this {
    if (this.socket.writable) this.socket.write(Buffer.concat(parts));
    return this;
  }

  frame(name: FrameName, stream: number, values: Values): this {
    return this.send(frame(name, stream, values));
  }

  greet(values: Values = {}): this {
    return this.send(PREFACE, this.helloBytes(values));
  }

  helloBytes(values: Values = {}): Buffer {
    this.#hellos.server = frame('HELLO', 0, {
      versions: [1],
      capabilities: [],
      digests: [1],
      maxDataPayload: 65_536,
      maxStreams: 256,
      streamWindow: 262_144,
      connectionWindow: 262_144,
      nonce: randomBytes(32),
      mechanisms: ['ANONYMOUS'],
      agent: 'lying',
      ...this.#lies.hello,
      ...values,
    });
    return this.#hellos.server;
  }

  success(values: Values = {}): this {
    return this.frame('AUTH', 0, { step: 1, principal: 'anonymous', ...values });
  }

  #cut(): void {
    if (!this.#prefaced) {
      if (this.#cutter.take(PREFACE.length) === undefined) return;
      this.#prefaced = true;
    }
    for (let next = this.#cutter.next(); next !== undefined; next = this.#cutter.next())
      this.#hear(next.frame, next.raw);
  }

  #hear(came: Frame, raw: Buffer): void {
    const { greet, authenticate, answer, hear } = this.#lies;
    switch (came.name) {
      case 'HELLO':
        this.#hellos.client = Buffer.from(raw);
        if (greet === undefined) this.greet();
        else greet(this);
        break;
      case 'AUTH':
        this.#auths += 1;
        if (authenticate === undefined) this.success();
        else authenticate(this, came, this.#auths);
        break;
      case 'OPEN': {
        const number = came.number('operation');
        const [operation] = Object.entries(operations).find(([, each]) => each === number) ?? ['stat'];
        const reply = new Reply(this, came.stream);
        answer?.({ operation: operation as OperationName, path: came.text('path'), reply });
        break;
      }
      case 'PING':
        this.frame('PONG', 0, { token: came.field('token') });
        break;
      case 'GOAWAY':
        this.socket.end();
        break;
      default:
        hear?.(this, came);
    }
  }
}

export interface Lie {
  readonly path: string;
  readonly kind?: 'file' | 'directory' | 'symlink' | 'other';
  readonly size?: number | bigint;
}

const LONG_AGO = 1_000_000_000_000_000;

/** An entry as it stands, whatever its path. */
export function entry({ path, kind = 'file', size = 5 }: Lie): Buffer {
  const kinds = { file: 0, directory: 1, symlink: 2, other: 3 };
  const named = path === '' ? {} : { path };
  return message('entry', { ...named, kind: kinds[kind], size, mtime: LONG_AGO });
}

/** Answers on one stream, true or not. */
class Reply {
  readonly side: ServerSide;
  readonly stream: number;

  constructor(side: ServerSide, stream: number) {
    this.side = side;
    this.stream = stream;
  }

  say(name: FrameName, values: Values): this {
    this.side.frame(name, this.stream, values);
    return this;
  }

  accept(values: Values): this {
    return this.say('ACCEPT', { offset: 0, epoch: 1, mtime: LONG_AGO, ...values });
  }

  data(bytes: Uint8Array): this {
    this.side.send(data(this.stream, bytes));
    return this;
  }

  end(content: Uint8Array, values: Values = {}): this {
    return this.say('END', { length: content.length, digest: treeDigest(content), ...values });
  }

  success(values: Values = {}): this {
    return this.say('RESULT', { status: 0, effect: 0, ...values });
  }

  stat(lie: Lie): this {
    return this.success({ entry: entry(lie) });
  }

  entries(...lies: readonly Lie[]): this {
    return this.say('ENTRY', { entries: lies.map(entry) });
  }

  /** A download without a fault. */
  file(content: Uint8Array): this {
    return this.accept({ size: content.length }).data(content).end(content).success({ outcome: 5 });
  }
}
