import * as net from 'node:net';
import { MAX_READING_SLABS, SMALL_READ_SIZE } from './bounds.js';
import { Slab, slabs } from './slab-pool.js';

/**
 * Told of each read. The slab is held for the call; hold it again to keep views of it. The bytes are no `Buffer`, so that
 * what a program is given is of one class, however it arrived.
 */
export type OnRead = (bytes: Uint8Array, slab: Slab) => void;

/** What Node takes as `onread`. */
export interface SocketReader {
  readonly buffer: () => Buffer;
  readonly callback: (count: number, buffer: Uint8Array) => boolean;
  /** Gives the buffer back that waits for data. Called once the socket is closed, when nothing writes to it any more. */
  readonly close: () => void;
}

/** Slabs that wait in sockets for data. */
let reading = 0;

/**
 * Reads a socket into pooled slabs with Node's `onread` option, which moves twice the bytes of 'data' events and
 * allocates nothing. A socket that fills its buffer is offered a slab next, one that does not a small buffer, so that
 * ten thousand idle connections do not hold ten thousand slabs.
 *
 * @param mayFillSlabs whether the other end has earned one.
 */
export function slabReader(onRead: () => OnRead, mayFillSlabs = (): boolean => true): SocketReader {
  let slab: Slab | undefined;
  let busy = false;
  const take = (): Slab | undefined => {
    const taken = slab;
    slab = undefined;
    if (taken?.pooled === true) reading -= 1;
    return taken;
  };
  return {
    buffer: () => {
      take()?.release();
      if (busy && reading < MAX_READING_SLABS && mayFillSlabs()) {
        slab = slabs.take();
        reading += 1;
      } else {
        slab = new Slab(Buffer.allocUnsafeSlow(SMALL_READ_SIZE), undefined);
      }
      return slab.buffer;
    },
    callback: (count) => {
      const current = take() as Slab;
      busy = count === current.buffer.length || (busy && count > SMALL_READ_SIZE);
      try {
        const { buffer: memory, byteOffset } = current.buffer;
        onRead()(new Uint8Array(memory, byteOffset, count), current);
      } finally {
        current.release();
      }
      return true;
    },
    close: () => take()?.release(),
  };
}

/** The part of a TCP handle of Node that adopting one needs; not documented, so it is looked for and not assumed. */
interface Adoptable {
  _handle?: { useUserBuffer?: unknown } | null;
  _server?: { _connections: number } | null;
}

/**
 * Gives an accepted socket the `onread` option, which Node documents for outgoing connections only, by handing its
 * handle to a new socket. Where the handle is not what we know, the socket stays as it is and is read by 'data' events.
 */
export function adopt(
  socket: net.Socket,
  onRead: () => OnRead,
  mayFillSlabs?: (() => boolean) | undefined,
): net.Socket {
  const inner = socket as unknown as Adoptable;
  const handle = inner._handle;
  if (typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', (chunk: Buffer) => {
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      onRead()(bytes, new Slab(chunk, undefined));
    });
    return socket;
  }
  inner._handle = null;
  const reader = slabReader(onRead, mayFillSlabs);
  const options = { handle, onread: reader, allowHalfOpen: true, readable: true, writable: true };
  const adopted = new net.Socket(options as net.SocketConstructorOpts);
  adopted.once('close', reader.close);
  // The server counts its sockets down when they are destroyed; the count moves with the handle.
  (adopted as unknown as Adoptable)._server = inner._server ?? null;
  inner._server = null;
  socket.destroy();
  return adopted;
}
