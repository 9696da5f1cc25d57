import { randomBytes } from 'node:crypto';
import { Credentials } from '../../login/credentials.js';
import type { LoginChanges } from '../../login/log-in.js';
import { escapedName, hash, SCRAM, SCRAM_PLUS } from '../../login/scram.js';
import { shown } from '../../report/shown.js';
import type { ClientSession } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { codeName } from '../../spec/specification.js';
import { type CaseOptions, casesOf } from '../../suite/case.js';
import { frame } from '../../wire/encode.js';
import { PREFACE } from '../../wire/frame.js';
import { Violation } from '../../wire/violation.js';
import { expectRefused, greetedForLogin } from './logins.js';

const fails: CaseOptions = { failsLogin: true };

/** A user that no server has. */
const nobody = (): string => `nobody-${randomBytes(6).toString('hex')}`;

/** A connection inside TLS on which the server has offered to bind the channel. */
async function secure(trial: ServerTrial): Promise<ClientSession> {
  await trial.needsTls();
  return greetedForLogin(trial, await trial.dialSecure());
}

/** A connection in plaintext on which both ends have said HELLO. */
async function plain(trial: ServerTrial): Promise<ClientSession> {
  const session = trial.over(await trial.dialPlain());
  session.greet();
  const first = await session.transport.firstByte('an answer to plaintext');
  if (first !== PREFACE[0]) trial.notApplicable('this server takes no plaintext');
  const came = await session.receiveAny(['HELLO', 'GOAWAY']);
  if (came.name === 'GOAWAY') trial.notApplicable('this server takes no plaintext');
  return session;
}

/** @throws Violation unless the server lets the user in. */
async function expectIn(
  trial: ServerTrial,
  session: ClientSession,
  changes: LoginChanges = {},
): Promise<void> {
  const { user } = trial;
  const success = await session.logIn(user, changes);
  if (success === undefined) {
    const { code = 0, reason = '' } = session.goAway ?? {};
    throw new Violation([], `GOAWAY ${codeName(code)} (${shown(reason)}) instead of success`);
  }
  if (success.principal !== user.name)
    throw new Violation(['FX-6.3-1'], `the principal is ${JSON.stringify(success.principal)}`);
  await session.barrier();
}

/** Changes the value of an attribute, or drops it. */
const attribute =
  (name: string, change: (old: string) => string | undefined) =>
  (message: string): string =>
    message
      .split(',')
      .flatMap((part) => {
        if (!part.startsWith(`${name}=`)) return [part];
        const value = change(part.slice(2));
        return value === undefined ? [] : [`${name}=${value}`];
      })
      .join(',');

const lastBitChanged = (bytes: Buffer): Buffer => {
  const changed = Buffer.from(bytes);
  changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
  return changed;
};

/** SCRAM. */
export const chapter06Scram = casesOf<ServerTrial>((check) => {
  check(
    ['FX-6.3-1', 'FX-6.4-3', 'FX-6.4-1', 'FX-6.4-4'],
    'a user logs in with SCRAM-SHA-256',
    async (trial) => {
      const session = await trial.greeted();
      await expectIn(trial, session, { mechanism: SCRAM, header: 'n,,' });
    },
  );

  check(
    ['FX-6.4-2', 'FX-6.4-3', 'FX-6.4-1'],
    'a user logs in with SCRAM-SHA-256-PLUS, inside TLS',
    async (trial) => {
      trial.needsUser();
      const session = await secure(trial);
      if (session.server.mechanisms?.includes(SCRAM_PLUS) !== true)
        throw new Violation([], `${SCRAM_PLUS} is not offered`);
      await expectIn(trial, session, { mechanism: SCRAM_PLUS });
    },
  );

  check('FX-6.3-1', 'a user logs in on a connection without TLS', async (trial) => {
    const { user } = trial;
    const session = await plain(trial);
    if (session.server.mechanisms?.includes(SCRAM) !== true)
      trial.notApplicable(`this server lets ${user.name} in inside TLS only`);
    await expectIn(trial, session, { mechanism: SCRAM, header: 'n,,' });
  });

  check('FX-6.4-2', 'who could bind the channel, where that is not to be had, gets in', async (trial) => {
    const { user } = trial;
    const session = await plain(trial);
    if (session.server.mechanisms?.includes(SCRAM) !== true)
      trial.notApplicable(`this server lets ${user.name} in inside TLS only`);
    await expectIn(trial, session, { mechanism: SCRAM, header: 'y,,' });
  });

  check('FX-6.4-2', 'a server that offers SCRAM inside TLS offers to bind the channel', async (trial) => {
    const { mechanisms = [] } = (await secure(trial)).server;
    if (!mechanisms.includes(SCRAM) && !mechanisms.includes(SCRAM_PLUS))
      trial.notApplicable('this server knows no users');
    if (!mechanisms.includes(SCRAM_PLUS)) throw new Violation([], `it offers ${mechanisms.join(', ')} only`);
  });

  check('FX-6.4-2', 'without TLS there is no channel to bind', async (trial) => {
    const { mechanisms = [] } = (await plain(trial)).server;
    if (mechanisms.includes(SCRAM_PLUS)) throw new Violation([], `${SCRAM_PLUS} is offered in plaintext`);
  });

  check('FX-6.3-1', "the server's nonce is new each time", async (trial) => {
    const nonces = new Set<string | undefined>();
    for (let i = 0; i < 3; i += 1) {
      const challenge = await (await trial.greeted()).login(trial.user).first();
      nonces.add(challenge?.nonce.slice(24));
    }
    if (nonces.size < 3 || nonces.has(undefined)) throw new Violation([], 'the same nonce came twice');
  });

  // ------------------------------------------------------------------ FX-6.4-6

  const spellings: readonly (readonly [what: string, change: (name: string) => string | undefined])[] = [
    ['a soft hyphen in it', (name) => `${name.slice(0, 1)}\u00ad${name.slice(1)}`],
    ['a joiner after it', (name) => `${name}\u200d`],
    ['letters of full width', wide],
    ['a no-break space', (name) => (name.includes(' ') ? name.replaceAll(' ', '\u00a0') : undefined)],
    ['letters that are decomposed', (name) => name.normalize('NFD')],
  ];
  for (const [what, change] of spellings) {
    check('FX-6.4-6', `a user name that is written with ${what} is the same`, async (trial) => {
      const { name } = trial.user;
      const other = change(name);
      if (other === undefined || other === name)
        return trial.notApplicable('the name of the user cannot be written so');
      const session = await trial.greeted();
      await expectIn(trial, session, { name: escapedName(other) });
    });
  }
  for (const [what, character] of [
    ['a control character', '\u0007'],
    ['a line end', '\n'],
    ['a character for private use', '\ue000'],
    ['an unassigned character', '\u0378'],
    ['a line separator', '\u2028'],
    ['a replacement character', '\ufffd'],
  ] as const) {
    refused('FX-6.4-6', `a user name with ${what}`, ({ user }) => ({
      name: escapedName(user.name) + character,
    }));
  }

  // ------------------------------------------------------------------ FX-6.4-1

  refused('FX-6.4-1', 'no digest of the HELLOs', () => ({ last: attribute('t', () => undefined) }));
  refused('FX-6.4-1', 'an empty digest of the HELLOs', () => ({ last: attribute('t', () => '') }));
  const others: readonly (readonly [what: string, bytes: (client: Buffer, server: Buffer) => Buffer])[] = [
    ['the HELLOs in the other order', (client, server) => Buffer.concat([server, client])],
    ["the client's HELLO alone", (client) => client],
    ["the server's HELLO alone", (_client, server) => server],
    [
      'the HELLOs without their headers',
      (client, server) => Buffer.concat([client.subarray(10), server.subarray(10)]),
    ],
    [
      'a HELLO that was changed',
      (client, server) => Buffer.concat([client, server.subarray(0, -1), Buffer.of(0)]),
    ],
  ];
  for (const [what, bytes] of others) {
    refused('FX-6.4-1', `the digest of ${what}`, ({ session }) => ({
      last: attribute('t', () => hash(bytes(...session.hellos)).toString('base64')),
    }));
  }

  const extensions: readonly (readonly [where: string, changes: LoginChanges])[] = [
    ['in the first message', { first: (bare) => `${bare},x=y` }],
    ['before the digest of the HELLOs', { last: (bare) => bare.replace(',t=', ',x=y,t=') }],
    ['behind the digest of the HELLOs', { last: (bare) => `${bare},x=y` }],
  ];
  for (const [where, changes] of extensions) refused('FX-6.4-1', `an extension ${where}`, () => changes);

  // ------------------------------------------------------------------ FX-6.4-2

  const bindings: readonly (readonly [what: string, changes: LoginChanges])[] = [
    ['that was told of no binding, where it is offered', { mechanism: SCRAM, header: 'y,,' }],
    ['that binds another channel', { bound: Buffer.alloc(32, 7) }],
    ['that binds nothing', { bound: Buffer.alloc(0) }],
    ['that binds no more than a part', { bound: Buffer.alloc(12) }],
    ['that chooses PLUS and says n', { mechanism: SCRAM_PLUS, header: 'n,,' }],
    ['that chooses PLUS and says y', { mechanism: SCRAM_PLUS, header: 'y,,' }],
    ['that binds without PLUS', { mechanism: SCRAM, header: 'p=tls-exporter,,' }],
    ['that binds by tls-unique', { header: 'p=tls-unique,,' }],
    ['that takes its binding back', { last: attribute('c', () => Buffer.from('n,,').toString('base64')) }],
  ];
  for (const [what, changes] of bindings) refused('FX-6.4-2', `a client ${what}`, () => changes, secure);

  refused(
    'FX-6.4-2',
    'a header that is another one in the last message',
    () => ({
      mechanism: SCRAM,
      header: 'n,,',
      last: attribute('c', () => Buffer.from('y,,').toString('base64')),
    }),
    greetedForLogin,
  );

  // ------------------------------------------------------------------ FX-6.4-7

  for (const flag of ['n', 'y', 'p=tls-exporter']) {
    refused(
      'FX-6.4-7',
      `an authorization identity behind ${flag}`,
      ({ user, session }) => ({
        mechanism: flag.startsWith('p') ? SCRAM_PLUS : SCRAM,
        header: `${flag},a=${escapedName(user.name)},`,
        bound: session.transport.exporter ?? Buffer.alloc(0),
      }),
      flag === 'n' ? greetedForLogin : flag === 'y' ? plain : secure,
    );
  }
  refused('FX-6.4-7', 'the authorization identity of somebody else', () => ({
    mechanism: SCRAM,
    header: 'n,a=admin,',
  }));

  // ------------------------------------------------------------------ what is proven

  const wrongs: readonly (readonly [what: string, changes: LoginChanges])[] = [
    ['a proof with one bit changed', { proof: lastBitChanged }],
    ['a proof of zeroes', { proof: (proof) => Buffer.alloc(proof.length) }],
    ['a proof of 31 bytes', { proof: (proof) => proof.subarray(1) }],
    ['an empty proof', { proof: () => Buffer.alloc(0) }],
    ['no proof', { sent: attribute('p', () => undefined) }],
    ['a proof that is no base64', { sent: attribute('p', (proof) => `!${proof.slice(1)}`) }],
    [
      'another nonce',
      { last: attribute('r', (nonce) => `${nonce.slice(0, -1)}${nonce.endsWith('A') ? 'B' : 'A'}`) },
    ],
    ['the nonce of the client alone', { last: attribute('r', (nonce) => nonce.slice(0, 24)) }],
    ['a nonce with something behind it', { last: attribute('r', (nonce) => `${nonce}A`) }],
    ['no nonce', { last: attribute('r', () => undefined) }],
    ['a nonce that was changed after the proof', { sent: attribute('r', (nonce) => `${nonce}A`) }],
    ['an extension that must be understood first', { first: (bare) => `m=ext,${bare}` }],
    ['an extension that must be understood last', { last: (bare) => `${bare},m=ext` }],
    ['something behind the proof', { sent: (message) => `${message},x=y` }],
    ['no name', { first: attribute('n', () => undefined) }],
    ['an empty name', { first: attribute('n', () => '') }],
    ['a name with a comma that is not escaped', { first: attribute('n', (name) => `${name},x`) }],
    ['a name with = that is no escape', { first: attribute('n', (name) => `${name}=2c`) }],
    ['no nonce of its own', { first: attribute('r', () => undefined) }],
    ['a channel binding nobody knows', { header: 'p=x-none,,' }],
    ['no header', { header: '' }],
  ];
  for (const [what, changes] of wrongs) refused('FX-6.3-1', `a login with ${what}`, () => changes);

  check(
    ['FX-6.3-1', 'FX-6.3-3'],
    'the first step of SCRAM without data is refused',
    async (trial) => {
      trial.needsUser();
      const session = await greetedForLogin(trial);
      session.send(frame('AUTH', 0, { mechanism: SCRAM }));
      await session.expectFault('AUTH_FAILED');
    },
    fails,
  );
  check(
    'FX-6.3-1',
    'a first message that is no UTF-8 is refused',
    async (trial) => {
      const session = await greetedForLogin(trial);
      const { data } = session.login(trial.user, { mechanism: SCRAM, header: 'n,,' }).opening;
      const bytes = Buffer.concat([Buffer.from('n,,n=\xff', 'latin1'), (data as Buffer).subarray(5)]);
      session.send(frame('AUTH', 0, { mechanism: SCRAM, data: bytes }));
      await session.expectFault('AUTH_FAILED');
    },
    fails,
  );

  // ------------------------------------------------------------------ steps

  check(
    ['FX-6.3-2', 'FX-6.3-1'],
    'the last message first is refused',
    async (trial) => {
      trial.needsUser();
      const session = await greetedForLogin(trial);
      const proof = randomBytes(32).toString('base64');
      const data = Buffer.from(`c=biws,r=${'a'.repeat(48)},t=${proof},p=${proof}`);
      session.send(frame('AUTH', 0, { mechanism: SCRAM, data }));
      await session.expectFault('AUTH_FAILED');
    },
    fails,
  );
  for (const [what, mechanism] of [
    ['begins again', SCRAM],
    ['goes on as nobody in particular', 'ANONYMOUS'],
  ] as const) {
    check(
      'FX-6.3-2',
      `a client that ${what} instead of its last message is refused`,
      async (trial) => {
        const session = await greetedForLogin(trial);
        const login = session.login(trial.user, { mechanism: SCRAM, header: 'n,,' });
        await login.first();
        session.send(frame('AUTH', 0, mechanism === SCRAM ? login.opening : { mechanism }));
        await session.expectFault('AUTH_FAILED');
      },
      fails,
    );
  }
  check(
    'FX-6.3-2',
    'the first message again, without a mechanism, is refused',
    async (trial) => {
      const session = await greetedForLogin(trial);
      const login = session.login(trial.user, { mechanism: SCRAM, header: 'n,,' });
      await login.first();
      session.send(frame('AUTH', 0, { data: login.opening.data }));
      await session.expectFault('AUTH_FAILED');
    },
    fails,
  );
  check(['FX-6.1-1', 'FX-6.1-2'], 'OPEN instead of the last message is STATE_VIOLATION', async (trial) => {
    const session = await trial.greeted();
    await session.login(trial.user).first();
    session.send(session.opening('list'));
    await session.expectFault('STATE_VIOLATION');
  });
  check('FX-6.1-1', 'AUTH that does not wait for its answer is STATE_VIOLATION', async (trial) => {
    const session = await trial.greeted();
    const auth = frame('AUTH', 0, session.login(trial.user).opening);
    session.send(auth, auth);
    await session.expectFault('STATE_VIOLATION');
  });
  check('FX-6.1-1', 'AUTH once the user is in is STATE_VIOLATION', async (trial) => {
    const session = await trial.greeted();
    const login = session.login(trial.user);
    await login.first();
    await login.last();
    session.send(frame('AUTH', 0, login.opening));
    await session.expectFault('STATE_VIOLATION');
  });

  // ------------------------------------------------------------------ FX-6.4-5

  check('FX-6.4-5', 'a user that there is not has the same salt every time', async (trial) => {
    const { user } = trial;
    const ask = (name: string) => challengeFor(trial, name);
    const [one, other] = [nobody(), nobody()];
    const [first, again, different, known] = [
      await ask(one),
      await ask(one),
      await ask(other),
      await ask(user.name),
    ];
    if (!first.salt.equals(again.salt)) throw new Violation([], 'the salt is another one each time');
    if (first.iterations !== again.iterations) throw new Violation([], 'the iterations change');
    if (first.salt.equals(different.salt))
      throw new Violation([], 'users that there are not have all the same salt');
    if (first.salt.length !== known.salt.length)
      throw new Violation(
        [],
        `the salt of a user that there is not has ${first.salt.length} bytes, not ${known.salt.length}`,
      );
  });

  check('FX-6.4-5', 'a user that there is not has as many iterations as others', async (trial) => {
    const known = await challengeFor(trial, trial.user.name);
    const seen = new Set<number>();
    // Where users have different ones, those that there are not may have them as well, one this and one that.
    for (let i = 0; i < 8 && !seen.has(known.iterations); i += 1)
      seen.add((await challengeFor(trial, nobody())).iterations);
    if (!seen.has(known.iterations))
      throw new Violation(
        [],
        `they have ${[...seen].join(', ')}, and ${trial.user.name} has ${known.iterations}`,
      );
  });

  check(
    'FX-6.4-5',
    'a wrong passcode and a user that there is not are told the same',
    async (trial) => {
      const { user } = trial;
      const wrong = new Credentials(user.user, `${user.passcode}x`);
      const unknown = new Credentials(nobody(), user.passcode);
      const told: string[] = [];
      for (const credentials of [wrong, unknown]) {
        const session = await greetedForLogin(trial);
        const login = session.login(credentials);
        if ((await login.first()) === undefined)
          throw new Violation(
            [],
            `${credentials === wrong ? 'the user' : 'who there is not'} is refused at once`,
          );
        if ((await login.last()) !== undefined) throw new Violation(['FX-6.3-1'], 'the server lets them in');
        const { code, reason } = await session.expectFault('AUTH_FAILED');
        told.push(`${code} ${reason}`);
      }
      if (told[0] !== told[1]) throw new Violation([], `${told[0]}, and ${told[1]}`);
    },
    fails,
  );

  function refused(
    rule: string,
    what: string,
    changes: (of: { user: Credentials; session: ClientSession }) => LoginChanges,
    connect: (trial: ServerTrial) => Promise<ClientSession> = greetedForLogin,
  ): void {
    check(
      rule,
      `${what} is refused`,
      async (trial) => {
        const { user } = trial;
        const session = await connect(trial);
        await expectRefused(trial, session, changes({ user, session }));
      },
      fails,
    );
  }
});

async function challengeFor(trial: ServerTrial, name: string) {
  const session = await trial.greeted();
  const challenge = await session.login(new Credentials(name, 'x')).first();
  session.transport.end();
  if (challenge === undefined) throw new Violation([], 'who asks for a challenge gets none');
  return challenge;
}

/** Letters of ASCII in their full width; undefined where there are none. */
function wide(name: string): string | undefined {
  return /[a-z]/i.test(name)
    ? name.replaceAll(/[a-z]/gi, (letter) => String.fromCodePoint((letter.codePointAt(0) as number) + 0xfee0))
    : undefined;
}
