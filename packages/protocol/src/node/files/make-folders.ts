import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { FilexError } from '../../errors.js';
import { errnoOf, fileError } from './errno.js';

/**
 * Makes a folder, and the ones above it that are missing. In place of `mkdirSync(…, { recursive: true })`, which in
 * Node 20 tries for ever where a folder exists but nothing can be made in it (`/proc`, a working folder that was removed).
 *
 * @returns whether the folder was made; false when it was there.
 * @throws FilexError when it cannot be made, or something that is no folder is there.
 */
export function makeFolders(path: string): boolean {
  try {
    return make(path);
  } catch (error) {
    throw fileError(error, { action: 'make the folder', path });
  }
}

function make(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') {
      if (statSync(path).isDirectory()) return false;
      // That "it exists already" would be no help to whoever wants a folder that exists already.
      throw new FilexError('ALREADY_EXISTS', `${JSON.stringify(path)} is not a folder`, {
        path,
        cause: error,
      });
    }
    if (errno !== 'ENOENT' || dirname(path) === path) throw error;
    make(dirname(path));
    // Its parent is there now, so a second "no such folder" is final.
    mkdirSync(path);
    return true;
  }
}
