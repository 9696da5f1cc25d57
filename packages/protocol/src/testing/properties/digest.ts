import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import { BLOCK_SIZE, digestsEqual, type HashFactory, TreeDigest, treeDigestOf } from '../../wire/digest.js';
import { hex } from '../bytes.js';

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The definition, word for word, over a file in memory. */
function reference(file: Uint8Array): { leaves: Uint8Array[]; root: Uint8Array } {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < file.length; at += BLOCK_SIZE) {
    leaves.push(sha256(Uint8Array.of(0), file.subarray(at, at + BLOCK_SIZE)));
  }
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(file.length));
  return { leaves, root: sha256(Uint8Array.of(1), ...leaves, length) };
}

const largest = 3 * BLOCK_SIZE + 100;
const content = new Uint8Array(largest);
for (let i = 0, x = 1; i < largest; i += 1) {
  x = (Math.imul(x, 1103515245) + 12345) >>> 0;
  content[i] = x >>> 24;
}

const lengths = fc.oneof(
  fc.constantFrom(0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE, 3 * BLOCK_SIZE, largest),
  fc.integer({ min: 0, max: largest }),
);
const pieces = fc.array(fc.oneof(fc.integer({ min: 1000, max: 2 * BLOCK_SIZE }), fc.constant(BLOCK_SIZE)), {
  minLength: 1,
  maxLength: 5,
});

export const digestProperties = {
  'is what its definition says, however the bytes come'() {
    fc.assert(
      fc.property(lengths, pieces, (length, sizes) => {
        const file = content.subarray(0, length);
        const expected = reference(file);
        const leaves: [number, string][] = [];
        const tree = new TreeDigest(
          () => createHash('sha256'),
          (leaf, index) => leaves.push([index, hex(leaf)]),
        );
        for (let at = 0, i = 0; at < length; i += 1) {
          const size = sizes[i % sizes.length] as number;
          tree.update(file.subarray(at, at + size));
          at += size;
        }
        expect(tree.length).toBe(length);
        expect(hex(tree.digest())).toBe(hex(expected.root));
        expect(leaves).toEqual(expected.leaves.map((leaf, index) => [index, hex(leaf)]));
      }),
      { numRuns: 40 },
    );
  },

  'is the same for a file at hand, with and without a way to hash at once'() {
    const once: HashFactory = Object.assign(() => createHash('sha256'), {
      once: (bytes: Uint8Array) => sha256(bytes),
    });
    const short = fc.oneof(
      fc.constantFrom(0, 1, 65_535, 65_536, 65_537),
      fc.integer({ min: 0, max: 70_000 }),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(short, lengths), { minLength: 1, maxLength: 3 }), (sizes) => {
        // Several in a row: nothing of one may be left in the next.
        for (const size of sizes) {
          const file = content.subarray(largest - size);
          const expected = hex(reference(file).root);
          expect(hex(treeDigestOf(file, once))).toBe(expected);
          expect(hex(treeDigestOf(file, () => createHash('sha256')))).toBe(expected);
        }
      }),
      { numRuns: 30 },
    );
  },

  'composes from kept leaves'() {
    fc.assert(
      fc.property(lengths, fc.nat({ max: 3 }), (length, known) => {
        const file = content.subarray(0, length);
        const { leaves, root } = reference(file);
        const whole = Math.min(known, Math.floor(length / BLOCK_SIZE));
        const rest: number[] = [];
        const tree = new TreeDigest(
          () => createHash('sha256'),
          (_leaf, index) => rest.push(index),
        );
        for (const leaf of leaves.slice(0, whole)) tree.appendLeaf(leaf);
        tree.update(file.subarray(whole * BLOCK_SIZE));
        expect(tree.length).toBe(length);
        expect(hex(tree.digest())).toBe(hex(root));
        expect(rest).toEqual(leaves.map((_leaf, index) => index).slice(whole));
      }),
      { numRuns: 20 },
    );
  },

  'are equal exactly when their bytes are'() {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.boolean(),
        (a, b, same) => {
          const other = same ? a.slice() : b;
          expect(digestsEqual(a, other)).toBe(hex(a) === hex(other));
          if (a.length > 0) {
            const changed = a.slice();
            changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
            expect(digestsEqual(a, changed)).toBe(false);
          }
        },
      ),
    );
  },
};
