import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { TlsKey } from '../types.js';
import { ALPN, TLS_SETTINGS } from './settings.js';

/**
 * What `tls` of `ServeOptions` gives for each connection when it is a function: a key with the settings that FileX has for TLS,
 * nothing below 1.3 among them.
 * @throws when key and certificate are not PEM, or do not belong together.
 */
export function secureContext({ key, cert }: TlsKey): SecureContext {
  return createSecureContext({ key, cert, ...TLS_SETTINGS });
}

/**
 * Answers a TLS handshake on an accepted socket whose first bytes were read and put back. Resolves when it is done.
 * @throws when it fails; the socket is of no use then.
 */
export function acceptTls(socket: Socket, context: SecureContext): Promise<TLSSocket> {
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext: context,
    requestCert: false,
    // Who offers others is told so by an alert; who offers none is let in.
    ALPNProtocols: [ALPN],
  });
  return new Promise((resolve, reject) => {
    // Stays: between this and whoever listens next, an error would find nobody and end the process.
    secure.on('error', reject);
    const onGone = (): void => reject(new Error('the client closed the connection in the TLS handshake'));
    secure.once('end', onGone);
    secure.once('close', onGone);
    secure.once('secure', () => resolve(secure));
  });
}
