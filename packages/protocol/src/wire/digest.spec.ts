import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hex } from '../testing/bytes.js';
import { digestProperties } from '../testing/properties/digest.js';
import { BLOCK_SIZE, DIGEST_SIZE, type Hash, rootOf, TreeDigest } from './digest.js';

const sha256 = (): Hash => createHash('sha256');

describe('the tree digest', () => {
  for (const [property, check] of Object.entries(digestProperties)) it(property, check, 20_000);

  it('of known files is known', () => {
    const of = (bytes: Uint8Array) => {
      const tree = new TreeDigest(sha256);
      tree.update(bytes);
      return hex(tree.digest());
    };
    // Computed apart from this code: printf '\x01\0\0\0\0\0\0\0\0' | sha256sum; for "abc" the leaf is the digest of 00616263.
    expect(of(new Uint8Array(0))).toBe('a536aa3cede6ea3c1f3e0357c3c60e0f216a8c89b853df13b29daa8f85065dfb');
    expect(of(Buffer.from('abc'))).toBe('e7ad7cf3cacb5ef9c2815d8db7b969bfe29fb553a867e7336656e0b8f1d64402');
  });

  it('counts lengths beyond four bytes', () => {
    const seen: string[] = [];
    const tree = new TreeDigest(() => ({
      update: (bytes: Uint8Array) => seen.push(hex(bytes)),
      digest: () => new Uint8Array(DIGEST_SIZE),
    }));
    const blocks = 2 ** 33 / BLOCK_SIZE;
    for (let i = 0; i < blocks; i += 1) tree.appendLeaf(new Uint8Array(DIGEST_SIZE));
    tree.update(Uint8Array.of(1, 2));
    tree.digest();
    expect(seen.at(-1)).toBe('0000000200000002');
  });

  it('of whole blocks is that of their leaves', () => {
    const blocks = [1, 2].map((byte) => new Uint8Array(BLOCK_SIZE).fill(byte));
    const tree = new TreeDigest(sha256);
    for (const block of blocks) tree.update(block);
    const leaves = blocks.map((block) => createHash('sha256').update('\0').update(block).digest());
    expect(hex(rootOf(leaves, sha256))).toBe(hex(tree.digest()));
  });

  it('takes a leaf only where a block begins, and only a whole one', () => {
    const tree = new TreeDigest(sha256);
    expect(() => tree.appendLeaf(new Uint8Array(DIGEST_SIZE - 1))).toThrow(RangeError);
    tree.update(Uint8Array.of(1));
    expect(() => tree.appendLeaf(new Uint8Array(DIGEST_SIZE))).toThrow(RangeError);
  });

  it('uses the first 32 bytes of a longer hash', () => {
    const tree = new TreeDigest(() => createHash('sha512'));
    tree.update(Uint8Array.of(1));
    expect(tree.digest().length).toBe(DIGEST_SIZE);
  });
});
