import type { ServerTrial } from '../../session/server-trial.js';
import { specification } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { dataFrame, frame } from '../../wire/encode.js';
import { PREFACE } from '../../wire/frame.js';
import type { Loose } from '../../wire/messages.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { greetedForLogin } from './logins.js';
import { startUpload } from './situations.js';

const open = frame('OPEN', 1, { operation: 4, operationId: Buffer.alloc(16, 7) });
const auth = frame('AUTH', 0, { mechanism: 'ANONYMOUS' });

/** What is no business of a connection that is not open. */
const early: readonly (readonly [string, Buffer])[] = [
  ['OPEN', open],
  ['DATA', dataFrame(1, Buffer.from('x'))],
  ['END', frame('END', 1, { length: 0, digest: treeDigest(Buffer.alloc(0)) })],
  ['RESET', frame('RESET', 1, { code: 0x20, finalOffset: 0 })],
  ['CREDIT', frame('CREDIT', 0, { limit: 1 })],
  ['PING', frame('PING', 0, { token: 1 })],
  ['PONG', frame('PONG', 0, { token: 1 })],
];

const floors: Readonly<Record<string, string>> = {
  maxDataPayload: 'maxDataPayload',
  maxStreams: 'maxStreams',
  streamWindow: 'initialStreamWindow',
  connectionWindow: 'initialConnectionWindow',
};

/** The connection: states, HELLO, authentication. */
export const chapter06 = casesOf<ServerTrial>((check) => {
  for (const [name, bytes] of [...early, ['AUTH', auth] as const]) {
    check('FX-6.1-1', `${name} before HELLO is STATE_VIOLATION`, async (trial) => {
      const session = await trial.fresh();
      session.send(PREFACE, bytes);
      await session.expectFault('STATE_VIOLATION');
    });
  }
  for (const [name, bytes] of early) {
    check(['FX-6.1-1', 'FX-6.1-2'], `${name} before AUTH is STATE_VIOLATION`, async (trial) => {
      const session = await trial.greeted();
      session.send(bytes);
      await session.expectFault('STATE_VIOLATION');
    });
  }
  check('FX-6.1-1', 'HELLO twice is STATE_VIOLATION', async (trial) => {
    const session = await trial.greeted();
    session.send(session.helloBytes());
    await session.expectFault('STATE_VIOLATION');
  });
  check('FX-6.1-1', 'HELLO once the connection is open is STATE_VIOLATION', async (trial) => {
    const session = await trial.session();
    session.send(session.helloBytes());
    await session.expectFault('STATE_VIOLATION');
  });
  check('FX-6.1-1', 'AUTH once the connection is open is STATE_VIOLATION', async (trial) => {
    const session = await trial.session();
    session.send(auth);
    await session.expectFault('STATE_VIOLATION');
  });
  check('FX-6.1-1', 'AUTH while draining is STATE_VIOLATION', async (trial) => {
    const session = await trial.session();
    await startUpload(trial, session);
    session.goodbye();
    session.send(auth);
    await session.expectFault('STATE_VIOLATION');
  });

  const refused: [string, string, Loose<'HELLO'>][] = [
    ['FX-6.2-1', 'no version at all', { versions: [] }],
    ['FX-6.2-1', 'version 2 alone', { versions: [2] }],
    ['FX-6.2-1', 'version 0 alone', { versions: [0] }],
    ['FX-6.2-1', 'versions that nobody knows', { versions: [0x0a0a, 0xfafa, 0xffff] }],
    ['FX-6.2-3', 'no digest at all', { digests: [] }],
    ['FX-6.2-3', 'digests that nobody knows', { digests: [0, 3, 0x1a1a, 0xffff] }],
  ];
  for (const [rule, what, hello] of refused) {
    check(rule, `HELLO with ${what} is VERSION_UNSUPPORTED`, async (trial) => {
      const session = await trial.fresh();
      session.greet(hello);
      await session.expectFault('VERSION_UNSUPPORTED');
    });
  }

  const many: [string, string, Loose<'HELLO'>][] = [
    ['form before versions', 'MESSAGE_MALFORMED', { versions: [], nonce: Buffer.alloc(3) }],
    ['versions before floors', 'VERSION_UNSUPPORTED', { versions: [2], maxStreams: 0 }],
    ['digests before floors', 'VERSION_UNSUPPORTED', { digests: [], streamWindow: 1 }],
  ];
  for (const [what, code, hello] of many) {
    check('FX-6.2-1', `HELLO with several faults is judged in order: ${what}`, async (trial) => {
      const session = await trial.fresh();
      session.greet(hello);
      await session.expectFault(code);
    });
  }

  check('FX-6.2-1', 'the server lists version 1', async (trial) => {
    const { server } = await trial.greeted();
    if (!server.versions.includes(1)) throw new Violation([], `it lists ${server.versions.join(', ')}`);
  });
  check('FX-6.2-2', 'the server lists sha256', async (trial) => {
    const { server } = await trial.greeted();
    if (!server.digests.includes(1)) throw new Violation([], `it lists ${server.digests.join(', ')}`);
  });
  check('FX-6.2-3', 'the first digest of the client that the server has is negotiated', async (trial) => {
    const path = await trial.path('file');
    const file = content(10);
    // blake3 is second, so sha256 is in force whether the server has both or not.
    const session = await trial.session({ digests: [0x2a2a, 1, 2] });
    await session.upload(path, file);
    const { end, accept } = await session.download(path);
    if (accept?.algorithm !== undefined && accept.algorithm !== 'sha256')
      throw new Violation(['FX-9.2-2', 'FX-6.2-3'], `ACCEPT has the algorithm ${accept.algorithm}`);
    if (end?.digest.equals(treeDigest(file)) !== true)
      throw new Violation([], 'the digest in END is not that of sha256');
  });
  check(
    'FX-6.2-3',
    'blake3 alone is negotiated or VERSION_UNSUPPORTED, as the server lists it',
    async (trial) => {
      const listed = trial.facts.hello.digests.includes(2);
      const session = await trial.fresh();
      session.greet({ digests: [2] });
      if (listed) await session.receive('HELLO');
      else await session.expectFault('VERSION_UNSUPPORTED');
    },
  );
  check('FX-6.2-4', 'capabilities that only one end lists change nothing', async (trial) => {
    const session = await trial.session({ capabilities: [1, 2, 3, 0x0a0a] });
    await session.barrier();
  });

  for (const [field, limit] of Object.entries(floors)) {
    const { floor } = specification.limits[limit] as { floor: number };
    check(['FX-6.2-5', 'FX-19.1-2'], `HELLO with ${field} at its floor is taken`, async (trial) => {
      const session = await trial.session({ [field]: floor });
      await session.barrier();
    });
    check('FX-6.2-5', `HELLO with ${field} below its floor is MESSAGE_MALFORMED`, async (trial) => {
      const session = await trial.fresh();
      session.greet({ [field]: floor - 1 });
      await session.expectFault('MESSAGE_MALFORMED');
    });
    check('FX-19.1-2', `HELLO with the greatest ${field} there is is taken`, async (trial) => {
      const session = await trial.session({ [field]: field.endsWith('Window') ? 2 ** 53 - 1 : 2 ** 32 - 1 });
      await session.barrier();
    });
    check(['FX-6.2-5', 'FX-19.1-2'], `the server offers ${field} within its bounds`, async (trial) => {
      const { server } = await trial.greeted();
      const offered = server[field as 'maxStreams'];
      if (offered < floor) throw new Violation([], `it offers ${offered}, less than ${floor}`);
    });
  }

  check('FX-6.2-6', 'the nonce is new for every connection', async (trial) => {
    const sessions = [await trial.greeted(), await trial.greeted(), await trial.greeted()];
    const nonces = new Set(sessions.map(({ server }) => server.nonce.toString('hex')));
    if (nonces.size < 3) throw new Violation([], 'the same nonce came twice');
    if (nonces.has('00'.repeat(32))) throw new Violation([], 'the nonce is zero');
  });
  check('FX-6.2-7', 'the server lists the mechanisms it offers', async (trial) => {
    const { server } = await trial.greeted();
    if ((server.mechanisms ?? []).length === 0) throw new Violation([], 'it lists none');
  });
  check('FX-6.2-8', 'a client without agent, or with a strange one, is treated alike', async (trial) => {
    for (const agent of [undefined, '', '\u001b[31m\r\n', '../../etc']) {
      const session = await trial.session({ agent });
      await session.barrier();
    }
  });

  const grease: [string, Loose<'HELLO'>][] = [
    ['versions', { versions: [0x0a0a, 0xfafa, 1, 0x1a1a, 7] }],
    ['capabilities', { capabilities: [0x0a0a, 0x5a5a, 0xffff, 0, 1] }],
    ['digests', { digests: [0xeaea, 99, 1, 0x0a0a] }],
    ['mechanisms', { mechanisms: ['X-GREASE', '', 'ÄÖ'] }],
    [
      'a thousand of each',
      {
        versions: [...Array.from({ length: 1000 }, (_, i) => i + 2), 1],
        capabilities: Array.from({ length: 1000 }, (_, i) => 0xa0a0 + i),
        digests: [...Array.from({ length: 1000 }, (_, i) => i + 1000), 1],
      },
    ],
  ];
  for (const [what, hello] of grease) {
    check(['FX-6.2-9', 'FX-20.1-4'], `unknown ${what} in HELLO are passed over`, async (trial) => {
      const session = await trial.session(hello);
      await session.barrier();
    });
  }

  check('FX-6.3-1', 'AUTH ANONYMOUS is answered with success and the principal', async (trial) => {
    trial.needsAnonymous();
    const session = await trial.greeted();
    const { principal } = await session.beAnonymous();
    if (principal !== 'anonymous') throw new Violation([], `the principal is ${JSON.stringify(principal)}`);
  });
  const mechanisms: [string, string][] = [
    ['that nobody has', 'X-NONE'],
    ['in small letters', 'anonymous'],
    ['with a space after it', 'ANONYMOUS '],
    ['without a name', ''],
  ];
  const fails = { failsLogin: true } as const;
  for (const [what, mechanism] of mechanisms) {
    check(
      'FX-6.3-3',
      `a mechanism ${what} is AUTH_FAILED`,
      async (trial) => {
        if ((trial.facts.hello.mechanisms ?? []).includes(mechanism))
          trial.notApplicable('this server offers that mechanism');
        const session = await greetedForLogin(trial);
        session.send(frame('AUTH', 0, { mechanism }));
        await session.expectFault('AUTH_FAILED');
      },
      fails,
    );
  }
  check(
    'FX-6.3-3',
    'AUTH that names no mechanism first is AUTH_FAILED',
    async (trial) => {
      const session = await greetedForLogin(trial);
      session.send(frame('AUTH', 0, { data: Buffer.from('x') }));
      await session.expectFault('AUTH_FAILED', 'STATE_VIOLATION', 'MESSAGE_MALFORMED');
    },
    fails,
  );
});
