import type { ClientSkill } from '../cases/client/client-case.js';
import { type ClientUnderTest, verbs } from '../client/client-under-test.js';
import { Credentials } from '../login/credentials.js';
import { SCRAM, SCRAM_PLUS } from '../login/scram.js';
import { Violation } from '../wire/violation.js';
import { ClientTrial } from './client-trial.js';

/** Why a client does not do something that a client need not do; undefined where it does. */
export type MissingSkills = Readonly<Record<ClientSkill, string | undefined>>;

/** Finds out what a client can, in a run of its own. */
export async function surveyClient(client: ClientUnderTest, timeout: number): Promise<MissingSkills> {
  const verb = verbs.find((each) => client.can(each)) ?? 'ls';
  const trial = new ClientTrial(client, { verb, slow: false }, timeout);
  try {
    await trial.start({ tls: {}, user: new Credentials('somebody', 'some passcode') });
    const transport = await trial.dialledOrNot();
    if (transport === undefined && trial.trouble === undefined) {
      const why = 'this client does not connect to a server under TLS';
      return { tls: why, login: why };
    }
    // A client that fails in the handshake tries, at least: the cases will show what is wrong with it.
    if (transport === undefined) return { tls: undefined, login: undefined };
    const session = trial.over(transport);
    await session.greeting({ mechanisms: [SCRAM_PLUS, SCRAM, 'ANONYMOUS'] });
    await session.transport.until(() => session.hears('AUTH') || session.transport.ended, 'AUTH, or the end');
    return { tls: undefined, login: session.hears('AUTH') ? undefined : 'this client does not log in' };
  } catch (error) {
    if (error instanceof Violation) return { tls: undefined, login: undefined };
    throw error;
  } finally {
    trial.close();
  }
}
