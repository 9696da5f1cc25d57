import { existsSync, readFileSync } from 'node:fs';
import { FilexError, parseUrl } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { hintFor } from '../errors.js';
import { fakeProcess } from '../testing/fake-io.js';
import { MemorySession } from '../testing/memory-session.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { KnownHosts } from './known-hosts.js';
import { PasscodeSources } from './passcode-sources.js';
import type { Questions, TrustAnswer } from './questions.js';
import { SessionOpener } from './session-opener.js';

const RIGHT = `sha256:${'R'.repeat(42)}E`;
const WRONG = `sha256:${'W'.repeat(42)}A`;

/** A server, and all that a client can know of it. */
interface Situation {
  readonly scheme: 'filex' | 'filex+tcp';
  readonly inAddress: typeof RIGHT | typeof WRONG | undefined;
  readonly known: typeof RIGHT | typeof WRONG | 'garbage' | undefined;
  readonly authorized: boolean;
  /** Answers about the key; undefined: nobody is there to ask. */
  readonly answer: TrustAnswer | undefined;
  /** Whether the server wants a user. */
  readonly guarded: boolean;
  readonly user: boolean;
  /** Without being asked. */
  readonly passcode: 'right' | 'wrong' | undefined;
  /** How often the user types a wrong one first. */
  readonly slips: number;
  /** What the library says of a server that is no good, before or after the passcode was wanted. */
  readonly fault?: { readonly after: boolean; readonly error: FilexError };
}

async function play(situation: Situation) {
  const folder = temporaryFolder();
  const knownHosts = new KnownHosts(folder, 'linux');
  if (situation.known !== undefined) await knownHosts.add('nas:12345', situation.known);
  const log: string[] = [];
  let slips = situation.slips;
  let connecting = false;
  const asking = (what: string): void => {
    log.push(connecting ? `${what} WHILE CONNECTED` : what);
  };
  const questions: Questions = {
    trust: async ({ fingerprint }) => {
      asking(`trust ${fingerprint}`);
      return situation.answer as TrustAnswer;
    },
    user: async () => {
      asking('user');
      return 'ann';
    },
    passcode: async (login) => {
      asking(`passcode ${login}`);
      slips -= 1;
      return slips < 0 ? 'right' : 'wrong';
    },
    tell: () => log.push('tell'),
  };
  const { io } = fakeProcess({
    env: situation.passcode === undefined ? {} : { FILEX_PASSCODE: situation.passcode },
  });
  const notes: string[] = [];
  const opener = new SessionOpener({
    knownHosts,
    passcodes: new PasscodeSources(io, false),
    note: (text) => notes.push(text),
    // What `connect` of the library does, in its order.
    connect: async (text, { passcode, trust }) => {
      connecting = true;
      try {
        log.push('connect');
        const { scheme, user, fingerprint } = parseUrl(text);
        expect(scheme).toBe(situation.scheme);
        const identity = {
          name: 'nas:12345',
          fingerprint: RIGHT,
          authorized: situation.authorized,
          reason: 'no reason',
        };
        if (scheme === 'filex') {
          if (fingerprint === undefined) await trust?.verify?.(identity);
          else if (fingerprint !== RIGHT) throw new FilexError('IDENTITY_CHANGED');
        }
        log.push('trusted');
        if (situation.guarded && user === undefined) throw new FilexError('AUTH_FAILED', 'nobody');
        if (situation.fault?.after === false) throw situation.fault.error;
        if (user !== undefined) {
          const word = typeof passcode === 'function' ? await passcode() : passcode;
          if (situation.fault !== undefined) throw situation.fault.error;
          if (word !== 'right') throw new FilexError('AUTH_FAILED', 'wrong');
        }
        const session = new MemorySession();
        Object.assign(session.server, { identity: scheme === 'filex' ? identity : undefined });
        return session;
      } finally {
        connecting = false;
      }
    },
  });
  const { scheme, inAddress, user, answer } = situation;
  const url = parseUrl(
    `${scheme}://${user ? 'ann@' : ''}NAS/${inAddress === undefined ? '' : `?fp=${inAddress}`}`,
  );
  const before = existsSync(knownHosts.file) ? readFileSync(knownHosts.file, 'utf8') : '';
  const open = () => opener.open(url, answer === undefined ? undefined : questions);
  const outcome = await open().catch((error: unknown) => error as FilexError);
  const file = existsSync(knownHosts.file) ? readFileSync(knownHosts.file, 'utf8') : '';
  return { outcome, log, notes, before, file, open };
}

const situations: fc.Arbitrary<Situation> = fc.record({
  scheme: fc.constantFrom('filex', 'filex', 'filex', 'filex+tcp'),
  inAddress: fc.constantFrom(undefined, RIGHT, WRONG),
  known: fc.constantFrom(undefined, RIGHT, WRONG, 'garbage'),
  authorized: fc.boolean(),
  answer: fc.constantFrom(undefined, 'yes', 'no', 'other'),
  guarded: fc.boolean(),
  user: fc.boolean(),
  passcode: fc.constantFrom(undefined, 'right', 'wrong'),
  slips: fc.nat({ max: 4 }),
});

/** Whether that server should be talked to at all, said another way than the code says it. */
function trusted({ scheme, inAddress, known, authorized, answer }: Situation): boolean {
  if (scheme === 'filex+tcp') return true;
  if (inAddress !== undefined) return inAddress === RIGHT;
  if (known !== undefined) return known === RIGHT;
  return authorized || answer === 'yes';
}

function letIn({ guarded, user, answer, passcode, slips }: Situation): boolean {
  if (!user && !guarded) return true;
  if (!user && answer === undefined) return false;
  if (passcode !== undefined) return passcode === 'right';
  return answer !== undefined && slips < bounds.passcodeAttempts;
}

describe('opening a session', () => {
  it('needs a trusted server and a right passcode, and nothing is asked twice or with a connection open', async () => {
    await fc.assert(
      fc.asyncProperty(situations, async (situation) => {
        const { outcome, log, before, file, open } = await play(situation);
        const succeeds = trusted(situation) && letIn(situation);
        expect(outcome instanceof FilexError).toBe(!succeeds);
        expect(log.join()).not.toContain('WHILE CONNECTED');
        expect(log.filter((line) => line.startsWith('trust ')).length).toBeLessThanOrEqual(1);
        expect(log.filter((line) => line.startsWith('passcode')).length).toBeLessThanOrEqual(
          bounds.passcodeAttempts,
        );
        if (!trusted(situation)) expect(log).not.toContain('trusted');
        // What was known stays as it was; what is added was named, or accepted, and worked.
        const vouched =
          situation.inAddress === RIGHT || (situation.answer === 'yes' && !situation.authorized);
        const adds = succeeds && situation.scheme === 'filex' && situation.known === undefined && vouched;
        expect(file).toBe(adds ? `${before}nas:12345 ${RIGHT}\n` : before);
        if (!succeeds) return;
        const asked = log.filter((line) => /^(?:trust |passcode|user)/.test(line)).length;
        await open();
        const again = log.filter((line) => /^(?:trust |passcode)/.test(line)).length;
        expect(again).toBeLessThanOrEqual(asked);
      }),
      { numRuns: 150 },
    );
  });

  it('fails with the code that fits', async () => {
    await fc.assert(
      fc.asyncProperty(situations, async (situation) => {
        const { outcome } = await play(situation);
        if (!(outcome instanceof FilexError)) return;
        const { scheme, inAddress, known, answer, user, passcode } = situation;
        // Who has no passcode, and nobody to ask, need not even try.
        if (user && passcode === undefined && answer === undefined) expect(outcome.code).toBe('AUTH_FAILED');
        else if (trusted(situation)) expect(outcome.code).toBe('AUTH_FAILED');
        else if (scheme === 'filex' && inAddress === undefined && known === undefined && answer !== 'other')
          expect(outcome.code).toBe('IDENTITY_UNKNOWN');
        else expect(outcome.code).toBe('IDENTITY_CHANGED');
      }),
      { numRuns: 150 },
    );
  });

  it('tells the address that needs no question the next time', async () => {
    await fc.assert(
      fc.asyncProperty(situations, async (situation) => {
        const { outcome, file, notes } = await play(situation);
        if (outcome instanceof FilexError) return;
        const { scheme, user, guarded, inAddress, known } = situation;
        const { url } = outcome as Exclude<typeof outcome, FilexError>;
        expect(url.user).toBe(user || guarded ? 'ann' : undefined);
        const differs = scheme === 'filex' && inAddress === RIGHT && known !== undefined && known !== RIGHT;
        expect(url.fingerprint).toBe(differs ? RIGHT : undefined);
        expect(notes.length).toBe(differs ? 1 : 0);
        if (scheme === 'filex' && !situation.authorized) expect(file.includes(RIGHT)).toBe(!differs);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    [
      true,
      new FilexError('AUTH_FAILED', 'no proof', { cause: new Error('SCRAM') }),
      'somebody may be in between',
    ],
    [false, new FilexError('AUTH_FAILED', 'this server knows no users'), 'takes an address without one'],
    [true, new FilexError('RATE_LIMITED', 'banned'), 'wait as long as the server says'],
  ])('does not ask for a passcode again when it is not the passcode (%#)', async (after, error, hint) => {
    const { outcome, log } = await play({
      scheme: 'filex',
      inAddress: undefined,
      known: RIGHT,
      authorized: false,
      answer: 'yes',
      guarded: true,
      user: true,
      passcode: undefined,
      slips: 1,
      fault: { after, error },
    });
    expect(log.filter((line) => line.startsWith('passcode'))).toHaveLength(1);
    expect(hintFor(outcome as FilexError).toLowerCase()).toContain(hint);
  });
});
