import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { changeSince, type FileSourceOptions } from './file-source.js';

/** All bytes of a regular file, and what the file was while they were read. */
export interface ReadFile {
  /** As it was opened, and still was when all was read. */
  readonly stats: BigIntStats;
  /** All of it. */
  readonly bytes: Uint8Array;
}

const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads one version of a regular file in one go, as {@link FileSource} would in many steps; synchronous, as small
 * files cost least so.
 *
 * @param room bytes that it may have at most.
 * @param options `followSymlink`: whether the last name may be a symlink to a file. Default: false.
 * @returns undefined for whatever is not plain: larger, no file, written to meanwhile, refused. `FileSource` tells why.
 */
export function readWholeFile(
  path: string | URL,
  room: number,
  { followSymlink = false }: Pick<FileSourceOptions, 'followSymlink'> = {},
): ReadFile | undefined {
  try {
    // Looked at before it is opened: opening a pipe wakes up its writer, and opening a device can do anything.
    const seen = (followSymlink ? statSync : lstatSync)(path, { throwIfNoEntry: false });
    if (seen?.isFile() !== true || seen.size > room) return undefined;
    const fd = openSync(path, followSymlink ? FLAGS : FLAGS | (constants.O_NOFOLLOW ?? 0));
    try {
      return readOpen(fd, room);
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

function readOpen(fd: number, room: number): ReadFile | undefined {
  const stats = fstatSync(fd, { bigint: true });
  if (!stats.isFile() || stats.size > room) return undefined;
  const size = Number(stats.size);
  // One more is asked for than it says there are: files of /proc and the like say 0 and have content all the same.
  const buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  let count: number;
  do {
    count = readSync(fd, buffer, length, size + 1 - length, length);
    length += count;
  } while (count > 0 && length < size);
  if (length !== size || changeSince(stats, fstatSync(fd, { bigint: true })) !== undefined) return undefined;
  return { stats, bytes: buffer.subarray(0, size) };
}
