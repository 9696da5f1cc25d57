import { bounds as serverBounds } from '../../bounds.js';
import { frame } from '../../wire/encode.js';
import { clientCasesOf } from './client-case.js';
import { list } from './endings.js';

/** Signs of life. */
export const chapter18 = clientCasesOf((check) => {
  check('ls', 'FX-18.1-1', 'a PING is answered with its own token', async (trial) => {
    const { session, stream } = await trial.opened();
    await session.barrier();
    await list(trial, session, stream);
  });

  check('ls', ['FX-18.1-4', 'FX-18.1-1'], '32 PINGs at once are answered in order', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(...Array.from({ length: 31 }, () => session.pingBytes()));
    await session.barrier();
    await list(trial, session, stream);
  });

  for (const [title, token] of [
    ['that answers no PING', 1],
    ['with the greatest token', Number.MAX_SAFE_INTEGER],
  ] as const) {
    check('ls', 'FX-18.1-2', `a PONG ${title} is a STATE_VIOLATION`, async (trial) => {
      const { session } = await trial.opened();
      session.send(frame('PONG', 0, { token }));
      await trial.expectFault(session, 'STATE_VIOLATION');
    });
  }

  check(
    'ls',
    ['FX-18.2-1', 'FX-3.1-5'],
    'a server that never answers HELLO is given up',
    async (trial) => {
      const session = await trial.fresh();
      await session.receive('HELLO');
      await session.transport.until(
        () => session.transport.ended,
        'the end of the transport',
        serverBounds.slowest,
      );
      await trial.expectFailure();
    },
    { slow: true },
  );

  check(
    'ls',
    ['FX-18.2-2', 'FX-18.2-3'],
    'a server that has fallen silent gets a PING, and is given up',
    async (trial) => {
      const { session } = await trial.opened();
      session.answersPings = false;
      await session.transport.until(() => session.hears('PING'), 'a PING', serverBounds.slowest);
      // Any byte is a sign of life: the client begins to wait anew.
      session.send(frame('CREDIT', 0, { limit: 1 }));
      await session.transport.until(() => session.hears('GOAWAY'), 'GOAWAY TIMEOUT', serverBounds.slowest);
      await trial.expectFault(session, 'TIMEOUT');
    },
    { slow: true },
  );
});
