import * as net from 'node:net';
import {
  IDLE_READ_SIZE,
  LEAST_READ_SIZE,
  MANY_RECEIVED_SLABS,
  MAX_READING_SLABS,
  SMALL_READ_SIZE,
} from './bounds.js';
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
  /** Tells of what has come and waits for more. */
  readonly flush: () => void;
  /** Tells of the rest, and gives the buffer back that waits for data. Called once the socket is closed, when nothing writes to it any more. */
  readonly close: () => void;
}

/** Slabs that wait in sockets for data. */
let reading = 0;

/** What is asked of the other side of a reader. */
export interface ReaderOptions {
  /** Whether the other end has earned slabs. Default: it has. */
  readonly mayFillSlabs?: (() => boolean) | undefined;
  /** How many bytes after these still belong to the same payload; see `Connection.missing`. Default: none. */
  readonly missing?: ((bytes: Uint8Array) => number) | undefined;
  /** A read of so many bytes is as much as the socket gives at once: then more is likely to come. Default: what it was offered. */
  readonly fullRead?: number | undefined;
}

/**
 * Reads a socket into pooled slabs with Node's `onread` option, which moves twice the bytes of 'data' events and
 * allocates nothing. A socket that fills its buffer is offered a larger one next, a slab in the end, one that does not a small one,
 * so that ten thousand idle connections do not hold ten thousand slabs.
 *
 * What comes of a payload whose end still fits into the slab is told when that has come, or when the socket is not busy any more:
 * so a file that comes in frames of the size of a slab is digested and written a slab at a time, however the network has cut it.
 */
export function slabReader(
  onRead: () => OnRead,
  { mayFillSlabs = () => true, missing = () => 0, fullRead = Number.POSITIVE_INFINITY }: ReaderOptions = {},
): SocketReader {
  let slab: Slab | undefined;
  /** Where in it those begin that were not told yet. */
  let start = 0;
  /** How many these are … */
  let filled = 0;
  /** … and how many more of these are waited for. */
  let awaited = 0;
  let busy = false;
  /** Whether the last read has filled what was offered: then little may come of the next one, and more be on its way. */
  let wasFull = false;
  const take = (): Slab | undefined => {
    const taken = slab;
    slab = undefined;
    start = 0;
    if (taken?.pooled === true) reading -= 1;
    return taken;
  };
  const tell = (): void => {
    const current = slab as Slab;
    const { buffer: memory, byteOffset, length } = current.buffer;
    const bytes = new Uint8Array(memory, byteOffset + start, filled);
    start += filled;
    filled = 0;
    awaited = 0;
    // What is left of it is used, too, when there are many: they may be out for as long as a disk takes.
    const isKept =
      current.pooled && slabs.received >= MANY_RECEIVED_SLABS && length - start >= LEAST_READ_SIZE;
    if (!isKept) take();
    try {
      onRead()(bytes, current);
    } finally {
      if (!isKept) current.release();
    }
  };
  /** How much to wait for, now that there is so much in the slab. */
  const rest = ({ buffer, pooled }: Slab): number => {
    if (!pooled || !busy) return 0;
    const count = missing(buffer.subarray(start, start + filled));
    return start + filled + count <= buffer.length ? count : 0;
  };
  return {
    buffer: () => {
      if (slab !== undefined && awaited > 0)
        return slab.buffer.subarray(start + filled, start + filled + awaited);
      if (slab !== undefined && start > 0 && busy) return slab.buffer.subarray(start);
      take()?.release();
      if (busy && reading < MAX_READING_SLABS && mayFillSlabs()) {
        slab = slabs.take('receive');
        reading += 1;
      } else {
        slab = new Slab(Buffer.allocUnsafeSlow(wasFull || busy ? SMALL_READ_SIZE : IDLE_READ_SIZE));
      }
      return slab.buffer;
    },
    callback: (count) => {
      const current = slab as Slab;
      const isFull = count === (awaited > 0 ? awaited : current.buffer.length - start);
      const isFilled = (isFull && current.buffer.length >= SMALL_READ_SIZE) || count >= fullRead;
      busy = isFilled || (busy && (wasFull || count > SMALL_READ_SIZE));
      wasFull = isFull;
      filled += count;
      awaited = rest(current);
      if (awaited === 0) tell();
      return true;
    },
    flush: () => {
      if (filled > 0) tell();
    },
    close: () => {
      if (filled > 0) tell();
      take()?.release();
    },
  };
}

/** Sees to it that a reader ends with its socket, whose end is heard of after all that came before. */
export function closeWith(socket: net.Socket, { flush, close }: SocketReader): void {
  socket.once('end', flush);
  socket.once('error', flush);
  socket.once('close', close);
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
  readerOptions?: ReaderOptions | undefined,
): net.Socket {
  const inner = socket as unknown as Adoptable;
  const handle = inner._handle;
  if (typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', (chunk: Buffer) => {
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      onRead()(bytes, new Slab(chunk));
    });
    return socket;
  }
  inner._handle = null;
  const reader = slabReader(onRead, readerOptions);
  const options = { handle, onread: reader, allowHalfOpen: true, readable: true, writable: true };
  const adopted = new net.Socket(options as net.SocketConstructorOpts);
  closeWith(adopted, reader);
  // The server counts its sockets down when they are destroyed; the count moves with the handle.
  (adopted as unknown as Adoptable)._server = inner._server ?? null;
  inner._server = null;
  socket.destroy();
  return adopted;
}
