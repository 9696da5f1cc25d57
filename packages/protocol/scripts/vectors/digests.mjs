// digests.json: tree digests, computed here with the hash alone.
import { createHash } from 'node:crypto';

const BLOCK = 1_048_576;

// Optional, as for the package itself: without it, the digests that are written down already are kept.
const native = '@napi-rs/blake-hash';
const blake = await import(native).catch(() => undefined);

const hashes = {
  sha256: (...parts) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  blake3: (...parts) => {
    const hash = new blake.Blake3Hasher();
    for (const part of parts) hash.update(part);
    return hash.digestBuffer();
  },
};

/** The content of every file of these vectors: byte i is `(i + start) mod 251`. */
function content({ start, length }) {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i + start) % 251;
  return bytes;
}

function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function tree(algorithm, bytes) {
  const hash = hashes[algorithm];
  const leaves = [];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    leaves.push(hash(Buffer.of(0), bytes.subarray(at, at + BLOCK)));
  }
  return { leaves, root: hash(Buffer.of(1), ...leaves, u64(bytes.length)) };
}

const hex = (bytes) => Buffer.from(bytes).toString('hex');

const files = [
  ['empty', 'An empty file has no blocks.', { start: 0, length: 0 }],
  ['abc', 'The three bytes "abc": the bytes 97, 98, 99.', { start: 97, length: 3 }],
  ['one-byte', 'One byte.', { start: 200, length: 1 }],
  ['wrap', 'The content begins again after 251 bytes.', { start: 250, length: 600 }],
  ['block-minus-one', 'One byte less than a block.', { start: 0, length: BLOCK - 1 }],
  ['block', 'Exactly one block.', { start: 0, length: BLOCK }],
  ['block-plus-one', 'One byte more than a block.', { start: 0, length: BLOCK + 1 }],
  ['two-blocks', 'Exactly two blocks.', { start: 3, length: 2 * BLOCK }],
  ['three-blocks-and-some', 'Three blocks and a shorter one.', { start: 7, length: 3 * BLOCK + 12_345 }],
];

/** `published`: what digests.json holds now. */
export function digestVectors(published) {
  const vectors = [];
  for (const algorithm of Object.keys(hashes)) {
    if (algorithm === 'blake3' && blake === undefined) {
      vectors.push(...published.filter((vector) => vector.algorithm === algorithm));
      continue;
    }
    const hash = hashes[algorithm];
    for (const [name, description, file] of files) {
      const bytes = content(file);
      const { leaves, root } = tree(algorithm, bytes);
      // What ACCEPT and OPEN say of a transfer that goes on: the digest of a beginning, as if it were all.
      const prefixes = [];
      for (const length of [BLOCK, 2 * BLOCK, 3 * BLOCK, bytes.length]) {
        if (length > 0 && length <= bytes.length && !prefixes.some((prefix) => prefix.length === length)) {
          prefixes.push({ length, digest: hex(tree(algorithm, bytes.subarray(0, length)).root) });
        }
      }
      const wrong = {
        'the hash of the file alone': hash(bytes),
        'the root without the length': hash(Buffer.of(1), ...leaves),
        'the root without its first byte': hash(...leaves, u64(bytes.length)),
        ...(leaves.length === 0
          ? {}
          : {
              'the first leaf': leaves[0],
              'leaves without their first byte': hash(
                Buffer.of(1),
                hash(bytes.subarray(0, BLOCK)),
                ...leaves.slice(1),
                u64(bytes.length),
              ),
            }),
        ...(leaves.length > 1
          ? {
              'leaves in the opposite order': hash(Buffer.of(1), ...[...leaves].reverse(), u64(bytes.length)),
            }
          : {}),
      };
      vectors.push({
        name: `${algorithm}/${name}`,
        description,
        rules: ['FX-14.1-1', 'FX-14.1-2', ...(prefixes.length > 0 ? ['FX-12.2-6', 'FX-12.4-1'] : [])],
        algorithm,
        content: file,
        leaves: leaves.map(hex),
        root: hex(root),
        prefixes,
        wrong: Object.entries(wrong).map(([why, digest]) => ({ why, digest: hex(digest) })),
      });
    }
  }
  return vectors;
}
