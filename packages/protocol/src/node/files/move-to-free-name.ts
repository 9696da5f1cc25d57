import { constants } from 'node:fs';
import { close, link, open, rename, unlink } from './calls.js';
import { errnoOf } from './errno.js';

/** What a file system answers that has no second names for a file (FAT, exFAT, some network and FUSE ones). */
const CANNOT_LINK = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Gives a file another name on the same file system, unless that name is taken: `taken` then, and nothing has changed.
 * `rename` alone would replace what is there, and looking first leaves a gap in which all of many racers win; `link`
 * fails for all but one.
 *
 * @param tryLink `link(2)`; a parameter for tests.
 * @param flush makes the new name durable. Called before the old one goes: or a power cut could take both. Default: nothing is
 * flushed, for what can be had again.
 */
export async function moveToFreeName(
  from: string,
  to: string,
  tryLink = link,
  flush: () => Promise<void> = async () => undefined,
): Promise<'moved' | 'taken'> {
  const linked = await linkToFreeName(from, to, tryLink);
  if (linked === 'taken') return 'taken';
  if (linked === 'unsupported') return reserveThenReplace(from, to);
  await flush();
  await unlink(from);
  return 'moved';
}

/** The same, but the file keeps its first name; `unsupported` on file systems without links. */
export async function linkToFreeName(
  from: string,
  to: string,
  tryLink = link,
): Promise<'linked' | 'taken' | 'unsupported'> {
  try {
    await tryLink(from, to);
    return 'linked';
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return 'taken';
    if (CANNOT_LINK.has(errno)) return 'unsupported';
    throw error;
  }
}

/**
 * For file systems without links: takes the name with an empty file, which only one can do, then replaces that.
 *
 * Weaker than a link: the empty file is seen for a moment, and stays when the power fails in between; and a program
 * other than FileX that opens it in that moment and writes to it loses what it wrote.
 */
export async function reserveThenReplace(from: string, to: string): Promise<'moved' | 'taken'> {
  try {
    await close(await open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return 'taken';
    throw error;
  }
  try {
    await rename(from, to);
  } catch (error) {
    await unlink(to);
    throw error;
  }
  return 'moved';
}
