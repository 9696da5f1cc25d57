import { type BigIntStats, constants, lstatSync, type PathLike } from 'node:fs';
import type { EntryKind } from '../../vocabulary.js';
import { allocateBuffer } from '../slab-pool.js';
import { close, fstat, fsync, lstat, open, read } from './calls.js';
import { errnoOf } from './errno.js';

/** Bytes of each of the two buffers of a comparison. */
const COMPARE_CHUNK = 256 * 1024;

/** What has a name already: its kind, and the rest. */
export interface Existing {
  /** What it is, symlinks not followed. */
  readonly kind: EntryKind;
  /** What `lstat` says of it. */
  readonly stats: BigIntStats;
}

/** Looks at a name without following a symlink; undefined when it is free. */
export async function lookAt(path: PathLike): Promise<Existing | undefined> {
  try {
    const stats = await lstat(path);
    return { kind: kindOf(stats), stats };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The same at once. */
export function lookAtNow(path: PathLike): Existing | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && { kind: kindOf(stats), stats };
}

/** What kind of entry a file of these stats is. */
export function kindOf(stats: BigIntStats): EntryKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}

/**
 * Compares staged bytes with the file that has the wanted name: byte by byte, because that is exact, needs no digest of
 * the other file, and ends at the first difference.
 *
 * @param fd the staged file, open for reading; `size` is its length.
 * @param durable whether a file that is the same must be flushed, as if it had just been stored.
 * @returns the state of the other file when it is the same, else undefined.
 */
export async function sameContent(
  fd: number,
  size: number,
  path: string,
  durable: boolean,
): Promise<BigIntStats | undefined> {
  let other: number;
  try {
    // O_NONBLOCK: should a pipe have taken the name since it was looked at, opening it must not wait for a writer.
    other = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (cannotBeCompared.has(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const before = await fstat(other);
    if (!before.isFile() || before.size !== BigInt(size)) return undefined;
    if (!(await sameBytes(fd, other, size))) return undefined;
    const after = await fstat(other);
    if (after.mtimeNs !== before.mtimeNs || after.size !== before.size) return undefined; // it is being written
    if (durable) await fsync(other);
    return after;
  } finally {
    await close(other);
  }
}

/** Gone, not readable for us, or not a file any more: not the same, at any rate. */
const cannotBeCompared = new Set(['ENOENT', 'EACCES', 'EPERM', 'ELOOP', 'ENXIO', 'ENODEV', 'EISDIR']);

async function sameBytes(a: number, b: number, size: number): Promise<boolean> {
  const chunk = Math.min(size, COMPARE_CHUNK);
  const left = allocateBuffer(chunk);
  const right = allocateBuffer(chunk);
  for (let at = 0; at < size; at += chunk) {
    const length = Math.min(chunk, size - at);
    const [inLeft, inRight] = await Promise.all([
      readAll(a, left, length, at),
      readAll(b, right, length, at),
    ]);
    if (inLeft !== length || inRight !== length) return false;
    if (left.compare(right, 0, length, 0, length) !== 0) return false;
  }
  return true;
}

/** Reads until `length` bytes are there or the file ends. */
export async function readAll(
  fd: number,
  into: Uint8Array,
  length: number,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < length) {
    const count = await read(fd, into, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
