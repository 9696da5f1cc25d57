import { randomBytes } from 'node:crypto';
import { hash, SCRAM, SCRAM_PLUS } from '../../login/scram.js';
import type { ClientDefects } from './login-client.js';

/** A client that breaks a rule of TLS, or logs in as it should not. */
export interface BrokenLoginClient {
  readonly title: string;
  readonly rule: string;
  /** The cases that are enough to find out. */
  readonly only: readonly string[];
  readonly defects: ClientDefects;
}

const broken = (
  title: string,
  rule: string,
  defects: ClientDefects,
  only: string = rule,
): BrokenLoginClient => ({ title, rule, defects, only: [only] });

/** Makes a server's first message one that nothing is wrong with. */
const mended =
  (find: RegExp, put: string) =>
  (challenge: string): string =>
    challenge.replace(find, put);

export const brokenLoginClients: readonly BrokenLoginClient[] = [
  broken('speaks TLS 1.2', 'FX-2.1-3', { oldTls: true }, '*no-more-than-tls-1-2'),
  broken('tries in plaintext what does not work with TLS', 'FX-2.1-4', { triesPlaintext: true }),
  broken('offers no application protocol', 'FX-2.1-6', { noApplication: true }),
  broken('takes any application protocol', 'FX-2.1-6', { takesAnyApplication: true }),
  broken('looks at more than the key', 'FX-2.1-7', { looksAtDates: true }, '*certificate-that-has-run-out*'),
  broken('needs nobody to vouch for a server', 'FX-2.1-7', { trustsAnyKey: true }, '*nobody-vouches*'),
  broken('speaks before it knows the key', 'FX-2.1-7', { trustsAnyKey: true }, '*another-key*'),
  broken('sends no name of the host', 'FX-2.1-6', { noServerName: true }, '*name-of-the-host*'),
  broken(
    'reads no fingerprint',
    'FX-2.2-5',
    { trustsBadFingerprints: true, trustsAnyKey: true },
    '*a-fingerprint-*',
  ),
  broken('has one nonce', 'FX-6.3-1', { says: () => ({ first: oneNonce }) }, '*nonce-of-scram-is-new*'),
  broken('falls back to ANONYMOUS', 'FX-6.3-5', { fallsBack: true }, '*a-user-where-*'),
  broken('takes any nonce', 'FX-6.3-5', {
    sees: (challenge, own) => challenge.replace(/^r=[^,]*/, `r=${own}abc`),
  }),
  broken('needs no salt', 'FX-6.3-5', { sees: mended(/,i=/, ',s=AAAA,i=') }, '*-no-salt'),
  broken('passes over extensions', 'FX-6.3-5', { sees: mended(/^m=ext,/, '') }, '*with-an-extension-that*'),
  broken('answers for ever', 'FX-6.3-5', { answersForEver: true }, '*asks-once-more*'),
  broken(
    'leaves the digest of the HELLOs out',
    'FX-6.4-1',
    { says: () => ({ last: (bare) => bare.replace(/,t=.*/, '') }) },
    '*/a-user-logs-in',
  ),
  broken(
    'gives the digest of something else',
    'FX-6.4-1',
    { says: () => ({ last: (bare) => bare.replace(/t=.*/, `t=${hash().toString('base64')}`) }) },
    '*/a-user-logs-in',
  ),
  broken('does not bind the channel though it could', 'FX-6.4-2', {
    says: () => ({ mechanism: SCRAM, header: 'y,,' }),
  }),
  broken('does not say that binding was not offered', 'FX-6.4-2', {
    says: (offered) => (offered.includes(SCRAM_PLUS) ? {} : { mechanism: SCRAM, header: 'n,,' }),
  }),
  broken('binds another channel', 'FX-6.4-2', { says: () => ({ bound: randomBytes(32) }) }),
  broken('needs no signature', 'FX-6.4-3', { needsNoSignature: true }, '*/success-with-*'),
  broken(
    'believes success before it was asked',
    'FX-6.4-3',
    { believesEarlySuccess: true },
    '*before-the-client-was-asked*',
  ),
  broken('does not wait for success', 'FX-6.1-2', { doesNotWait: true }, '*waits-for-success-after*'),
  broken('takes few iterations', 'FX-6.4-4', { sees: mended(/i=(?:4095|1|0|-4096)$/, 'i=4096') }),
  broken(
    'takes its own nonce',
    'FX-6.4-4',
    {
      sees: (challenge, own) => challenge.replace(`r=${own},`, `r=${own}abc,`),
    },
    '*adds-nothing*',
  ),
  broken('takes extensions', 'FX-6.4-1', { sees: mended(/,x=y$/, '') }, '*first-message-with-an-extension'),
  broken('takes many iterations', 'FX-6.4-4', { sees: mended(/i=\d{8,}$/, 'i=4096') }),
  broken('uses passcodes as they are', 'FX-6.4-6', { usesPasscodesAsTheyAre: true }, '*/a-passcode-*'),
  broken('uses names as they are', 'FX-6.4-6', { usesNamesAsTheyAre: true }, '*/a-name-*'),
  broken('leaves control characters out', 'FX-6.4-6', { leavesControlCharactersOut: true }, '*is-refused'),
  broken('says whom it acts for', 'FX-6.4-7', { says: () => ({ header: 'p=tls-exporter,a=ann,' }) }),
];

function oneNonce(bare: string): string {
  return bare.replace(/r=.*/, `r=${'x'.repeat(24)}`);
}
