import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fileError } from '@filex/protocol/node';
import type { Config } from '../config.js';
import { defaultStateFolder } from './state-folder.js';

/** Where what must outlive the server is kept. */
export interface Places {
  readonly state: string;
  /** The users file. */
  readonly users: string;
  /** Whether somebody said so: then it has to be there, unless it is made. */
  readonly usersGiven: boolean;
}

/** The places of a configuration, also of what it leaves open. */
export function placesOf(
  { state, users }: Pick<Config, 'state' | 'users'>,
  env: Readonly<Record<string, string | undefined>>,
): Places {
  const folder = state ?? defaultStateFolder(env);
  return { state: folder, users: users ?? join(folder, 'users.json'), usersGiven: users !== undefined };
}

/** Whether there is something of that name. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fileError(error, { action: 'look at', path });
  }
}
