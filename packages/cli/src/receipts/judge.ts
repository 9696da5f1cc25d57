import { readFingerprint } from '../access/fingerprint.js';
import type { KnownHost, KnownHosts } from '../access/known-hosts.js';
import { UsageError } from '../errors.js';
import type { Line } from './lines.js';
import { type ReadReceipt, readReceiptLine } from './receipt-line.js';

/** What a line of a file of receipts is worth. */
export type Judged =
  | { readonly status: 'good'; readonly number: number; readonly receipt: ReadReceipt }
  /** Signed, but not with a key that the user knows for that server. */
  | {
      readonly status: 'unknown key';
      readonly number: number;
      readonly receipt: ReadReceipt;
      readonly reason: string;
    }
  | { readonly status: 'wrong'; readonly number: number; readonly reason: string };

/** Judges receipts by the keys that the user knows. */
export class ReceiptJudge {
  readonly #fingerprint: string | undefined;
  readonly #knownHosts: KnownHosts;
  readonly #known = new Map<string, KnownHost | undefined>();

  /**
   * @param fingerprint the key that all must have, as people write it; undefined: one that is known for their server.
   * @throws UsageError when that is none.
   */
  constructor(fingerprint: string | undefined, knownHosts: KnownHosts) {
    this.#knownHosts = knownHosts;
    this.#fingerprint = fingerprint === undefined ? undefined : readFingerprint(fingerprint);
    if (fingerprint !== undefined && this.#fingerprint === undefined)
      throw new UsageError(`${JSON.stringify(fingerprint)} is no fingerprint: it should look like sha256:…`);
  }

  /** @throws FilexError when the known servers cannot be read. */
  async judge({ number, text }: Line): Promise<Judged> {
    const receipt = text === undefined ? { fault: 'it is too long to be a receipt' } : readReceiptLine(text);
    if ('fault' in receipt) return { status: 'wrong', number, reason: receipt.fault };
    const reason = await this.#doubt(receipt);
    return reason === undefined
      ? { status: 'good', number, receipt }
      : { status: 'unknown key', number, receipt, reason };
  }

  /** Why the key of a receipt proves nothing. */
  async #doubt({ line, serverName }: ReadReceipt): Promise<string | undefined> {
    if (this.#fingerprint !== undefined) {
      if (line.key === this.#fingerprint) return undefined;
      return `it is signed with ${line.key}, not with ${this.#fingerprint}`;
    }
    if (!this.#known.has(serverName)) {
      // One file has few servers; one that has many is made to fill the memory.
      if (this.#known.size >= MANY) this.#known.clear();
      this.#known.set(serverName, await this.#knownHosts.find(serverName));
    }
    const known = this.#known.get(serverName);
    if (known === undefined) return `no key of ${serverName} is known here`;
    if (known.fingerprints.includes(line.key)) return undefined;
    return `it is signed with ${line.key}, which is not a key that is known for ${serverName}`;
  }
}

/** Servers whose keys are looked up once. */
const MANY = 1000;
