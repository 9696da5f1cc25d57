import { FilexError, type FilexUrl, formatUrl, visibleText } from '@filex/protocol';
import type { ConnectOptions, ServerIdentity, Session } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import { AdvisedError, UsageError } from '../errors.js';
import type { Io } from '../io.js';
import { Attempt } from './attempt.js';
import type { FoundPasscode } from './credentials-file.js';
import { KnownHosts } from './known-hosts.js';
import { PasscodeSources } from './passcode-sources.js';
import type { Questions } from './questions.js';
import { serverName } from './server-name.js';

export interface Reached {
  readonly session: Session;
  /** The address that leads to the same without being asked, but for the passcode. */
  readonly url: FilexUrl;
}

type Connect = (url: string, identity: Pick<ConnectOptions, 'passcode' | 'trust'>) => Promise<Session>;

export interface SessionOpenerOptions {
  readonly connect: Connect;
  readonly knownHosts: KnownHosts;
  readonly passcodes: PasscodeSources;
  /** Tells the user something that is not an error. */
  readonly note: (text: string) => void;
}

/** What was settled with one server, for this run of the program. */
interface Settled {
  /** The key that the user has accepted. */
  accepted?: string | undefined;
  /** Nobody but an authority was needed. */
  authorized?: boolean;
  /** What the user typed, by user. */
  readonly typed: Map<string, FoundPasscode>;
}

/**
 * Opens sessions: makes sure that a server is the one that is meant, and finds the passcode.
 *
 * A `filex://` server must have the key that the address names; else a key that is known from before; else a certificate that an
 * authority has signed for its name; else a person has to accept its key, which is then remembered, as soon as the server has
 * let the user in: with a passcode it has proven by then that it knows it, too. Where nobody can be asked, nobody guesses.
 *
 * Nothing is asked while a connection is open, as a server waits for nobody: it is made again.
 */
export class SessionOpener {
  readonly #options: SessionOpenerOptions;
  readonly #settled = new Map<string, Settled>();

  constructor(options: SessionOpenerOptions) {
    this.#options = options;
  }

  /**
   * @param questions undefined when there is nobody to ask.
   * @throws FilexError `IDENTITY_CHANGED`, `IDENTITY_UNKNOWN`, `AUTH_FAILED`, and what `connect` throws.
   */
  async open(url: FilexUrl, questions: Questions | undefined): Promise<Reached> {
    const { knownHosts, passcodes } = this.#options;
    const name = serverName(url);
    const known = url.scheme === 'filex' ? await knownHosts.find(name) : undefined;
    const settled = this.#settledWith(name);
    let { user } = url;
    if (user === undefined && passcodes.fromInput)
      throw new UsageError(
        '--passcode-stdin needs to know whose passcode it is: put the user into the address, as in filex://USER@host.',
      );
    for (let asked = 0; ; ) {
      let passcode =
        user === undefined ? undefined : (settled.typed.get(user) ?? (await passcodes.find(user, name)));
      if (user !== undefined && passcode === undefined && questions === undefined)
        throw noPasscode(user, name);
      const attempt = new Attempt(url, {
        known,
        file: knownHosts.file,
        accepted: settled.accepted,
        authorized: settled.authorized === true,
        mayAsk: questions !== undefined,
        hasPasscode: user === undefined || passcode !== undefined,
      });
      if (user !== undefined && passcode === undefined && attempt.trusts) {
        passcode = await ask(questions as Questions, user, name);
        settled.typed.set(user, passcode);
        asked += 1;
      }
      try {
        const session = await this.#connect(url, user, passcode, attempt);
        attempt.settle(session.server.identity);
        return { session, url: await this.#remember({ ...url, user }, attempt, session) };
      } catch (failure) {
        if (!(failure instanceof FilexError)) throw failure;
        if (attempt.pending !== undefined) {
          await accept(name, attempt.pending, settled, questions as Questions);
        } else if (failure.code !== 'AUTH_FAILED') {
          throw failure.code === 'RATE_LIMITED' ? banned(failure) : failure;
        } else if (user === undefined) {
          if (questions === undefined) throw nobodyWithoutUser(url, failure);
          user = await questions.user(name);
        } else {
          const typed = settled.typed.delete(user);
          if (!attempt.isRefusal(failure) || !typed || asked >= bounds.passcodeAttempts)
            throw refused(failure, attempt, passcode);
          (questions as Questions).tell('The server does not accept that user name and passcode.');
        }
      }
    }
  }

  #settledWith(name: string): Settled {
    const settled = this.#settled.get(name) ?? { typed: new Map() };
    this.#settled.set(name, settled);
    return settled;
  }

  #connect(
    url: FilexUrl,
    user: string | undefined,
    found: FoundPasscode | undefined,
    attempt: Attempt,
  ): Promise<Session> {
    const { fingerprint } = attempt;
    const address = { ...url, user, fingerprint, path: '', trailingSlash: false };
    return this.#options.connect(formatUrl(address), {
      passcode: user === undefined ? undefined : async () => attempt.give(found),
      trust: { verify: (identity) => attempt.verify(identity) },
    });
  }

  /** What to do about a server that has turned out to be the right one. */
  async #remember(url: FilexUrl, attempt: Attempt, { server }: Session): Promise<FilexUrl> {
    const { knownHosts, note } = this.#options;
    const { identity } = server;
    const { known, fingerprint } = attempt;
    if (identity === undefined || fingerprint === undefined) return { ...url, fingerprint: undefined };
    const name = serverName(url);
    try {
      if (known === undefined) await knownHosts.add(name, identity.fingerprint);
      else if (!known.fingerprints.includes(identity.fingerprint)) {
        note(
          `${visibleText(name)} has the key that the address names, but ${attempt.whereKnown} says otherwise. That was left as it is.`,
        );
        return url;
      }
      return { ...url, fingerprint: undefined };
    } catch (error) {
      note(visibleText(`The key of ${name} will not be remembered: ${FilexError.from(error).message}`));
      return { ...url, fingerprint: identity.fingerprint };
    }
  }
}

/** With what this user has on this machine. */
export function createSessionOpener(
  io: Io,
  options: {
    readonly passcodeStdin: boolean;
    readonly connect: Connect;
    readonly note: (text: string) => void;
  },
): SessionOpener {
  return new SessionOpener({
    connect: options.connect,
    knownHosts: new KnownHosts(io.stateDirectory(), io.platform),
    passcodes: new PasscodeSources(io, options.passcodeStdin),
    note: options.note,
  });
}

async function ask(questions: Questions, user: string, name: string): Promise<FoundPasscode> {
  return { passcode: await questions.passcode(`${user}@${name}`), source: 'the terminal' };
}

async function accept(
  name: string,
  identity: ServerIdentity,
  settled: Settled,
  questions: Questions,
): Promise<void> {
  const { fingerprint, authorized } = identity;
  if (authorized) {
    settled.authorized = true;
    return;
  }
  const answer = await questions.trust({ name, fingerprint });
  if (answer === 'yes') settled.accepted = fingerprint;
  else if (answer === 'no')
    throw new AdvisedError(
      'IDENTITY_UNKNOWN',
      `not connected: the key ${fingerprint} of ${name} was not accepted`,
      'Ask whoever runs the server which key it has; it prints it when it starts.',
    );
  else
    throw new AdvisedError(
      'IDENTITY_CHANGED',
      `not connected: ${name} has the key ${fingerprint}, which is not the one that was named`,
      'This is another server, or somebody is in between. Check host and port, and ask whoever runs the server.',
    );
}

function noPasscode(user: string, name: string): FilexError {
  return new AdvisedError(
    'AUTH_FAILED',
    `there is no passcode for ${user}@${name}, and no terminal to ask for it`,
    'Give it in FILEX_PASSCODE, with --passcode-stdin, or in the credentials file: the README says how.',
  );
}

function nobodyWithoutUser(url: FilexUrl, cause: FilexError): FilexError {
  const address = formatUrl({ ...url, scheme: 'filex', user: 'USER', fingerprint: undefined, path: '' });
  return new AdvisedError(
    'AUTH_FAILED',
    cause.message,
    `Put your user name into the address: ${visibleText(address)}`,
    cause,
  );
}

function banned(failure: FilexError): FilexError {
  const hint = 'Wait as long as the server says, and check user name and passcode before you try again.';
  return new AdvisedError('RATE_LIMITED', failure.message, hint, failure);
}

function refused(failure: FilexError, attempt: Attempt, passcode: FoundPasscode | undefined): FilexError {
  if (!attempt.isRefusal(failure)) {
    const hint = attempt.wasProving
      ? 'Somebody may be in between. Compare the key of the server with what it has printed, before you try again.'
      : 'Check the user name in the address. A server without users takes an address without one.';
    return new AdvisedError('AUTH_FAILED', failure.message, hint, failure);
  }
  const check = `Check the user name and the passcode, which came from ${passcode?.source ?? 'nowhere'}.`;
  const doubt =
    ' If both are right, somebody may be in between: compare the key of the server with what it has printed.';
  const hint = attempt.isFirstMeeting ? check + doubt : check;
  return new AdvisedError('AUTH_FAILED', failure.message, hint, failure);
}
