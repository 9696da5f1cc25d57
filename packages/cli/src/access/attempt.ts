import type { FilexError, FilexUrl } from '@filex/protocol';
import type { ServerIdentity } from '@filex/protocol/node';
import { AdvisedError } from '../errors.js';
import type { FoundPasscode } from './credentials-file.js';
import type { KnownHost } from './known-hosts.js';
import { serverName } from './server-name.js';

export interface AttemptOptions {
  /** What is remembered of the server. */
  readonly known: KnownHost | undefined;
  /** Where that is remembered. */
  readonly file: string;
  /** The key that the user has accepted a moment ago. */
  readonly accepted: string | undefined;
  /** An authority vouched for the server a moment ago. */
  readonly authorized: boolean;
  /** Whether there is somebody to ask. */
  readonly mayAsk: boolean;
  /** Whether the passcode, if one is needed, is there. */
  readonly hasPasscode: boolean;
}

/** One try to open a session: what it believes, and what came out of it. */
export class Attempt {
  readonly known: KnownHost | undefined;
  /** The key that the server must have, for nothing else counts then. */
  readonly fingerprint: string | undefined;
  /** Set when the server has shown a key that somebody has to be asked about, or when only the passcode was missing. */
  pending: ServerIdentity | undefined;
  /** Whether the server has begun to ask for a proof of the passcode. */
  wasProving = false;
  #settled: ServerIdentity | undefined;
  readonly #url: FilexUrl;
  readonly #name: string;
  readonly #options: AttemptOptions;

  constructor(url: FilexUrl, options: AttemptOptions) {
    this.#url = url;
    this.#name = serverName(url);
    this.#options = options;
    this.known = options.known;
    this.fingerprint = url.fingerprint ?? options.accepted;
  }

  /** Whether nobody will have to be asked about the server. */
  get trusts(): boolean {
    if (this.#url.scheme !== 'filex' || this.#options.authorized) return true;
    return this.fingerprint !== undefined || this.known !== undefined;
  }

  /** Whether the server is new, and nothing but the user's word speaks for it. */
  get isFirstMeeting(): boolean {
    return this.#options.accepted !== undefined;
  }

  /** For messages. */
  get whereKnown(): string {
    const { known, file } = this.#options;
    const lines = known?.lines ?? [];
    return `line${lines.length > 1 ? 's' : ''} ${lines.join(', ')} of ${file}`;
  }

  /** The passcode, when it is needed. */
  give(found: FoundPasscode | undefined): string {
    this.wasProving = true;
    if (found === undefined) throw new Error('the passcode was to be had before the server is trusted');
    return found.passcode;
  }

  /** The server was let in: from now on nobody is asked any more, whenever the session connects again. */
  settle(identity: ServerIdentity | undefined): void {
    this.#settled = identity;
  }

  /** Whether the server said no to the passcode, as opposed to this end saying no to the server. */
  isRefusal({ code, cause }: FilexError): boolean {
    return code === 'AUTH_FAILED' && this.wasProving && cause === undefined;
  }

  /**
   * Decides about what a server has shown, when the address names no key.
   * @throws FilexError `IDENTITY_CHANGED`, `IDENTITY_UNKNOWN`; the latter also to end an attempt that has to wait for a person.
   */
  verify(identity: ServerIdentity): void {
    const { known, mayAsk, hasPasscode } = this.#options;
    const { fingerprint, authorized } = identity;
    if (this.#settled !== undefined) {
      this.#verifyAgain(this.#settled, identity);
      return;
    }
    if (known !== undefined) {
      if (!known.fingerprints.includes(fingerprint)) throw this.#changed(known, identity);
    } else if (!authorized || !(hasPasscode || this.#options.authorized)) {
      if (mayAsk) this.pending = identity;
      const why = identity.reason === SELF_SIGNED ? '' : ` (its certificate: ${identity.reason ?? 'good'})`;
      throw new AdvisedError(
        'IDENTITY_UNKNOWN',
        `${this.#name} is not known, and shows the key ${fingerprint}${why}`,
        `If the server has printed the same key, put ?fp=${fingerprint} at the end of the address, or connect once on a terminal.`,
      );
    }
  }

  /** At a reconnect: the key is what it was, or one that is known, too, or the authority that vouched then vouches for another. */
  #verifyAgain(settled: ServerIdentity, { fingerprint, authorized }: ServerIdentity): void {
    const { known } = this.#options;
    if (fingerprint === settled.fingerprint || known?.fingerprints.includes(fingerprint) === true) return;
    if (known === undefined && settled.authorized && authorized) return;
    throw new AdvisedError(
      'IDENTITY_CHANGED',
      `${this.#name} had the key ${settled.fingerprint} a moment ago, and now has ${fingerprint}: it is another server, or somebody is in between`,
      'Ask whoever runs the server whether it has a new key before you connect again.',
    );
  }

  #changed({ fingerprints, lines }: KnownHost, { fingerprint }: ServerIdentity): FilexError {
    const before = fingerprints.length === 0 ? 'something that is no key' : fingerprints.join(', ');
    return new AdvisedError(
      'IDENTITY_CHANGED',
      `${this.#name} has the key ${fingerprint}, but ${this.whereKnown} says ${before}: it is another server, or somebody is in between`,
      `Ask whoever runs the server whether it has a new key. Only if it has, delete line ${lines.join(', ')} of ${this.#options.file}, and connect again.`,
    );
  }
}

/** The usual case, which needs no words. */
const SELF_SIGNED = 'DEPTH_ZERO_SELF_SIGNED_CERT';
