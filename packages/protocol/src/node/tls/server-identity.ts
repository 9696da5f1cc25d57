import type { TLSSocket } from 'node:tls';
import { FilexError } from '../../errors.js';
import type { ServerIdentity, ServerTrust } from '../types.js';
import { fingerprintOf, sameFingerprint } from './fingerprint.js';

/**
 * Decides whether a server is the one that is meant: by its fingerprint when one is known, else by a certificate that an
 * authority has signed for its name, else by whoever `verify` asks.
 *
 * @throws FilexError `IDENTITY_CHANGED` or `IDENTITY_UNKNOWN`, both with the fingerprint that the server showed.
 */
export async function checkIdentity(
  socket: TLSSocket,
  name: string,
  trust: ServerTrust,
): Promise<ServerIdentity> {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new FilexError('IDENTITY_UNKNOWN', `${name} shows no certificate`);
  const fingerprint = fingerprintOf(certificate.raw);
  const identity: ServerIdentity = {
    name,
    fingerprint,
    authorized: socket.authorized,
    reason: socket.authorized ? undefined : String(socket.authorizationError),
  };
  if (trust.fingerprint !== undefined) {
    if (sameFingerprint(trust.fingerprint, fingerprint)) return identity;
    throw new FilexError(
      'IDENTITY_CHANGED',
      `${name} has the key ${fingerprint}, not ${trust.fingerprint}: it is another server, or somebody is in between`,
    );
  }
  if (trust.verify !== undefined) {
    await trust.verify(identity);
    return identity;
  }
  if (identity.authorized) return identity;
  throw new FilexError(
    'IDENTITY_UNKNOWN',
    `nobody vouches for the key ${fingerprint} of ${name} (${identity.reason}); name it as ?fp=${fingerprint} if it is right`,
  );
}
