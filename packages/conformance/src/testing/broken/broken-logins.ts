import type { FrontDefects } from './login-front.js';

/** A server with users that breaks a rule. */
export interface BrokenLogin {
  readonly title: string;
  readonly rule: string;
  /** The cases that are enough to find out. */
  readonly only: readonly string[];
  readonly defects: FrontDefects;
}

const broken = (title: string, rule: string, defects: FrontDefects, only = [rule]): BrokenLogin => ({
  title,
  rule,
  defects,
  only,
});

export const brokenLogins: readonly BrokenLogin[] = [
  broken('speaks TLS 1.2', 'FX-2.1-3', { oldTls: true }, ['*no-more-than-tls-1-2*']),
  broken('takes any application protocol', 'FX-2.1-6', { anyApplication: true }),
  broken('believes any proof', 'FX-6.3-1', { believesAnyProof: true }, ['*-proof-*']),
  broken('takes any nonce', 'FX-6.3-1', { takesAnyNonce: true }, ['*nonce*']),
  broken('has one nonce', 'FX-6.3-1', { hasOneNonce: true }, ['*nonce-is-new-each-time']),
  broken('passes over extensions', 'FX-6.3-1', { passesOverExtensions: true }, ['*extension-that*']),
  broken('lets a client begin again', 'FX-6.3-2', { forgetsTheChallenge: true }),
  broken('takes any digest of the HELLOs', 'FX-6.4-1', { takesAnyDigest: true }),
  broken('needs no digest of the HELLOs', 'FX-6.4-1', { needsNoDigest: true }),
  broken('takes extensions', 'FX-6.4-1', { takesExtensions: true }, ['*an-extension-*']),
  broken('offers SCRAM, and not to bind the channel', 'FX-6.4-2', { offersNoBinding: true }),
  broken('believes that binding was hidden', 'FX-6.4-2', { believesThatBindingWasHidden: true }),
  broken('takes the binding of any channel', 'FX-6.4-2', { takesAnyBinding: true }),
  broken('mixes the mechanisms', 'FX-6.4-2', { mixesMechanisms: true }),
  broken('proves nothing', 'FX-6.4-3', { provesNothing: true }),
  broken('asks for little', 'FX-6.4-4', { asksForLittle: true }),
  broken('refuses strangers at once', 'FX-6.4-5', { refusesStrangersAtOnce: true }),
  broken('has another salt for a stranger each time', 'FX-6.4-5', { saltsStrangersAnew: true }),
  broken('has one salt for all strangers', 'FX-6.4-5', { saltsStrangersAlike: true }),
  broken('asks strangers for more', 'FX-6.4-5', { asksStrangersForMore: true }),
  broken('tells strangers that they are', 'FX-6.4-5', { tellsStrangers: true }),
  broken('takes names as they are', 'FX-6.4-6', { takesNamesAsTheyAre: true }),
  broken('leaves control characters out', 'FX-6.4-6', { leavesControlCharactersOut: true }),
  broken('takes authorization identities', 'FX-6.4-7', { takesIdentities: true }),
  // All users are one behind the front.
  broken('does not tell principals apart', 'FX-12.1-1', {}),
];
