import type { LoginChanges } from '../../login/log-in.js';
import type { ClientSession } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import type { Transport } from '../../session/transport.js';
import { codeName } from '../../spec/specification.js';
import { Violation } from '../../wire/violation.js';

/** Both ends have said HELLO, on a server that still listens to this machine after logins that failed. */
export async function greetedForLogin(trial: ServerTrial, transport?: Transport): Promise<ClientSession> {
  const session = trial.over(transport ?? (await trial.dial()));
  session.greet();
  const came = await session.receiveAny(['HELLO', 'GOAWAY']);
  if (came.name !== 'GOAWAY') return session;
  const code = codeName(came.message.code);
  if (code === 'RATE_LIMITED')
    trial.notApplicable('this server takes nobody from here any more after so many logins that failed');
  throw new Violation([], `GOAWAY ${code} instead of HELLO`);
}

/** @throws Violation unless the server refuses such a login, at whichever step, with AUTH_FAILED. */
export async function expectRefused(
  trial: ServerTrial,
  session: ClientSession,
  changes: LoginChanges,
): Promise<string | undefined> {
  const success = await session.logIn(trial.user, changes);
  if (success !== undefined) throw new Violation([], 'the server lets in who says so');
  const { reason } = await session.expectFault('AUTH_FAILED');
  return reason;
}
