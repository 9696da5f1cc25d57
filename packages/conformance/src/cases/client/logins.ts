import { Credentials } from '../../login/credentials.js';
import { SCRAM, SCRAM_PLUS } from '../../login/scram.js';
import type { ChallengeParts, Witness } from '../../login/witness.js';
import type { ClientTrial, TlsStart } from '../../session/client-trial.js';
import type { ServerSession } from '../../session/server-session.js';
import { Violation } from '../../wire/violation.js';
import { list } from './endings.js';

/** Whom the clients under test log in as, unless a case is about names. */
export const somebody = new Credentials('ann', 'correct horse');

/** What a server with users offers inside TLS. */
export const allMechanisms = [SCRAM_PLUS, SCRAM, 'ANONYMOUS'] as const;

export interface LoginSetting {
  readonly user?: Credentials;
  readonly mechanisms?: readonly string[];
  /** Undefined: plaintext. */
  readonly tls?: TlsStart | undefined;
}

export interface ClientLogin {
  readonly session: ServerSession;
  readonly witness: Witness;
  readonly user: Credentials;
}

/** Starts the client with a user, and shakes hands until it is its turn to log in. */
export async function greeted(trial: ClientTrial, setting: LoginSetting = {}): Promise<ClientLogin> {
  const { user = somebody, mechanisms = allMechanisms } = setting;
  const tls = 'tls' in setting ? setting.tls : {};
  const session = await trial.fresh({ tls, user });
  await session.greeting({ mechanisms });
  return { session, witness: session.witness(user), user };
}

/** The same, until the client has said who it is. */
export async function begun(trial: ClientTrial, setting?: LoginSetting): Promise<ClientLogin> {
  const login = await greeted(trial, setting);
  login.witness.first((await login.session.receive('AUTH')).message);
  return login;
}

/** The same on a connection without TLS, where clients may refuse to log in. */
export async function begunInPlaintext(trial: ClientTrial): Promise<ClientLogin> {
  const user = somebody;
  await trial.start({ user });
  const transport = await trial.dialledOrNot();
  if (transport === undefined) trial.notApplicable('this client logs in inside TLS only');
  const session = trial.over(transport);
  await session.greeting({ mechanisms: [SCRAM, 'ANONYMOUS'] });
  await session.transport.until(() => session.hears('AUTH') || session.transport.ended, 'AUTH, or the end');
  if (!session.hears('AUTH')) trial.notApplicable('this client logs in inside TLS only');
  const witness = session.witness(user);
  witness.first((await session.receive('AUTH')).message);
  return { session, witness, user };
}

/** Asks for the proof. @returns the client's last message, judged: the signature that answers it. */
export async function proven({ session, witness }: ClientLogin): Promise<Buffer> {
  session.ask(witness.challenge());
  return witness.last((await session.receive('AUTH')).message);
}

/** Ends the login honestly; the client does what it was run for. */
export async function letIn(trial: ClientTrial, login: ClientLogin): Promise<void> {
  const { session, user } = login;
  session.admit({ data: await proven(login), principal: user.name });
  await list(trial, session, (await session.opened('list')).id);
}

/** Asks in another way than an honest server does: the client must end it. */
export async function expectDistrust(
  trial: ClientTrial,
  login: ClientLogin,
  change: (parts: ChallengeParts) => string,
): Promise<void> {
  login.session.ask(login.witness.challenge(change));
  await expectGivenUp(trial, login.session);
}

/** The client ends the connection with AUTH_FAILED, has asked for nothing, and says that it has failed. */
export async function expectGivenUp(trial: ClientTrial, session: ServerSession): Promise<void> {
  await session.expectFault('AUTH_FAILED');
  const [first] = session.streams;
  if (first !== undefined) throw new Violation([], `the client asks for ${first.operation} all the same`);
  await trial.expectFailure();
}
