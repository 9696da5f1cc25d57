import type { Socket } from 'node:net';
import { createSecureContext, type SecureVersion, TLSSocket } from 'node:tls';
import { ALPN } from './settings.js';
import type { TestKey } from './test-key.js';

/** What a test server is like in the TLS handshake. */
export interface TlsOffer {
  readonly key: TestKey;
  /** Default: TLS 1.3, and no other. */
  readonly version?: SecureVersion | undefined;
  /** Application protocols that it looks for; none: it does not look. Default: that of FileX. */
  readonly alpn?: readonly string[] | undefined;
}

/** Answers the TLS handshake of whoever connected. @throws the reason why nothing comes of it. */
export function acceptTls(carrier: Socket, offer: TlsOffer): Promise<TLSSocket> {
  const { key, version = 'TLSv1.3', alpn = [ALPN] } = offer;
  const socket = new TLSSocket(carrier, {
    isServer: true,
    secureContext: createSecureContext({
      key: key.key,
      cert: key.cert,
      minVersion: version,
      maxVersion: version,
    }),
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
  });
  return new Promise((resolve, reject) => {
    // Stays: what goes wrong later is seen as the end of the transport.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the client closed the connection in the handshake')));
    socket.once('secure', () => resolve(socket));
  });
}
