import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { isExecutable } from './file-mode.js';
import { modificationTime } from './file-times.js';

/** One version of a small file, all of it. */
export interface WholeFile {
  readonly bytes: Uint8Array;
  /** Microseconds since 1970. */
  readonly mtime: number;
  /** Whether its owner may run it as a program. */
  readonly executable: boolean;
}

/**
 * Reads a regular file of at most `max` bytes at once, through symlinks. Synchronous: see `SyncSlice`.
 *
 * @returns undefined when it is no such file, cannot be read, or has changed meanwhile: `FileSource` has the words for that.
 */
export function readWholeFile(path: string | URL, max: number): WholeFile | undefined {
  let fd: number | undefined;
  try {
    // Looked at before it is opened: see `FileSource.open`, also for what follows.
    if (!isSmallFile(statSync(path, { bigint: true }), max)) return undefined;
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const before = fstatSync(fd, { bigint: true });
    if (!isSmallFile(before, max)) return undefined;
    const bytes = readAll(fd, Number(before.size));
    if (bytes === undefined || !isSame(before, fstatSync(fd, { bigint: true }))) return undefined;
    return { bytes, mtime: modificationTime(before), executable: isExecutable(before) };
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isSmallFile(stats: BigIntStats, max: number): boolean {
  return stats.isFile() && stats.size <= BigInt(max);
}

/** Undefined when there are fewer, or when there are some in a file that says it has none, as those of /proc do. */
function readAll(fd: number, size: number): Uint8Array | undefined {
  if (size === 0 && readSync(fd, new Uint8Array(1), 0, 1, 0) > 0) return undefined;
  // Not a piece of the pool that Node shares among small buffers: who gets it may keep it.
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const count = readSync(fd, bytes, at, size - at, at);
    if (count === 0) return undefined;
    at += count;
  }
  return bytes;
}

/** See `FileSource.verify`. */
function isSame(then: BigIntStats, now: BigIntStats): boolean {
  if (now.size !== then.size || now.mtimeNs !== then.mtimeNs) return false;
  return now.ctimeNs === then.ctimeNs || now.nlink !== then.nlink;
}
