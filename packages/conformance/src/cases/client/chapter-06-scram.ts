import { randomBytes } from 'node:crypto';
import { Credentials } from '../../login/credentials.js';
import { SCRAM, SCRAM_PLUS } from '../../login/scram.js';
import type { ChallengeParts } from '../../login/witness.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import {
  allMechanisms,
  begun,
  begunInPlaintext,
  expectDistrust,
  expectGivenUp,
  greeted,
  letIn,
  proven,
  somebody,
} from './logins.js';

const login = { needs: 'login' } as const;
const variation = { needs: 'login', variation: true } as const;

/** SCRAM. */
export const chapter06Scram = clientCasesOf((check) => {
  check(
    'ls',
    ['FX-6.4-1', 'FX-6.4-2', 'FX-6.4-7', 'FX-6.3-1', 'FX-6.3-2'],
    'a user logs in',
    async (trial) => letIn(trial, await begun(trial)),
    login,
  );

  check(
    'ls',
    ['FX-6.4-2', 'FX-6.4-1'],
    'a client that binds the channel says when it was not offered',
    async (trial) => {
      const bound = await begun(trial, { mechanisms: ['ANONYMOUS', SCRAM, SCRAM_PLUS] });
      const { flag } = bound.witness;
      if (flag === 'y') throw new Violation([], `the client could, and does not choose ${SCRAM_PLUS}`);
      await letIn(trial, bound);
      if (flag !== 'p') trial.notApplicable('this client cannot bind the channel');
      trial.takeMore();
      const hidden = await begun(trial, { mechanisms: [SCRAM, 'ANONYMOUS'] });
      if (hidden.witness.flag !== 'y')
        throw new Violation(
          [],
          `the client says "${hidden.witness.flag}", as if it could not bind the channel`,
        );
      await letIn(trial, hidden);
    },
    login,
  );

  check(
    'ls',
    'FX-6.4-2',
    'a server that lets in by SCRAM-SHA-256-PLUS only',
    async (trial) => {
      const bound = await begun(trial);
      await letIn(trial, bound);
      if (bound.witness.flag !== 'p') trial.notApplicable('this client cannot bind the channel');
      trial.takeMore();
      await letIn(trial, await begun(trial, { mechanisms: [SCRAM_PLUS] }));
    },
    login,
  );

  check(
    'ls',
    ['FX-6.4-1', 'FX-6.4-2'],
    'a user logs in on a connection without TLS',
    async (trial) => {
      const session = await begunInPlaintext(trial);
      if (session.witness.flag === 'p') throw new Violation([], 'there is no channel to bind');
      await letIn(trial, session);
    },
    login,
  );

  check(
    'ls',
    ['FX-6.4-3', 'FX-6.1-2'],
    'a client waits for success after it has proven who it is',
    async (trial) => {
      const session = await begun(trial);
      const data = await proven(session);
      await session.session.expectSilence();
      session.session.admit({ data, principal: somebody.name });
      await session.session.opened('list');
    },
    login,
  );

  check(
    'ls',
    'FX-6.3-1',
    'the nonce of SCRAM is new each time',
    async (trial) => {
      const nonces: string[] = [];
      for (let i = 0; i < 2; i += 1) {
        const session = await begun(trial);
        session.witness.challenge(({ client }) => {
          nonces.push(client);
          return '';
        });
        session.session.transport.destroy();
        await trial.ending();
        trial.takeMore();
      }
      if (nonces[0] === nonces[1]) throw new Violation([], 'the same nonce came twice');
    },
    login,
  );

  // ------------------------------------------------------------------ FX-6.4-6

  const spelled: readonly (readonly [what: string, user: string, passcode: string])[] = [
    ['a passcode with a no-break space', 'ann', 'correct\u00a0horse'],
    ['a passcode with a ligature', 'ann', '\ufb01sh and ch\u2170ps'],
    ['a passcode with letters of full width', 'ann', '\uff50\uff41\uff53\uff53'],
    ['a passcode with a letter that is decomposed', 'ann', 'cafe\u0301'],
    ['a passcode with a soft hyphen', 'ann', 'pass\u00adcode'],
    ['a passcode with an ideographic space', 'ann', 'pass\u3000code'],
    ['a passcode beyond the first plane', 'ann', '\u{1f511} \u{1f40e}'],
    ['a passcode that begins and ends with spaces', 'ann', ' pass '],
    ['a name with a soft hyphen', 'an\u00adn', 'pass'],
    ['a name with a letter that is decomposed', 'jo\u0308rg', 'pass'],
    ['a name with a no-break space', 'ann\u00a0b', 'pass'],
    ['a name with a comma and an equals sign', 'ann=b,c', 'pass'],
    ['a name with what looks like an escape', 'ann=2Cb', 'pass'],
  ];
  for (const [what, user, passcode] of spelled) {
    check(
      'ls',
      'FX-6.4-6',
      `${what} is prepared before it is used`,
      async (trial) => letIn(trial, await begun(trial, { user: new Credentials(user, passcode) })),
      what.includes('no-break') || what.includes('ligature') ? login : variation,
    );
  }

  const refused: readonly (readonly [what: string, user: string, passcode: string])[] = [
    ['a passcode with a control character', 'ann', 'pass\u0007word'],
    ['a passcode with an unassigned character', 'ann', 'pass\u0378word'],
    ['a passcode with a character for private use', 'ann', 'pass\ue000word'],
    ['a passcode with a line separator', 'ann', 'pass\u2028word'],
    ['a passcode with a replacement character', 'ann', 'pass\ufffdword'],
    ['a passcode of nothing that is shown', 'ann', '\u00ad\u200d'],
    ['a name with a control character', 'an\u0007n', 'pass'],
    ['a name with a character for private use', 'an\ue000n', 'pass'],
  ];
  for (const [what, user, passcode] of refused) {
    check(
      'ls',
      'FX-6.4-6',
      `${what} is refused`,
      async (trial) => {
        // With what a client would make of it that left such characters out.
        const left = new Credentials(user.replaceAll(/[^a-z]/g, ''), passcode.replaceAll(/[^a-z]/g, ''));
        await trial.start({ tls: {}, user: new Credentials(user, passcode) });
        const transport = await trial.dialledOrNot();
        if (transport !== undefined) {
          const session = trial.over(transport);
          await session.greeting({ mechanisms: allMechanisms });
          const witness = session.witness(left);
          const ended = (): boolean => session.hears('GOAWAY') || session.transport.ended;
          await session.transport.until(() => session.hears('AUTH') || ended(), 'AUTH, or the end');
          if (session.hears('AUTH')) {
            if (left.user !== user) throw new Violation([], 'the client logs in with that name');
            witness.first((await session.receive('AUTH')).message);
            session.ask(witness.challenge());
            await session.transport.until(() => session.hears('AUTH') || ended(), 'AUTH, or the end');
            if (session.hears('AUTH')) throw new Violation([], 'the client logs in with that passcode');
          }
        }
        await trial.expectFailure();
      },
      what.endsWith('control character') ? login : variation,
    );
  }

  // ------------------------------------------------------------------ FX-6.4-4

  for (const iterations of ['4095', '1', '0', '-4096']) {
    check(
      'ls',
      'FX-6.4-4',
      `a server that asks for ${iterations} iterations`,
      async (trial) =>
        expectDistrust(
          trial,
          await begun(trial),
          ({ nonce, salt }) => `r=${nonce},s=${salt},i=${iterations}`,
        ),
      iterations === '4095' ? login : variation,
    );
  }
  for (const iterations of ['10000001', '4294967297']) {
    check(
      'ls',
      'FX-6.4-4',
      `a server that asks for ${iterations} iterations`,
      async (trial) =>
        expectDistrust(
          trial,
          await begun(trial),
          ({ nonce, salt }) => `r=${nonce},s=${salt},i=${iterations}`,
        ),
      login,
    );
  }

  // ------------------------------------------------------------------ what a server may not ask

  const challenges: readonly (readonly [what: string, change: (parts: ChallengeParts) => string])[] = [
    ['another nonce', ({ salt }) => `r=${randomBytes(36).toString('base64')},s=${salt},i=4096`],
    ["a part of the client's nonce", ({ client, salt }) => `r=${client.slice(0, -1)},s=${salt},i=4096`],
    ["the client's nonce behind its own", ({ client, salt }) => `r=abc${client},s=${salt},i=4096`],
    ['no nonce', ({ salt }) => `s=${salt},i=4096`],
    ['no salt', ({ nonce }) => `r=${nonce},i=4096`],
    ['a salt that is no base64', ({ nonce }) => `r=${nonce},s=%%%%,i=4096`],
    ['no iterations', ({ nonce, salt }) => `r=${nonce},s=${salt}`],
    ['iterations that are no number', ({ nonce, salt }) => `r=${nonce},s=${salt},i=many`],
    ['an extension that must be understood', ({ nonce, salt }) => `m=ext,r=${nonce},s=${salt},i=4096`],
    ['an error', () => 'e=other-error'],
    ['nothing', () => ''],
    ['no text', () => '\u0000\u0001'],
  ];
  for (const [what, change] of challenges) {
    check(
      'ls',
      'FX-6.3-5',
      `a server that answers the first message with ${what}`,
      async (trial) => expectDistrust(trial, await begun(trial), change),
      ['another nonce', 'no salt'].includes(what) ? login : variation,
    );
  }
  check(
    'ls',
    'FX-6.4-1',
    'a server that answers the first message with an extension',
    async (trial) =>
      expectDistrust(trial, await begun(trial), ({ nonce, salt }) => `r=${nonce},s=${salt},i=4096,x=y`),
    login,
  );
  check(
    'ls',
    'FX-6.4-1',
    'success with an extension',
    async (trial) => {
      const session = await begun(trial);
      const data = Buffer.concat([await proven(session), Buffer.from(',x=y')]);
      session.session.admit({ data, principal: somebody.name });
      await expectGivenUp(trial, session.session);
    },
    login,
  );
  check(
    'ls',
    'FX-6.4-4',
    "a server that adds nothing to the client's nonce",
    async (trial) =>
      expectDistrust(trial, await begun(trial), ({ client, salt }) => `r=${client},s=${salt},i=4096`),
    login,
  );
  check(
    'ls',
    'FX-6.3-5',
    'a server that asks once more after the last message',
    async (trial) => {
      const session = await begun(trial);
      session.session.ask(await proven(session));
      await expectGivenUp(trial, session.session);
    },
    login,
  );

  // ------------------------------------------------------------------ FX-6.4-3

  const signatures: readonly (readonly [what: string, change: (signature: Buffer) => Buffer | undefined])[] =
    [
      ['no data', () => undefined],
      ['empty data', () => Buffer.alloc(0)],
      ['a signature of zeroes', () => Buffer.from(`v=${Buffer.alloc(32).toString('base64')}`)],
      ['a signature with one bit changed', oneBitChanged],
      [
        'a part of the signature',
        (v) => Buffer.from(`v=${signatureIn(v).subarray(0, 16).toString('base64')}`),
      ],
      ['an empty signature', () => Buffer.from('v=')],
      ['an error', () => Buffer.from('e=invalid-proof')],
      ['a signature that is no base64', (v) => Buffer.from(v.toString().replace('v=', 'v=!'))],
      ['a signature without its name', (v) => v.subarray(2)],
    ];
  for (const [what, change] of signatures) {
    check(
      'ls',
      'FX-6.4-3',
      `success with ${what}`,
      async (trial) => {
        const session = await begun(trial);
        session.session.admit({ data: change(await proven(session)), principal: somebody.name });
        await expectGivenUp(trial, session.session);
      },
      ['no data', 'a signature with one bit changed'].includes(what) ? login : variation,
    );
  }
  for (const [what, data] of [
    ['without a proof', undefined],
    ['with some signature', Buffer.from(`v=${randomBytes(32).toString('base64')}`)],
  ] as const) {
    check(
      'ls',
      'FX-6.4-3',
      `success ${what}, before the client was asked for one`,
      async (trial) => {
        const { session } = await begun(trial);
        session.admit({ data, principal: somebody.name });
        await expectGivenUp(trial, session);
      },
      login,
    );
  }

  // ------------------------------------------------------------------ FX-6.3-5

  for (const mechanisms of [['ANONYMOUS'], [], ['PLAIN', 'ANONYMOUS'], ['SCRAM-SHA-1', 'scram-sha-256']]) {
    check(
      'ls',
      'FX-6.3-5',
      `a user where ${mechanisms.join(' and ') || 'nothing'} is offered`,
      async (trial) => {
        const { session } = await greeted(trial, { mechanisms });
        await session.transport.until(
          () => session.hears('AUTH') || session.hears('GOAWAY') || session.transport.ended,
          'AUTH, GOAWAY or the end',
        );
        if (session.hears('AUTH')) {
          const { mechanism } = (await session.receive('AUTH')).message;
          throw new Violation([], `the client falls back to ${mechanism}`);
        }
        await expectGivenUp(trial, session);
      },
      mechanisms[0] === 'ANONYMOUS' ? login : variation,
    );
  }

  check(
    'ls',
    ['FX-6.3-5', 'FX-6.3-1'],
    'a passcode that is wrong does not make the client come as nobody',
    async (trial) => {
      const { session } = await begun(trial);
      session.send(session.goAwayBytes('AUTH_FAILED'));
      await session.expectNoAnswer('FX-17.1-5');
      await trial.expectFailure();
      if (trial.connections > 1) throw new Violation([], 'the client connects again');
    },
    login,
  );
});

function signatureIn(message: Buffer): Buffer {
  return Buffer.from(message.subarray(2).toString(), 'base64');
}

function oneBitChanged(message: Buffer): Buffer {
  const signature = signatureIn(message);
  signature[0] = (signature[0] as number) ^ 1;
  return Buffer.from(`v=${signature.toString('base64')}`);
}
