import { readFingerprint } from './fingerprint.js';

/** A server that nobody vouches for. */
interface UnknownServer {
  /** `host:port` */
  readonly name: string;
  /** `sha256:…`, as it was shown. */
  readonly fingerprint: string;
}

/** What only a person can answer. Every question rejects with `Cancelled` when the person gives up. */
export interface Questions {
  /** Whether that is the server that is meant: `other` when the person has named another key. */
  trust(server: UnknownServer): Promise<TrustAnswer>;
  /** Who the person is to a server that lets nobody in without a name. */
  user(server: string): Promise<string>;
  /** @param login `user@host:port` */
  passcode(login: string): Promise<string>;
  /** Says what was wrong with an answer. */
  tell(text: string): void;
}

export type TrustAnswer = 'yes' | 'no' | 'other';

/**
 * Understands what was typed, or pasted, as an answer; nothing at all means no.
 * @returns undefined when it is no answer.
 */
export function trustAnswer(typed: string, fingerprint: string): TrustAnswer | undefined {
  const word = typed.trim().toLowerCase();
  if (word === 'y' || word === 'yes') return 'yes';
  if (word === '' || word === 'n' || word === 'no') return 'no';
  const named = readFingerprint(typed);
  if (named === undefined) return undefined;
  return named === fingerprint ? 'yes' : 'other';
}
