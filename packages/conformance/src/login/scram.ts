import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** SASL names of the mechanisms with users. */
export const SCRAM = 'SCRAM-SHA-256';
export const SCRAM_PLUS = 'SCRAM-SHA-256-PLUS';

/** What a client accepts (FX-6.4-4). */
export const iterationBounds = { least: 4096, most: 10_000_000 } as const;

/** SHA-256. */
export function hash(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

/** PBKDF2 of RFC 5802, section 2.2. */
export function saltedPasscode(passcode: string, salt: Buffer, iterations: number): Buffer {
  return pbkdf2Sync(passcode, salt, iterations, 32, 'sha256');
}

/** `ClientProof` of RFC 5802, section 3. @param said `AuthMessage`. */
export function proofOf(salted: Buffer, said: string): Buffer {
  const clientKey = hmac(salted, 'Client Key');
  const signature = hmac(hash(clientKey), said);
  return Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] as number)));
}

/** `ServerSignature` of RFC 5802, section 3. @param said `AuthMessage`. */
export function signatureOf(salted: Buffer, said: string): Buffer {
  return hmac(hmac(salted, 'Server Key'), said);
}

/** A name as it stands in a message. */
export function escapedName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

/** The attributes of a message, in their order. What is none has no name. */
export function attributesOf(message: string): (readonly [name: string, value: string])[] {
  return message.split(',').map((part) => {
    const found = /^([A-Za-z])=(.*)$/s.exec(part);
    return found === null ? (['', part] as const) : ([found[1] as string, found[2] as string] as const);
  });
}

/** The bytes of a base64 text with its padding; undefined when it is none. */
export function fromBase64(text: string | undefined): Buffer | undefined {
  if (text === undefined || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text))
    return undefined;
  return Buffer.from(text, 'base64');
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
