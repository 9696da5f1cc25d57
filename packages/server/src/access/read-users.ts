import { type BigIntStats, constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoOf, fileError } from '@filex/protocol/node';
import { accessBounds as bounds } from './bounds.js';
import { parseUsers, type UsersDocument, UsersError } from './users-document.js';

const { O_RDONLY, O_NONBLOCK = 0 } = constants; // the latter is not on Windows

/** The modes that let somebody but the owner do anything with a file. */
const OTHERS = 0o077n;

/** What was read, and the file at that time. */
export interface UsersRead extends UsersDocument {
  readonly stats: BigIntStats;
}

/**
 * Reads a users file.
 *
 * @returns undefined when there is none.
 * @throws UsersError when it is not in order, or others can read or change it; FilexError when it cannot be read.
 */
export async function readUsers(path: string): Promise<UsersRead | undefined> {
  try {
    // Without waiting, should it be a pipe.
    const file = await open(path, O_RDONLY | O_NONBLOCK);
    try {
      const stats = await file.stat({ bigint: true });
      checkPrivate(stats, path);
      if (stats.size > BigInt(bounds.usersFile))
        throw new UsersError(`${path} has more than ${bounds.usersFile} bytes`);
      return { ...parseUsers(await file.readFile('utf8'), path), stats };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UsersError) throw error;
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(error, { action: 'read', path });
  }
}

function checkPrivate(stats: BigIntStats, path: string): void {
  if (!stats.isFile()) throw new UsersError(`${path} is not a file`);
  // Windows has neither modes nor owners; what is in the profile of a user is that user's.
  if (process.getuid === undefined) return;
  if ((stats.mode & OTHERS) !== 0n)
    throw new UsersError(
      `${path} is not private: others on this machine can read or write it. Mend it: chmod 600 '${path}'`,
    );
  if (stats.uid !== 0n && stats.uid !== BigInt(process.getuid()))
    throw new UsersError(`${path} belongs to another user of this machine, who could change it`);
}
