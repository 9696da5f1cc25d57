import { constants } from 'node:fs';
import type { HashFactory } from '../../wire/digest.js';
import { BLOCK_SIZE, digestsEqual, TreeDigest } from '../../wire/digest.js';
import type { PartialFiles } from '../types.js';
import { close, fstat, fsync, lstat, open } from './calls.js';
import { errnoOf, fileError } from './errno.js';
import { readAll } from './existing-file.js';
import { modificationTime, setModificationTime } from './file-times.js';
import { readLeaves } from './leaves-file.js';

/**
 * Microseconds by which the digests of a partial file are younger than the file, by their times, when both were left as they should
 * be: flushed, the file first. No program that writes to either of them leaves them so by accident.
 */
const SEAL = 3_600_000_000;

/** Bytes of one read. */
const CHUNK = 256 * 1024;

/**
 * The digests of the whole blocks of a file that are there from a download that was cut. Where the two files are not as
 * `sealPartial` has left them, since the process was killed, the power failed, or somebody wrote to them, the blocks are read
 * and compared, and those after the first wrong one do not count.
 *
 * @throws FilexError when what is there cannot be read.
 */
export async function recallPartial(
  { file, digests }: PartialFiles,
  createHash: HashFactory,
  signal: AbortSignal | undefined,
): Promise<readonly Uint8Array[]> {
  let fd: number;
  try {
    fd = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return [];
    throw fileError(error, { action: 'go on with', path: file });
  }
  try {
    const stats = await fstat(fd);
    if (!stats.isFile()) return [];
    const leaves = await readLeaves(digests);
    const whole = leaves.slice(0, Math.floor(Number(stats.size) / BLOCK_SIZE));
    const sealed = modificationTime(await lstat(digests)) - modificationTime(stats) === SEAL;
    return sealed ? whole : await proven(fd, whole, createHash, signal);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fileError(error, { action: 'go on with', path: file });
  } finally {
    await close(fd);
  }
}

/** The leaves before the first whose block is another one. */
async function proven(
  fd: number,
  leaves: readonly Uint8Array[],
  createHash: HashFactory,
  signal: AbortSignal | undefined,
): Promise<readonly Uint8Array[]> {
  const buffer = Buffer.allocUnsafe(leaves.length === 0 ? 0 : CHUNK);
  let right = 0;
  const tree = new TreeDigest(createHash, (leaf, index) => {
    if (right === index && digestsEqual(leaf, leaves[index] as Uint8Array)) right += 1;
  });
  for (let at = 0; at < leaves.length * BLOCK_SIZE; at += CHUNK) {
    signal?.throwIfAborted();
    if ((await readAll(fd, buffer, CHUNK, at)) < CHUNK) break;
    tree.update(buffer);
    if (right < Math.floor((at + CHUNK) / BLOCK_SIZE)) break;
  }
  return leaves.slice(0, right);
}

/** Leaves a partial file, and its digests, as what can be gone on with unread. The file was flushed before. */
export async function sealPartial({ file, digests }: PartialFiles): Promise<void> {
  const now = Math.floor(Date.now() / 1000) * 1_000_000;
  await setTime(digests, now);
  await setTime(file, now - SEAL);
}

async function setTime(path: string, microseconds: number): Promise<void> {
  const fd = await open(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
  try {
    await setModificationTime(fd, microseconds);
    await fsync(fd);
  } finally {
    await close(fd);
  }
}
