import { rm } from 'node:fs/promises';
import { addUser } from '../access/change-users.js';
import { createPasscode } from '../access/passcode.js';
import { UsersError } from '../access/users-document.js';
import { isThere } from './places.js';

/** Who can log in where nobody was added. */
const FIRST_USER = 'guest';

/** A user that was made because there was none. */
export interface FirstUser {
  readonly user: string;
  /** To be told once: only what it can be checked with is kept. */
  readonly passcode: string;
  /** For a server that could not start, and has told nobody. */
  forget(): Promise<void>;
}

/**
 * Makes a users file with a user in it who may do everything, when there is none.
 * @param path the users file.
 * @returns undefined when there is one.
 */
export async function makeFirstUser(path: string): Promise<FirstUser | undefined> {
  if (await isThere(path)) return undefined;
  const passcode = createPasscode();
  try {
    await addUser(path, { name: FIRST_USER, passcode, preset: 'write' });
  } catch (error) {
    // Another server that starts was faster, and tells its passcode.
    if (error instanceof UsersError && (await isThere(path))) return undefined;
    throw error;
  }
  return { user: FIRST_USER, passcode, forget: () => rm(path, { force: true }) };
}
