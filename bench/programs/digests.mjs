import { loadDigestProviders } from '@filex/protocol/node';

/** Only the digest of that name: what an end that can compute nothing better has. */
export async function providersFor(algorithm) {
  const provider = (await loadDigestProviders()).find((each) => each.algorithm === algorithm);
  if (provider === undefined) throw new Error(`${algorithm} cannot be computed here`);
  return [provider];
}
