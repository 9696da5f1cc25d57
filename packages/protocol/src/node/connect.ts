import * as net from 'node:net';
import { FilexError } from '../errors.js';
import { type FilexUrl, parseUrl } from '../url.js';
import { CONNECT_TIMEOUT, MAX_TIMER } from './bounds.js';
import { ClientSession } from './client/session.js';
import { slabReader } from './socket-reader.js';
import type { ConnectOptions, Session } from './types.js';

/**
 * Connects to a server and shakes hands. The path of the address is not used: operations name theirs.
 *
 * @param url `filex+tcp://host:12345/`, as text or taken apart.
 * @throws FilexError `URL_INVALID`, `UNSUPPORTED` (a `filex://` address: TLS is not in this version), `CONNECT_FAILED`,
 * `WRONG_PROTOCOL` (something else answers there), `TIMEOUT`, or the code the server refused with.
 * @throws RangeError for limits that make no sense.
 */
export async function connect(url: string | FilexUrl, options: ConnectOptions = {}): Promise<Session> {
  const address = typeof url === 'string' ? parseUrl(url) : url;
  if (address.scheme === 'filex') {
    throw new FilexError(
      'UNSUPPORTED',
      'filex:// means TLS, which this version does not have yet; filex+tcp:// is the same without encryption',
    );
  }
  if (options.signal?.aborted === true) throw abortError(options.signal);
  const session = new ClientSession(options);
  const onread = slabReader(() => (bytes, slab) => session.driver.onRead(bytes, slab));
  const socket = net.connect({ host: address.host, port: address.port, allowHalfOpen: true, onread });
  socket.once('close', onread.close);
  const giveUp = giveUpWith(session, socket);
  const milliseconds = options.timeout ?? CONNECT_TIMEOUT;
  const timer = setTimeout(() => giveUp(timedOut(address, milliseconds)), Math.min(milliseconds, MAX_TIMER));
  const onAbort = (): void => giveUp(abortError(options.signal));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await connected(socket, address);
    session.driver.attach(socket);
    await session.ready;
    return session;
  } catch (error) {
    socket.destroy();
    throw explain(error, address);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

function giveUpWith(session: ClientSession, socket: net.Socket): (error: FilexError) => void {
  return (error) => {
    session.driver.destroy(error);
    socket.destroy(error);
  };
}

function connected(socket: net.Socket, address: FilexUrl): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays: between this and whoever listens next, an error would find nobody and end the process.
    socket.on('error', (cause) => {
      reject(cause instanceof FilexError ? cause : unreachable(address, cause));
    });
    socket.once('connect', resolve);
  });
}

function abortError(signal: AbortSignal | undefined): FilexError {
  return new FilexError('CANCELLED', undefined, { cause: signal?.reason });
}

function where(address: FilexUrl): string {
  return `${address.host}:${address.port}`;
}

function timedOut(address: FilexUrl, milliseconds: number): FilexError {
  return new FilexError('TIMEOUT', `${where(address)} did not answer within ${milliseconds} ms`);
}

function unreachable(address: FilexUrl, cause: NodeJS.ErrnoException): FilexError {
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'there is no host of that name',
    EAI_AGAIN: 'the name could not be looked up',
    EHOSTUNREACH: 'there is no way to that host',
    ENETUNREACH: 'there is no way to that network',
    ETIMEDOUT: 'it does not answer',
    ECONNRESET: 'it closed the connection',
  };
  const reason = reasons[cause.code ?? ''] ?? cause.message;
  return new FilexError('CONNECT_FAILED', `cannot connect to ${where(address)}: ${reason}`, { cause });
}

/** What went wrong before the session was usable, said for someone who typed an address. */
function explain(error: unknown, address: FilexUrl): FilexError {
  const failure = FilexError.from(error);
  if (failure.code === 'BAD_PREFACE') {
    const seen = failure.message.replace(/^.*: this looks like /, '');
    return new FilexError(
      'WRONG_PROTOCOL',
      `${where(address)} is not a FileX server: it answers with ${seen}`,
      {
        cause: failure,
      },
    );
  }
  if (failure.code === 'CONNECTION_LOST') {
    return new FilexError(
      'CONNECT_FAILED',
      `${where(address)} closed the connection before saying anything a FileX server says`,
      { cause: failure },
    );
  }
  return failure;
}
