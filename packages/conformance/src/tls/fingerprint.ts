import { createHash, type X509Certificate } from 'node:crypto';

/** `fp` of an address (FX-2.2-5), of the key in a certificate. */
export function fingerprintOf(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}

/** Whether a text is a fingerprint as FX-2.2-5 writes it. 32 bytes are 42 characters and a last one of four bits. */
export function isFingerprint(text: string): boolean {
  return /^sha256:[\w-]{42}[AEIMQUYcgkosw048]$/.test(text);
}
