import { createVerifier } from '@filex/protocol/node';
import type { User } from '../users-document.js';

/** A user as a file keeps it. Few iterations, since nobody logs in. */
export async function anyUser(user: Partial<User> = {}): Promise<User> {
  return {
    verifier: await createVerifier('passcode', 4096),
    preset: 'write',
    rules: [],
    root: '',
    quota: { bytes: undefined, files: undefined },
    ...user,
  };
}
