import { createHash } from 'node:crypto';
import { u64 } from './bytes.js';

/** Bytes of a block. */
export const BLOCK_SIZE = 1_048_576;

/** The tree digest of a whole file (chapter 14), with sha256, which every end has. */
export function treeDigest(file: Uint8Array): Buffer {
  const root = createHash('sha256').update(Buffer.of(1));
  for (let at = 0; at < file.length; at += BLOCK_SIZE) {
    root.update(
      createHash('sha256')
        .update(Buffer.of(0))
        .update(file.subarray(at, at + BLOCK_SIZE))
        .digest(),
    );
  }
  return root.update(u64(file.length)).digest();
}
