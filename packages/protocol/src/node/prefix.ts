import { BLOCK_SIZE, type HashFactory, TreeDigest } from '../wire/digest.js';
import { SLAB_SIZE } from './bounds.js';
import type { Readable } from './pieces.js';

/** The beginning of a file, digested. */
export interface Prefix {
  /** The tree digest of it, as if it were the whole file. */
  readonly digest: Uint8Array;
  /** The digest of each whole block. */
  readonly leaves: readonly Uint8Array[];
  /** What follows the last of these. */
  readonly tail: Uint8Array;
}

/**
 * Reads and digests the first `length` bytes.
 * @param wanted asked between two reads; when it says no, nobody will look at the result.
 */
export async function digestPrefix(
  file: Readable,
  length: number,
  createHash: HashFactory,
  wanted: () => boolean,
): Promise<Prefix | undefined> {
  const leaves: Uint8Array[] = [];
  const whole = length - (length % BLOCK_SIZE);
  const tail = Buffer.alloc(length - whole);
  const tree = new TreeDigest(createHash, (leaf, index) => {
    if (index < whole / BLOCK_SIZE) leaves.push(leaf);
  });
  const buffer = Buffer.allocUnsafe(Math.min(SLAB_SIZE, length));
  for (let at = 0; at < length; ) {
    if (!wanted()) return undefined;
    const count = await file.read(buffer.subarray(0, Math.min(buffer.length, length - at)), at);
    if (count === 0) return undefined;
    const bytes = buffer.subarray(0, count);
    tree.update(bytes);
    if (at + count > whole) bytes.copy(tail, Math.max(0, at - whole), Math.max(0, whole - at));
    at += count;
  }
  return { digest: tree.digest(), leaves, tail };
}
