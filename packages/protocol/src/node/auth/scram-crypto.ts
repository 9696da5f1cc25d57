import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import type { ScramCrypto } from '../../auth/scram-keys.js';
import { DIGEST_SIZE } from '../../wire/digest.js';

export const scramCrypto: ScramCrypto = {
  hash: (data) => createHash('sha256').update(data).digest(),
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
};

/** PBKDF2-HMAC-SHA-256 in the thread pool: 32 bytes. */
export function saltPasscode(passcode: string, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(passcode, salt, iterations, DIGEST_SIZE, 'sha256', (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** 144 bits that nobody can guess, in 24 printable characters. */
export function randomNonce(): string {
  return randomBytes(18).toString('base64');
}
