import { BLOCK_SIZE, type HashFactory, TreeDigest } from '../wire/digest.js';
import { SLAB_PAYLOAD } from './bounds.js';
import type { Readable } from './pieces.js';
import { allocateBuffer } from './slab-pool.js';

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
 * Digests the first `length` bytes, and reads what it has to for that.
 * @param wanted asked between two reads; when it says no, nobody will look at the result.
 * @param known the digests of the first blocks, which are not read; there may be more than are asked for.
 */
export async function digestPrefix(
  file: Readable,
  length: number,
  createHash: HashFactory,
  wanted: () => boolean,
  known: readonly Uint8Array[] = [],
): Promise<Prefix | undefined> {
  const whole = length - (length % BLOCK_SIZE);
  const leaves = known.slice(0, whole / BLOCK_SIZE);
  const start = leaves.length * BLOCK_SIZE;
  const tail = Buffer.alloc(length - whole);
  const tree = new TreeDigest(createHash, (leaf, index) => {
    if (index < whole / BLOCK_SIZE) leaves.push(leaf);
  });
  for (const leaf of leaves) tree.appendLeaf(leaf);
  const buffer = allocateBuffer(Math.min(SLAB_PAYLOAD, length - start));
  for (let at = start; at < length; ) {
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
