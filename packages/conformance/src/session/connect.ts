import type { X509Certificate } from 'node:crypto';
import { dialTcp, dialTls, type TlsDial } from '../tls/dial.js';
import { fingerprintOf } from '../tls/fingerprint.js';
import { Transport } from './transport.js';

/** Where to connect to, and how. */
export interface Where {
  readonly host: string;
  readonly port: number;
  /** The key that a server under TLS must have; undefined: any. */
  readonly fingerprint: string | undefined;
  /** Milliseconds that an answer may take. */
  readonly timeout: number;
}

/** @throws the error of `net.connect`. */
export async function connectPlain({ host, port, timeout }: Where): Promise<Transport> {
  return new Transport(await dialTcp(host, port, timeout), timeout);
}

/**
 * @param judge looks at the certificate as well.
 * @throws the error of `net.connect`, HandshakeRefused, or Error when it is not the server that is meant.
 */
export async function connectSecure(
  where: Where,
  dial?: TlsDial,
  judge?: (certificate: X509Certificate | undefined) => void,
): Promise<Transport> {
  const { host, port, timeout, fingerprint } = where;
  const carrier = await dialTcp(host, port, timeout);
  const socket = await dialTls(carrier, host, timeout, dial);
  const certificate = socket.getPeerX509Certificate();
  try {
    judge?.(certificate);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  const shown = certificate === undefined ? 'none' : fingerprintOf(certificate);
  if (fingerprint !== undefined && shown !== fingerprint) {
    socket.destroy();
    throw new Error(`the server has the key ${shown}, not ${fingerprint}`);
  }
  return new Transport(socket, timeout, carrier, shown);
}
