import { createHash, X509Certificate } from 'node:crypto';

/**
 * The SHA-256 of the public key (SubjectPublicKeyInfo, as in RFC 7469), so that it stays when a certificate is renewed for the
 * same key: `sha256:` and 43 characters of base64url.
 *
 * @param certificate DER or PEM.
 */
export function fingerprintOf(certificate: Buffer | string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}

/** Whether two fingerprints are of one key, however each is written: base64, base64url, or hexadecimal with colons or without. */
export function sameFingerprint(a: string, b: string): boolean {
  const bytes = [a, b].map(bytesOf);
  return bytes[0] !== undefined && bytes[1] !== undefined && bytes[0].equals(bytes[1]);
}

function bytesOf(fingerprint: string): Buffer | undefined {
  const text = /^sha256:(.+)$/.exec(fingerprint)?.[1];
  if (text === undefined) return undefined;
  const bare = text.replaceAll(':', '');
  const bytes = /^[0-9a-fA-F]{64}$/.test(bare) ? Buffer.from(bare, 'hex') : Buffer.from(text, 'base64url');
  return bytes.length === 32 ? bytes : undefined;
}
