import type { ClientUnderTest, Ending, RunningClient, Task } from '../../client/client-under-test.js';
import { Credentials } from '../../login/credentials.js';
import { Login, type LoginChanges, type LoginChannel } from '../../login/log-in.js';
import { SCRAM, SCRAM_PLUS, saltedPasscode } from '../../login/scram.js';
import { type Address, parseAddress } from '../../session/address.js';
import { ClientSession } from '../../session/client-session.js';
import { connectPlain, connectSecure } from '../../session/connect.js';
import type { Transport } from '../../session/transport.js';
import { codeNumber } from '../../spec/specification.js';
import { HandshakeRefused } from '../../tls/dial.js';
import { frame } from '../../wire/encode.js';
import type { Messages } from '../../wire/messages.js';

/** What a client may do wrong with TLS and its login. */
export interface ClientDefects {
  readonly oldTls?: boolean;
  readonly noApplication?: boolean;
  readonly takesAnyApplication?: boolean;
  readonly noServerName?: boolean;
  readonly looksAtDates?: boolean;
  readonly triesPlaintext?: boolean;
  readonly trustsAnyKey?: boolean;
  readonly trustsBadFingerprints?: boolean;
  /** What it says in its login, by what it was offered. */
  readonly says?: (offered: readonly string[]) => LoginChanges;
  /** Changes the server's first message before it is looked at, so that nothing seems wrong with it. */
  readonly sees?: (challenge: string, own: string) => string;
  readonly usesPasscodesAsTheyAre?: boolean;
  readonly usesNamesAsTheyAre?: boolean;
  readonly leavesControlCharactersOut?: boolean;
  readonly needsNoSignature?: boolean;
  readonly believesEarlySuccess?: boolean;
  readonly doesNotWait?: boolean;
  readonly fallsBack?: boolean;
  readonly answersForEver?: boolean;
}

/** A client that can list a folder, and no more: made of what the suite is made of, with defects where it is told so. */
export function loginClient(defects: ClientDefects): ClientUnderTest {
  return {
    name: 'the client of the suite',
    can: (verb) => verb === 'ls',
    start: (task) => new RunningLogin(task, defects),
  };
}

class RunningLogin implements RunningClient {
  readonly ended: Promise<Ending>;
  readonly #defects: ClientDefects;
  #transport: Transport | undefined;

  constructor(task: Task, defects: ClientDefects) {
    this.#defects = defects;
    this.ended = this.#run(task).then(
      () => ending(true, 'done'),
      (error: unknown) => ending(false, String(error)),
    );
  }

  release(): void {
    // It writes nothing.
  }

  stop(): void {
    this.#transport?.destroy();
  }

  async #run({ url, passcode, timeout }: Task): Promise<void> {
    const { trustsBadFingerprints, trustsAnyKey } = this.#defects;
    const address = parseAddress(trustsBadFingerprints === true ? url.replace(/\?.*/, '') : url);
    const fingerprint = trustsAnyKey === true ? undefined : address.fingerprint;
    this.#transport = await this.#connect({ ...address, fingerprint }, timeout);
    const credentials = this.#credentials(address.user, passcode);
    const session = new ClientSession(this.#transport);
    session.greet();
    await session.receive('HELLO');
    try {
      if (credentials === undefined) await anonymous(session);
      else await this.#logIn(session, credentials);
    } catch (error) {
      if (session.goAway === undefined)
        session.send(frame('GOAWAY', 0, { code: codeNumber('AUTH_FAILED'), lastStream: 0 }));
      this.#transport.end();
      throw error;
    }
    const { result } = await session.list(address.path);
    session.goodbye();
    this.#transport.end();
    if (result.status !== 0) throw new Error(`RESULT ${result.status}`);
  }

  async #connect({ host, secure, ...rest }: Address, timeout: number): Promise<Transport> {
    const { noServerName, oldTls, noApplication, triesPlaintext, trustsAnyKey } = this.#defects;
    const { looksAtDates, takesAnyApplication } = this.#defects;
    const where = { ...rest, timeout, host: noServerName === true ? '127.0.0.1' : host };
    if (!secure) return connectPlain(where);
    if (rest.fingerprint === undefined && trustsAnyKey !== true)
      throw new Error('nobody vouches for the server');
    try {
      const transport = await connectSecure(
        where,
        {
          ...(oldTls === true ? { maxVersion: 'TLSv1.2' } : {}),
          ...(noApplication === true ? { alpn: [] } : {}),
        },
        (certificate) => {
          if (looksAtDates === true && Date.parse(certificate?.validTo ?? '') < Date.now())
            throw new Error('the certificate has run out');
        },
      );
      const { alpn } = transport.tls as { alpn: string };
      if (alpn === 'filex/1' || takesAnyApplication === true || noApplication === true) return transport;
      transport.destroy();
      throw new Error('the server does not choose filex/1');
    } catch (error) {
      if (triesPlaintext !== true || !(error instanceof HandshakeRefused)) throw error;
      return connectPlain(where);
    }
  }

  #credentials(user: string | undefined, passcode: string | undefined): Credentials | undefined {
    if (user === undefined) return undefined;
    const { usesNamesAsTheyAre, usesPasscodesAsTheyAre, leavesControlCharactersOut } = this.#defects;
    const strip = (text: string): string =>
      leavesControlCharactersOut === true ? text.replaceAll(/[\p{Cc}\p{Cn}\p{Co}]/gu, '') : text;
    const credentials = new Credentials(strip(user), strip(passcode ?? ''));
    if (usesNamesAsTheyAre === true) Object.defineProperty(credentials, 'name', { value: user });
    if (usesPasscodesAsTheyAre === true)
      credentials.salted = (salt, iterations) => saltedPasscode(passcode ?? '', salt, iterations);
    else if (!credentials.usable) throw new Error('name and passcode cannot be used');
    return credentials;
  }

  async #logIn(session: ClientSession, credentials: Credentials): Promise<void> {
    const { says, sees, fallsBack, believesEarlySuccess, needsNoSignature, doesNotWait, answersForEver } =
      this.#defects;
    const { mechanisms: offered = [] } = session.server;
    if (!offered.includes(SCRAM) && !offered.includes(SCRAM_PLUS)) {
      if (fallsBack !== true) throw new Error('no mechanism for a user is offered');
      return anonymous(session);
    }
    const channel = session.loginChannel();
    let own = '';
    let succeeded = false;
    let asked = 0;
    const hear = async (): Promise<Messages['AUTH'] | undefined> => {
      const auth = await channel.hear();
      succeeded = auth?.step === 'success';
      asked += 1;
      if (asked > 1 && auth?.step === 'continue' && answersForEver === true) {
        channel.say({ data: Buffer.from('?') });
        return hear();
      }
      if (auth?.data === undefined || asked > 1 || sees === undefined) return auth;
      return { ...auth, data: Buffer.from(sees(auth.data.toString(), own)) };
    };
    const watched: LoginChannel = {
      ...channel,
      hear,
      say: (auth) => {
        own ||= /r=([^,]*)/.exec(String(auth.data))?.[1] ?? '';
        channel.say(auth);
        if (doesNotWait === true && asked > 0) session.open('stat', {});
      },
    };
    const login = new Login(watched, credentials, says?.(offered));
    try {
      if ((await login.first()) === undefined || (await login.last()) === undefined)
        throw new Error('the server says no');
    } catch (error) {
      const believed = asked === 1 ? believesEarlySuccess : needsNoSignature;
      if (!succeeded || believed !== true) throw error;
    }
  }
}

async function anonymous(session: ClientSession): Promise<void> {
  if (session.server.mechanisms?.includes('ANONYMOUS') !== true) throw new Error('ANONYMOUS is not offered');
  await session.beAnonymous();
}

function ending(ok: boolean, how: string): Ending {
  return { ok, how, killed: false, output: undefined };
}
