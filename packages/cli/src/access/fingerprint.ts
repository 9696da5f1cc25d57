/**
 * Reads the fingerprint of a key as people have it: `sha256:` and base64url as servers print it, plain base64, or hexadecimal with
 * or without colons as `openssl` prints it.
 *
 * @returns `sha256:` and 43 characters of base64url; undefined when it is none.
 */
export function readFingerprint(text: string): string | undefined {
  const typed = text.trim().replace(/^sha-?256[:=]/i, '');
  const hexadecimal = typed.replaceAll(':', '');
  if (/^[0-9a-f]{64}$/i.test(hexadecimal)) return written(Buffer.from(hexadecimal, 'hex'));
  if (!/^[\w+/-]{43}=?$/.test(typed)) return undefined;
  return written(Buffer.from(typed, 'base64url'));
}

function written(bytes: Buffer): string {
  return `sha256:${bytes.toString('base64url')}`;
}
