import { bounds } from '../../bounds.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { codeName } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { frame } from '../../wire/encode.js';
import { PREFACE, rawFrame } from '../../wire/frame.js';
import { Violation } from '../../wire/violation.js';
import { startUpload } from './situations.js';

/** Signs of life. */
export const chapter18 = casesOf<ServerTrial>((check) => {
  check('FX-18.1-1', 'a PING is answered with its own token', async (trial) => {
    const session = await trial.session();
    for (const token of [0, 1, 2 ** 32, 2 ** 53 - 1]) {
      session.pingWith(token);
      await session.receive('PONG');
    }
  });
  check('FX-18.1-1', 'the same token again is answered again', async (trial) => {
    const session = await trial.session();
    for (let i = 0; i < 3; i += 1) session.pingWith(7);
    for (let i = 0; i < 3; i += 1) await session.receive('PONG');
  });
  check(['FX-18.1-1', 'FX-18.1-4'], '32 PINGs at once are answered in order', async (trial) => {
    const session = await trial.session();
    session.send(...Array.from({ length: 32 }, () => session.pingBytes()));
    for (let i = 0; i < 32; i += 1) await session.receive('PONG');
  });
  check(
    ['FX-18.1-1', 'FX-18.1-4'],
    'PING is answered while an upload runs and while draining',
    async (trial) => {
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.data(stream, content(1000));
      await session.barrier();
      session.goodbye();
      await session.barrier();
    },
  );
  check('FX-18.1-1', 'PING is answered while a download waits for credit', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ streamWindow: 8192, connectionWindow: 8192 });
    await session.upload(path, content(50_000));
    const stream = session.open('download', { path });
    await session.receive('DATA', stream);
    await session.barrier();
  });
  check('FX-18.1-4', 'a flood of PINGs that nobody reads is answered, or RATE_LIMITED', async (trial) => {
    const session = await trial.session();
    // Made before the first is sent: making them takes a small machine so long that the server could have
    // answered, waited for an end of ours, and ended the transport before we read.
    const flood = Buffer.concat(Array.from({ length: 100_000 }, () => session.pingBytes()));
    session.transport.pause();
    session.send(flood);
    await session.transport.listen(bounds.silence);
    session.transport.resume();
    for (let i = 0; i < 100_000; i += 1) {
      const came = await session.receiveAny(['PONG', 'GOAWAY']);
      if (came.name !== 'GOAWAY') continue;
      const code = codeName(came.message.code);
      if (code !== 'RATE_LIMITED') throw new Violation([], `GOAWAY ${code}`);
      return;
    }
  });

  check('FX-18.1-2', 'a PONG that nobody asked for is STATE_VIOLATION', async (trial) => {
    const session = await trial.session();
    session.send(frame('PONG', 0, { token: 1 }));
    await session.expectFault('STATE_VIOLATION');
  });

  const waits = { slow: true } as const;
  for (const [what, first] of [
    ['says nothing', Buffer.alloc(0)],
    ['sends the preface only', PREFACE],
  ] as const) {
    check(
      ['FX-18.2-1', 'FX-3.1-5'],
      `a connection that ${what} is ended after the handshake timeout`,
      async (trial) => {
        const session = await trial.fresh();
        session.send(first);
        await session.transport.untilEnd('the end of the handshake timeout', bounds.slowest);
        const { goAway } = session;
        if (goAway !== undefined && codeName(goAway.code) !== 'TIMEOUT')
          throw new Violation([], `GOAWAY ${codeName(goAway.code)}`);
      },
      waits,
    );
  }
  check(
    'FX-18.2-1',
    'frames that mean nothing do not make the handshake longer',
    async (trial) => {
      const session = await trial.greeted();
      const end = performance.now() + bounds.slowest;
      while (!session.transport.ended && performance.now() < end) {
        session.send(rawFrame(0xf0, 0, Buffer.alloc(0)));
        await session.transport.listen(500);
      }
      if (!session.transport.ended) throw new Violation([], `it lasted ${bounds.slowest} ms`);
    },
    waits,
  );
  check(
    'FX-18.2-2',
    'a silent client is sent PING, and given up when it does not answer',
    async (trial) => {
      const session = await trial.session();
      session.answersPings = false;
      await session.transport.untilEnd('the end after the keepalive', bounds.slowest);
      session.check();
      const { goAway } = session;
      if (goAway !== undefined && codeName(goAway.code) !== 'TIMEOUT')
        throw new Violation([], `GOAWAY ${codeName(goAway.code)}`);
      if (session.pingsHeard === 0) throw new Violation([], 'no PING came before');
    },
    waits,
  );
  check(
    ['FX-18.2-3', 'FX-18.1-3'],
    'any byte is a sign of life',
    async (trial) => {
      const session = await trial.session();
      session.answersPings = false;
      const end = performance.now() + bounds.slowest / 2;
      while (performance.now() < end) {
        session.send(rawFrame(0xf0, 0, Buffer.alloc(0)));
        await session.transport.listen(1000);
        session.check();
        if (session.transport.ended) throw new Violation([], 'the server gave up');
      }
      if (session.pingsHeard > 32) throw new Violation(['FX-18.1-3'], `${session.pingsHeard} PINGs came`);
    },
    waits,
  );
});
