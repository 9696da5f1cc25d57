import type { Socket } from 'node:net';
import {
  decodeMessage,
  type Entry,
  encodeMessage,
  FrameDecoder,
  frameName,
  frameTypes,
  HEADER_SIZE,
  type Messages,
  operations,
  PREFACE,
  resolveLimits,
  TreeDigest,
  writeHeader,
} from '@filex/protocol';
import { sha256Provider } from '@filex/protocol/node';
import { rawServer } from './raw-peer.js';

/** What a client asks for. */
export interface Asked {
  readonly operation: (typeof operations)[number];
  readonly path: string;
  readonly reply: Reply;
}

/**
 * A server that shakes hands as it should and then answers as `answer` likes: frames are written by hand, because the
 * library would refuse to.
 */
export async function hostileServer(answer: (asked: Asked) => void): Promise<(path?: string) => string> {
  const port = await rawServer((socket) => converse(socket, answer));
  return (path = '') => `filex+tcp://127.0.0.1:${port}/${path}`;
}

function converse(socket: Socket, answer: (asked: Asked) => void): void {
  const limits = resolveLimits();
  const decoder = new FrameDecoder(
    {
      onPreface: () => undefined,
      onDataHeader: () => undefined,
      onData: () => undefined,
      onFault: () => socket.destroy(),
      onFrame: (type, stream, payload) => {
        const name = frameName(type);
        if (name === 'HELLO') {
          socket.write(PREFACE);
          socket.write(message('HELLO', 0, hello));
        } else if (name === 'AUTH') {
          socket.write(message('AUTH', 0, { step: 'success', principal: 'anonymous' }));
        } else if (name === 'OPEN') {
          const { message: open } = decodeMessage('OPEN', payload);
          if (open === undefined) return;
          const reply = new Reply(socket, stream);
          answer({ operation: operations[open.operation], path: open.path ?? '', reply });
        } else if (name === 'GOAWAY') socket.end();
      },
    },
    limits,
  );
  socket.on('data', (chunk: Buffer) => decoder.push(chunk));
}

const hello: Messages['HELLO'] = {
  versions: [1],
  capabilities: [],
  digests: [1],
  maxDataPayload: 65_536,
  maxStreams: 64,
  streamWindow: 262_144,
  connectionWindow: 262_144,
  nonce: new Uint8Array(32),
  mechanisms: ['ANONYMOUS'],
};

function message<N extends keyof Messages>(name: N, stream: number, fields: Messages[N]): Uint8Array {
  return frame(frameTypes[name], stream, encodeMessage(name, fields));
}

function frame(type: number, stream: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + payload.length);
  writeHeader(bytes, 0, payload.length, type, stream);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
}

/** Answers on one stream, true or not. */
class Reply {
  readonly #socket: Socket;
  readonly #stream: number;

  constructor(socket: Socket, stream: number) {
    this.#socket = socket;
    this.#stream = stream;
  }

  /** An honest answer to `stat`, or one about something else. */
  stat(entry: Partial<Entry> & { readonly path: string }): this {
    return this.message('RESULT', { status: 0, effect: 'none', path: '', entry: whole(entry) });
  }

  entries(...entries: readonly (Partial<Entry> & { readonly path: string })[]): this {
    return this.message('ENTRY', { entries: entries.map(whole) });
  }

  /**
   * An entry with a path that the codec refuses to write: a harmless one of the same length is written, then its bytes
   * are replaced.
   */
  forbiddenEntry(path: string): this {
    const harmless = 'q/'
      .repeat(Buffer.byteLength(path))
      .slice(0, Buffer.byteLength(path) - 1)
      .concat('q');
    const payload = Buffer.from(encodeMessage('ENTRY', { entries: [whole({ path: harmless })] }));
    payload.write(path, payload.indexOf(harmless));
    return this.raw(frame(frameTypes.ENTRY, this.#stream, payload));
  }

  accept(size: number): this {
    const mtime = 1_000_000_000_000_000;
    return this.message('ACCEPT', { offset: 0, epoch: 1, size, mtime, algorithm: 'sha256' });
  }

  data(bytes: Uint8Array): this {
    return this.raw(frame(frameTypes.DATA, this.#stream, bytes));
  }

  end(length: number, digest: Uint8Array): this {
    return this.message('END', { length, digest });
  }

  /** Ends the operation as if all were well. */
  success(path = ''): this {
    return this.message('RESULT', { status: 0, effect: 'none', outcome: 'read', path });
  }

  /** A download without a fault. */
  file(content: Uint8Array): this {
    return this.accept(content.length).data(content).end(content.length, digestOf(content)).success();
  }

  message<N extends keyof Messages>(name: N, fields: Messages[N]): this {
    return this.raw(message(name, this.#stream, fields));
  }

  raw(bytes: Uint8Array): this {
    this.#socket.write(bytes);
    return this;
  }

  hangUp(): void {
    this.#socket.end();
  }
}

function whole(entry: Partial<Entry> & { readonly path: string }): Entry {
  return { kind: 'file', size: 5, mtime: 1_000_000_000_000_000, executable: false, ...entry };
}

export function digestOf(content: Uint8Array): Uint8Array {
  const digest = new TreeDigest(sha256Provider.create);
  digest.update(content);
  return digest.digest();
}
