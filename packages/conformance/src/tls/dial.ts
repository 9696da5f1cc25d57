import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls';
import { ALPN } from './settings.js';

/** What a client says in its TLS handshake, where it differs from what an honest one says. */
export interface TlsDial {
  readonly alpn?: readonly string[];
  readonly maxVersion?: SecureVersion;
}

/** The server did not want the handshake that it was offered. */
export class HandshakeRefused extends Error {
  override readonly name = 'HandshakeRefused';
}

/** @throws the error of `net.connect`. */
export function dialTcp(host: string, port: number, timeout: number): Promise<Socket> {
  const socket = connect({ host, port, allowHalfOpen: true });
  return within(socket, 'connect', timeout, `no connection within ${timeout} ms`);
}

/**
 * Does the TLS handshake on a connection. Whose key it is nobody looks at here.
 * @throws HandshakeRefused when the server ends it; Error when nothing comes of it.
 */
export async function dialTls(socket: Socket, host: string, timeout: number, dial: TlsDial = {}) {
  const { alpn = [ALPN], maxVersion = 'TLSv1.3' } = dial;
  const secure = connectTls({
    socket,
    ALPNProtocols: [...alpn],
    minVersion: maxVersion,
    maxVersion,
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  try {
    return await within<TLSSocket>(secure, 'secureConnect', timeout, LATE);
  } catch (error) {
    const { message } = error as Error;
    if (message === LATE) throw new Error(`the TLS handshake did not end within ${timeout} ms`);
    throw new HandshakeRefused(message, { cause: error });
  }
}

const LATE = 'late';

function within<S extends Socket>(socket: S, event: string, timeout: number, late: string): Promise<S> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(late)), timeout);
    const settle = (): void => {
      clearTimeout(timer);
      socket.removeListener('error', fail).removeListener('close', closed);
    };
    const fail = (error: Error): void => {
      settle();
      // What else goes wrong with it concerns nobody any more.
      socket.on('error', () => undefined);
      reject(error);
    };
    const closed = (): void => fail(new Error('the connection was closed'));
    socket.once('error', fail);
    socket.once('close', closed);
    socket.once(event, () => {
      settle();
      resolve(socket);
    });
  });
}
