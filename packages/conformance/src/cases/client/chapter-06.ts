import { codeName, codeNumber } from '../../spec/specification.js';
import { frame } from '../../wire/encode.js';
import { frameType, PREFACE, rawFrame } from '../../wire/frame.js';
import type { Loose } from '../../wire/messages.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { give, list, take } from './endings.js';

/** The connection. */
export const chapter06 = clientCasesOf((check) => {
  // ------------------------------------------------------------------ the table of the connection

  const early: Readonly<Record<string, Buffer>> = {
    AUTH: frame('AUTH', 0, { step: 'success', principal: 'anonymous' }),
    PING: frame('PING', 0, { token: 1 }),
    CREDIT: frame('CREDIT', 0, { limit: 1_000_000 }),
    RESULT: frame('RESULT', 1, { status: 0, effect: 'none' }),
    DATA: rawFrame(frameType('DATA'), 1, Buffer.from('early')),
  };
  for (const [name, bytes] of Object.entries(early)) {
    check('ls', 'FX-6.1-1', `${name} before HELLO`, async (trial) => {
      const session = await trial.fresh();
      await session.receive('HELLO');
      session.send(PREFACE, bytes);
      await trial.expectFault(session, 'STATE_VIOLATION');
    });
    if (name === 'AUTH') continue;
    check('ls', 'FX-6.1-1', `${name} instead of the answer to AUTH`, async (trial) => {
      const session = await trial.fresh();
      await session.authenticating();
      session.send(bytes);
      await trial.expectFault(session, 'STATE_VIOLATION');
    });
  }

  check('ls', 'FX-6.1-1', 'HELLO twice at once', async (trial) => {
    const session = await trial.fresh();
    await session.receive('HELLO');
    const hello = session.helloBytes();
    session.send(PREFACE, hello, hello);
    await trial.expectFault(session, 'STATE_VIOLATION');
  });

  check('ls', 'FX-6.1-1', 'HELLO once more when the connection is open', async (trial) => {
    const { session } = await trial.opened();
    session.send(session.helloBytes());
    await trial.expectFault(session, 'STATE_VIOLATION');
  });

  check('ls', 'FX-6.1-1', 'AUTH success twice', async (trial) => {
    const { session } = await trial.opened();
    session.send(session.admitting());
    await trial.expectFault(session, 'STATE_VIOLATION');
  });

  check('ls', 'FX-6.1-2', 'the client waits for HELLO before AUTH', async (trial) => {
    const session = await trial.fresh();
    await session.receive('HELLO');
    session.send(PREFACE);
    await session.expectSilence();
    session.send(session.helloBytes());
    await session.receive('AUTH');
  });

  check('ls', 'FX-6.1-2', 'the client waits for success before anything else', async (trial) => {
    const session = await trial.fresh();
    await session.authenticating();
    await session.expectSilence();
    session.admit();
    await list(trial, session, (await session.opened('list')).id);
  });

  // ------------------------------------------------------------------ HELLO

  check(
    'ls',
    ['FX-6.2-2', 'FX-6.2-5', 'FX-6.2-7', 'FX-6.2-1'],
    'HELLO of the client is sound',
    async (trial) => {
      const { session, stream } = await trial.opened();
      const { versions, digests, nonce } = session.client;
      if (new Set(versions).size < versions.length || new Set(digests).size < digests.length)
        throw new Violation([], 'HELLO lists something twice');
      if (nonce.every((byte) => byte === nonce[0]))
        throw new Violation(['FX-6.2-6'], 'the nonce is one byte');
      await list(trial, session, stream);
    },
  );

  const grease: Readonly<Record<string, Loose<'HELLO'>>> = {
    versions: { versions: [0x0a0a, 1, 0xfafa] },
    capabilities: { capabilities: [0x0a0a, 0x3a7a, 0xfafa] },
    digests: { digests: [0x0a0a, 1, 0xfafa] },
    mechanisms: { mechanisms: ['X-NOBODY-KNOWS', 'ANONYMOUS', ''] },
    everything: {
      versions: [0xfafa, 1],
      capabilities: [7],
      digests: [0xfafa, 1],
      mechanisms: ['SCRAM-SHA-256', 'ANONYMOUS'],
      agent: '',
    },
    'a thousand of each': {
      versions: [...Array.from({ length: 1000 }, (_, i) => i + 2), 1],
      capabilities: Array.from({ length: 1000 }, (_, i) => i),
      digests: [...Array.from({ length: 1000 }, (_, i) => i + 3), 1],
      mechanisms: [...Array.from({ length: 100 }, (_, i) => `X-${i}`), 'ANONYMOUS'],
    },
  };
  for (const [what, hello] of Object.entries(grease)) {
    check('ls', ['FX-6.2-9', 'FX-20.1-1', 'FX-20.1-4'], `unknown ${what} in HELLO`, async (trial) => {
      const { session, stream } = await trial.opened(hello);
      await list(trial, session, stream);
    });
  }

  check('ls', ['FX-6.2-1', 'FX-20.2-1'], 'a server that speaks another version only', async (trial) => {
    const session = await trial.fresh();
    await session.greeting({ versions: [2, 3] });
    await trial.expectFault(session, 'VERSION_UNSUPPORTED');
  });

  check('ls', 'FX-6.2-1', 'a server that speaks no version', async (trial) => {
    const session = await trial.fresh();
    await session.greeting({ versions: [] });
    await trial.expectFault(session, 'VERSION_UNSUPPORTED');
  });

  for (const [what, digests] of [
    ['another digest only', [0x0a0a]],
    ['no digest', []],
  ] as const) {
    check('ls', 'FX-6.2-3', `a server that can compute ${what}`, async (trial) => {
      const session = await trial.fresh();
      await session.greeting({ digests });
      await trial.expectFault(session, 'VERSION_UNSUPPORTED');
    });
  }

  const floors = { maxDataPayload: 4096, maxStreams: 1, streamWindow: 8192, connectionWindow: 8192 };
  for (const [field, floor] of Object.entries(floors)) {
    for (const value of field === 'maxStreams' ? [0] : [0, floor - 1]) {
      check('ls', 'FX-6.2-5', `${field} of ${value}, below its floor`, async (trial) => {
        const session = await trial.fresh();
        await session.greeting({ [field]: value });
        await trial.expectFault(session, 'MESSAGE_MALFORMED');
      });
    }
  }

  check('put', ['FX-6.2-5', 'FX-19.1-2'], 'a server that takes no more than every floor', async (trial) => {
    const { session, stream } = await trial.opened(floors);
    await take(trial, session, stream);
  });

  check('get', ['FX-6.2-5', 'FX-19.1-2'], 'a server that offers more than every cap', async (trial) => {
    const { session, stream } = await trial.opened({
      maxDataPayload: 0xffff_ffff,
      maxStreams: 0xffff_ffff,
      streamWindow: Number.MAX_SAFE_INTEGER,
      connectionWindow: Number.MAX_SAFE_INTEGER,
    });
    await give(trial, session, stream);
  });

  check('put', 'FX-19.1-2', 'an upload to a server that offers more than every cap', async (trial) => {
    const { session, stream } = await trial.opened({
      maxDataPayload: 0xffff_ffff,
      streamWindow: Number.MAX_SAFE_INTEGER,
      connectionWindow: Number.MAX_SAFE_INTEGER,
    });
    await take(trial, session, stream);
  });

  check(
    'ls',
    ['FX-6.2-6', 'FX-21.1-5', 'FX-7.2-3'],
    'nonce and operation id are new each time',
    async (trial) => {
      const one = await trial.opened();
      await list(trial, one.session, one.stream);
      const two = await trial.anew();
      if (one.session.client.nonce.equals(two.session.client.nonce))
        throw new Violation(['FX-6.2-6'], 'two connections have the same nonce');
      if (one.open.operationId.equals(two.open.operationId))
        throw new Violation(['FX-7.2-3'], 'two requests have the same operation id');
      await list(trial, two.session, two.stream);
    },
  );

  for (const [what, agent] of [
    ['no agent', undefined],
    ['an agent of 128 bytes', 'x'.repeat(128)],
    ['the agent of somebody else', 'OpenSSH_9.6'],
  ] as const) {
    check('ls', 'FX-6.2-8', `a server with ${what}`, async (trial) => {
      const { session, stream } = await trial.opened({ agent });
      await list(trial, session, stream);
    });
  }

  for (const code of ['TOO_MANY_CONNECTIONS', 'PLAINTEXT_REFUSED', 'RATE_LIMITED', 'SHUTTING_DOWN']) {
    check('ls', ['FX-6.2-10', 'FX-17.1-5'], `HELLO is answered with GOAWAY ${code}`, async (trial) => {
      const session = await trial.fresh();
      await session.receive('HELLO');
      session.send(PREFACE, session.goAwayBytes(code));
      await session.expectNoAnswer('FX-17.1-5');
      await trial.expectFailure();
    });
  }

  // ------------------------------------------------------------------ authentication

  for (const mechanisms of [['PLAIN'], ['SCRAM-SHA-256', 'EXTERNAL'], ['anonymous']]) {
    check('ls', ['FX-6.3-5'], `a server that offers ${mechanisms.join(', ')} only`, async (trial) => {
      const session = await trial.fresh();
      await session.greeting({ mechanisms });
      await trial.expectFault(session, 'AUTH_FAILED');
    });
  }

  for (const [what, mechanisms] of [
    ['no mechanism', []],
    ['no list of mechanisms', undefined],
  ] as const) {
    check('ls', 'FX-6.3-5', `a server that offers ${what}`, async (trial) => {
      const session = await trial.fresh();
      await session.receive('HELLO');
      session.greet({ mechanisms });
      await trial.expectFault(session, 'AUTH_FAILED');
    });
  }

  check('ls', ['FX-6.3-1', 'FX-17.1-5'], 'AUTH_FAILED', async (trial) => {
    const session = await trial.fresh();
    await session.authenticating();
    session.send(session.goAwayBytes('AUTH_FAILED'));
    await session.expectNoAnswer('FX-17.1-5');
    await trial.expectFailure();
  });

  check('ls', 'FX-6.3-2', 'a server that asks for another step', async (trial) => {
    const session = await trial.fresh();
    await session.authenticating();
    session.send(frame('AUTH', 0, { step: 'continue', data: Buffer.from('who?') }));
    const came = await session.receiveAny(['AUTH', 'GOAWAY']);
    if (came.name === 'GOAWAY' && came.message.code !== codeNumber('AUTH_FAILED'))
      throw new Violation([], `GOAWAY ${codeName(came.message.code)}, which is a step that may be asked for`);
    if (came.name === 'GOAWAY') {
      await session.expectEnd();
      await trial.expectFailure();
      return;
    }
    session.admit();
    await list(trial, session, (await session.opened('list')).id);
  });

  check('ls', 'FX-6.3-4', 'AUTH of a server without "step"', async (trial) => {
    const session = await trial.fresh();
    await session.authenticating();
    session.send(frame('AUTH', 0, { principal: 'anonymous' }));
    await trial.expectFault(session, 'MESSAGE_MALFORMED');
  });

  check('ls', 'FX-6.3-1', 'success without a principal, with data', async (trial) => {
    const session = await trial.fresh();
    await session.authenticating();
    session.admit({ principal: undefined, data: Buffer.alloc(4096, 1) });
    await list(trial, session, (await session.opened('list')).id);
  });
});
