/** A running hash: any object with these two methods will do. */
export interface Hash {
  /** Takes the next bytes; what it returns is not looked at. */
  update(bytes: Uint8Array): unknown;
  /** Called once, last. At least 32 bytes; the first 32 are used. */
  digest(): Uint8Array;
}

/** Makes a fresh hash; called once for each block and once for the root. */
export interface HashFactory {
  (): Hash;
  /** The digest of these bytes, at least 32 bytes long: for short ones, where making a hash costs more than hashing. */
  readonly once?: ((bytes: Uint8Array) => Uint8Array) | undefined;
}

/** Bytes of one block. */
export const BLOCK_SIZE = 1024 * 1024;

/** Bytes of a leaf and of the root, whatever the algorithm. */
export const DIGEST_SIZE = 32;

/** Bytes of a file that is digested without a running hash, at most. */
const MAX_AT_ONCE = 64 * 1024;

const LEAF = Uint8Array.of(0x00);
const ROOT = Uint8Array.of(0x01);

/**
 * The tree digest: a file is cut into blocks of {@link BLOCK_SIZE} bytes (the last one shorter, none for an empty
 * file), each block has a digest of its own, and the root is a digest over those. A prefix of whole blocks can so be
 * proven without the rest, and the root composes from kept block digests without the data. PROTOCOL.md, "Tree digest".
 *
 *   leaf(i) = H(0x00 || block i)
 *   root    = H(0x01 || leaf(0) || … || leaf(n-1) || u64 length)
 *
 * The first byte separates the two uses, as in RFC 6962 section 2.1, so that no file can pose as a list of leaves.
 */
export class TreeDigest {
  readonly #createHash: HashFactory;
  readonly #root: Hash;
  readonly #onBlock: ((leaf: Uint8Array, index: number) => void) | undefined;
  #block: Hash | undefined;
  #blockLength = 0;
  #index = 0;
  #length = 0;

  /** @param onBlock told each leaf as its block is complete, in order; the last, shorter one at `digest()`. */
  constructor(createHash: HashFactory, onBlock?: (leaf: Uint8Array, index: number) => void) {
    this.#createHash = createHash;
    this.#onBlock = onBlock;
    this.#root = createHash();
    this.#root.update(ROOT);
  }

  /** Bytes taken so far. */
  get length(): number {
    return this.#length;
  }

  /** Takes the next bytes of the file; they are not kept. */
  update(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      if (this.#block === undefined) {
        this.#block = this.#createHash();
        this.#block.update(LEAF);
      }
      const take = Math.min(BLOCK_SIZE - this.#blockLength, bytes.length - from);
      this.#block.update(take === bytes.length ? bytes : bytes.subarray(from, from + take));
      this.#blockLength += take;
      from += take;
      if (this.#blockLength === BLOCK_SIZE) this.#endBlock(this.#block);
    }
    this.#length += bytes.length;
  }

  /** Takes a leaf that is already proven, in place of the bytes of a whole block. Only between blocks. */
  appendLeaf(leaf: Uint8Array): void {
    if (this.#block !== undefined) throw new RangeError('a leaf can only be appended at a block boundary');
    if (leaf.length !== DIGEST_SIZE)
      throw new RangeError(`a leaf has ${DIGEST_SIZE} bytes, not ${leaf.length}`);
    this.#root.update(leaf);
    this.#index += 1;
    this.#length += BLOCK_SIZE;
  }

  /** The root over everything taken; the object is used up. */
  digest(): Uint8Array {
    if (this.#block !== undefined) this.#endBlock(this.#block);
    const length = new Uint8Array(8);
    const view = new DataView(length.buffer);
    view.setUint32(0, Math.floor(this.#length / 2 ** 32));
    view.setUint32(4, this.#length % 2 ** 32);
    this.#root.update(length);
    return this.#root.digest().subarray(0, DIGEST_SIZE);
  }

  #endBlock(block: Hash): void {
    const leaf = block.digest().subarray(0, DIGEST_SIZE);
    this.#root.update(leaf);
    this.#onBlock?.(leaf, this.#index);
    this.#index += 1;
    this.#block = undefined;
    this.#blockLength = 0;
  }
}

// One short file is digested at a time, so one buffer serves them all.
const scratch = new Uint8Array(1 + MAX_AT_ONCE);

/** The tree digest of a file whose bytes are all there. */
export function treeDigestOf(bytes: Uint8Array, createHash: HashFactory): Uint8Array {
  const { once } = createHash;
  if (once === undefined || bytes.length === 0 || bytes.length > MAX_AT_ONCE) {
    const tree = new TreeDigest(createHash);
    tree.update(bytes);
    return tree.digest();
  }
  scratch.set(LEAF);
  scratch.set(bytes, 1);
  const leaf = once(scratch.subarray(0, 1 + bytes.length)).subarray(0, DIGEST_SIZE);
  const root = new Uint8Array(1 + DIGEST_SIZE + 8);
  root.set(ROOT);
  root.set(leaf, 1);
  new DataView(root.buffer).setUint32(1 + DIGEST_SIZE + 4, bytes.length);
  return once(root).subarray(0, DIGEST_SIZE);
}

/** The tree digest of whole blocks, from their digests. */
export function rootOf(leaves: readonly Uint8Array[], createHash: HashFactory): Uint8Array {
  const tree = new TreeDigest(createHash);
  for (const leaf of leaves) tree.appendLeaf(leaf);
  return tree.digest();
}

/** Whether two digests are the same. */
export function digestsEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}
