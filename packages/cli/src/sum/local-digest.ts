import { type DigestAlgorithm, FilexError, TreeDigest } from '@filex/protocol';
import { type DigestProvider, FileSource, loadDigestProviders } from '@filex/protocol/node';
import { bounds } from '../bounds.js';

/** Computes tree digests of files on this machine. */
export class LocalDigests {
  readonly #providers: readonly DigestProvider[];

  private constructor(providers: readonly DigestProvider[]) {
    this.#providers = providers;
  }

  static async load(): Promise<LocalDigests> {
    return new LocalDigests(await loadDigestProviders());
  }

  /** The best that this machine has. */
  get preferred(): DigestAlgorithm {
    return this.#providers[0]?.algorithm ?? 'sha256';
  }

  /**
   * The tree digest of a file, hexadecimal.
   * @throws FilexError `UNSUPPORTED` for an algorithm that this machine does not have, `NOT_FOUND`, `IS_A_DIRECTORY`, `NOT_A_FILE`,
   * `SOURCE_CHANGED` while it was read, and so on.
   */
  async of(file: string, algorithm: DigestAlgorithm, signal: AbortSignal): Promise<string> {
    const provider = this.#providers.find((each) => each.algorithm === algorithm);
    if (provider === undefined)
      throw new FilexError(
        'UNSUPPORTED',
        `this machine cannot compute ${algorithm}: @napi-rs/blake-hash is missing`,
      );
    const source = await FileSource.open(file);
    try {
      const tree = new TreeDigest(provider.create);
      const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(source.size, bounds.digestBuffer)));
      for (let at = 0; at < source.size; ) {
        signal.throwIfAborted();
        const count = await source.read(buffer, at);
        tree.update(buffer.subarray(0, count));
        at += count;
      }
      await source.verify();
      return Buffer.from(tree.digest()).toString('hex');
    } finally {
      await source.close();
    }
  }
}
