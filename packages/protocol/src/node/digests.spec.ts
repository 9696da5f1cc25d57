import { describe, expect, it } from 'vitest';
import { loadDigestProviders, sha256Provider } from './digests.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('digest providers', () => {
  it('always end with sha256', async () => {
    const providers = await loadDigestProviders();
    expect(providers.at(-1)).toBe(sha256Provider);
  });

  it('compute what the standards say', async () => {
    const known: Record<string, string> = {
      // FIPS 180-4 example; BLAKE3 of the same three bytes.
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      blake3: '6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85',
    };
    for (const { algorithm, create } of await loadDigestProviders()) {
      const hash = create();
      hash.update(Buffer.from('a'));
      hash.update(Buffer.from('bc'));
      expect(hex(hash.digest()), algorithm).toBe(known[algorithm]);
    }
  });

  it('say why blake3 is missing, when it is', async () => {
    const reasons: Error[] = [];
    const providers = await loadDigestProviders((reason) => reasons.push(reason));
    expect(providers.some((provider) => provider.algorithm === 'blake3')).toBe(reasons.length === 0);
  });
});
