import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';

const day = 24 * 60 * 60 * 1000;
const year = 365 * day;

/** How long a certificate of ours is good. Clients know the key, and a new one for the same key changes nothing for them. */
const VALIDITY = 20 * year;
/** How long before its end it is renewed, so that a server which runs on for years still has a good one. */
const RENEWAL = 5 * year;
/** For clients whose clock is behind ours. */
const LEEWAY = 2 * day;

/**
 * Makes a self-signed certificate. It says nothing of the machine: who connects should not learn its name.
 * @param key PEM, EC on P-256.
 */
export async function selfSignedCertificate(key: string, now: Date): Promise<string> {
  // Only a first start needs it.
  const { generate } = await import('selfsigned');
  const publicKey = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'pem' }) as string;
  const { cert } = await generate([{ name: 'commonName', value: 'filex-server' }], {
    keyType: 'ec',
    keyPair: { privateKey: key, publicKey },
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - LEEWAY),
    notAfterDate: new Date(now.getTime() + VALIDITY),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return cert;
}

/** Whether a certificate is one for that key, and good for long enough. */
export function isGoodFor(certificate: string, key: string, now: Date): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) return false;
    const begins = Date.parse(parsed.validFrom);
    const ends = Date.parse(parsed.validTo);
    return begins <= now.getTime() && now.getTime() < ends - RENEWAL;
  } catch {
    return false; // no certificate at all
  }
}
