import { createHash, hash } from 'node:crypto';
import type { Hash, HashFactory } from '../wire/digest.js';
import type { DigestProvider } from './types.js';

/** SHA-256 of `node:crypto`: what every end can compute. */
export const sha256Provider: DigestProvider = {
  algorithm: 'sha256',
  create: withOnce(
    () => createHash('sha256'),
    (bytes) => hash('sha256', bytes, 'buffer'),
  ),
};

/** The part of `@napi-rs/blake-hash` that is used. */
interface NativeBlake {
  readonly Blake3Hasher: new () => NativeBlake3;
  readonly blake3: (bytes: Uint8Array) => Uint8Array;
}

interface NativeBlake3 {
  update(bytes: Uint8Array): unknown;
  digestBuffer(): Uint8Array;
}

/**
 * An optional peer dependency: the protocol works without it and depends on nothing. The name is a variable so that no
 * bundler, type checker or dependency rule takes it for a dependency.
 */
const NATIVE_BLAKE: string = '@napi-rs/blake-hash';

/** BLAKE3 of no bytes at all, from the reference test vectors. */
const BLAKE3_OF_NOTHING = 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262';

/**
 * What this machine can compute, the preferred first: `blake3` when `@napi-rs/blake-hash` is installed and loads here,
 * then `sha256`. Never rejects.
 *
 * @param onUnavailable told why there is no `blake3`, for logs.
 */
export async function loadDigestProviders(
  onUnavailable?: (reason: Error) => void,
): Promise<readonly DigestProvider[]> {
  try {
    return [await loadBlake3(), sha256Provider];
  } catch (error) {
    // Not installed, no build for this platform, or not the module that we know: all the same to the caller.
    onUnavailable?.(error instanceof Error ? error : new Error(String(error)));
    return [sha256Provider];
  }
}

async function loadBlake3(): Promise<DigestProvider> {
  const { Blake3Hasher, blake3 } = (await import(NATIVE_BLAKE)) as NativeBlake;
  const create = withOnce((): Hash => {
    const hasher = new Blake3Hasher();
    return { update: (bytes) => hasher.update(bytes), digest: () => hasher.digestBuffer() };
  }, blake3);
  // A native build that computes something else would make every transfer fail, or worse, agree with itself only.
  for (const digest of [create().digest(), blake3(new Uint8Array(0))]) {
    const found = Buffer.from(digest).toString('hex');
    if (found !== BLAKE3_OF_NOTHING)
      throw new Error(`${NATIVE_BLAKE} computes a wrong BLAKE3 digest: ${found}`);
  }
  return { algorithm: 'blake3', create };
}

function withOnce(create: () => Hash, once: (bytes: Uint8Array) => Uint8Array): HashFactory {
  return Object.assign(create, { once });
}
