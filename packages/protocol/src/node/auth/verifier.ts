import { randomBytes } from 'node:crypto';
import { prepare, type Verifier, verifierOf } from '../../auth/scram-keys.js';
import { FilexError } from '../../errors.js';
import { saltPasscode, scramCrypto } from './scram-crypto.js';

/** Rounds of PBKDF2 for a passcode that a person chose: about 50 ms, once for each login, on the client. */
const DEFAULT_ITERATIONS = 100_000;

/**
 * Makes what a server keeps of a passcode.
 * @param iterations rounds of PBKDF2, 4096 at least. A passcode of 128 random bits needs no more than that.
 * @throws FilexError `AUTH_FAILED` for a passcode that is empty or has control characters.
 */
export async function createVerifier(passcode: string, iterations = DEFAULT_ITERATIONS): Promise<Verifier> {
  const prepared = prepare(passcode);
  if (prepared === undefined)
    throw new FilexError('AUTH_FAILED', 'the passcode is empty, or has characters that no passcode has');
  const salt = randomBytes(16);
  return verifierOf(scramCrypto, await saltPasscode(prepared, salt, iterations), salt, iterations);
}
