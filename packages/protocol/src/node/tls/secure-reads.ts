import type { Socket } from 'node:net';
import { IDLE_READ_SIZE } from '../bounds.js';
import {
  closeWith,
  type OnRead,
  type ReaderOptions,
  type SocketReader,
  slabReader,
} from '../socket-reader.js';
import { readGathered } from './gathered-reads.js';

/** Bytes of the content of a TLS record, at most (RFC 8446, section 5.1): the most that comes of one read. */
const RECORD_SIZE = 2 ** 14;
/** What is left of such a record when the buffer of an idle socket has taken its beginning. */
const FULL_READ = RECORD_SIZE - IDLE_READ_SIZE;

/** Where a socket of Node keeps what the `onread` option gave it. */
interface Fields {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly next: symbol;
}

/** The part of a TLS handle of Node that is needed; not documented, so it is looked for and not assumed. */
interface Readable {
  _handle?: { useUserBuffer?: unknown } | null;
}

/** What takes a TLS socket's bytes into slabs, as `onread` of `tls.connect`. */
export function secureReader(onRead: () => OnRead, options?: ReaderOptions): SocketReader {
  return slabReader(onRead, { ...options, fullRead: FULL_READ });
}

/**
 * Reads an accepted TLS socket, of which nobody has read yet but by `read()`. Node gives the `onread` option to sockets only that
 * connect; one that was accepted gets it by setting what that option sets. Where this is not what we know, it is read by 'data' events.
 */
export function readSecure(
  socket: Socket,
  onRead: OnRead,
  options: ReaderOptions & { readonly mayFillSlabs: () => boolean },
): void {
  const reader = secureReader(() => onRead, options);
  if (offer(socket, reader)) closeWith(socket, reader);
  else readGathered(socket, onRead, options.mayFillSlabs);
}

function offer(socket: Socket, reader: SocketReader): boolean {
  const handle = (socket as unknown as Readable)._handle;
  const fields = fieldsOf(socket);
  if (fields === undefined || typeof handle?.useUserBuffer !== 'function') return false;
  const buffer = reader.buffer();
  Object.assign(socket, {
    [fields.buffer]: buffer,
    [fields.callback]: reader.callback,
    [fields.next]: reader.buffer,
  });
  handle.useUserBuffer(buffer);
  return true;
}

function fieldsOf(socket: Socket): Fields | undefined {
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (name: string): symbol | undefined => symbols.find(({ description }) => description === name);
  const [buffer, callback, next] = [named('kBuffer'), named('kBufferCb'), named('kBufferGen')];
  return buffer === undefined || callback === undefined || next === undefined
    ? undefined
    : { buffer, callback, next };
}
