import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FilexError } from '@filex/protocol';
import { DirectorySync, errnoOf, fileError, moveToFreeName } from '@filex/protocol/node';
import { bounds } from '../bounds.js';

const { O_RDONLY, O_NONBLOCK = 0 } = constants; // the latter is not on Windows

/** The modes that let somebody but the owner do anything with a file. */
const OTHERS = 0o077;

const syncs = new DirectorySync();

/**
 * Reads a file that nobody but its owner may read.
 *
 * @param what what errors call it, as in `the key file`.
 * @returns undefined when there is none.
 * @throws FilexError `PERMISSION_DENIED` when others may read or write it, which is said with how to mend it.
 */
export async function readPrivateFile(path: string, what: string): Promise<string | undefined> {
  try {
    // Without waiting, should it be a pipe.
    const file = await open(path, O_RDONLY | O_NONBLOCK);
    try {
      const { mode, size } = await file.stat();
      // Windows has no such modes; what is in the profile of a user is that user's.
      if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
        throw new FilexError(
          'PERMISSION_DENIED',
          `${what} ${JSON.stringify(path)} is not private: others on this machine can read or write it. Mend it: chmod 600 '${path}'`,
        );
      if (size > bounds.stateFile)
        throw new FilexError(
          'TOO_LARGE',
          `${what} ${JSON.stringify(path)} has more than ${bounds.stateFile} bytes`,
        );
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(error, { action: `read ${what}`, path });
  }
}

/**
 * Writes a file for its owner alone, so that after a crash there is the old one or the new one, whole.
 *
 * @param existing what to do when there is one: `keep` it, or `replace` it.
 * @returns whether the file is the new one; of several programs that say `keep` at once exactly one is told so.
 */
export async function writePrivateFile(
  path: string,
  content: string,
  existing: 'keep' | 'replace',
): Promise<boolean> {
  const folder = dirname(path);
  const staged = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(staged, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    let isNew = true;
    if (existing === 'replace') await rename(staged, path);
    else isNew = (await moveToFreeName(staged, path)) === 'moved';
    await syncs.sync({ path: folder, key: folder });
    return isNew;
  } catch (error) {
    throw fileError(error, { action: 'write', path });
  } finally {
    await rm(staged, { force: true });
  }
}
