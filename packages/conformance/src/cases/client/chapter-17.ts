import { content } from '../../wire/bytes.js';
import { frame } from '../../wire/encode.js';
import { header, rawFrame } from '../../wire/frame.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { give, list, someEntries, take } from './endings.js';

const unknownFrame = header(0, 0x7f, 0);

/** Faults and the end of a connection. */
export const chapter17 = clientCasesOf((check) => {
  check('ls', ['FX-17.1-1', 'FX-17.1-2'], 'nothing that comes after a fault is acted on', async (trial) => {
    const { session } = await trial.opened();
    session.send(unknownFrame, session.pingBytes(), session.goAwayBytes(), session.pingBytes());
    await trial.expectFault(session, 'FRAME_UNKNOWN');
  });

  check('ls', 'FX-17.1-2', 'what came before a fault in the same read was acted on', async (trial) => {
    const { session } = await trial.opened();
    session.send(session.pingBytes(), unknownFrame);
    await session.receiveAny(['PONG', 'GOAWAY']).then((came) => {
      if (came.name === 'GOAWAY') throw new Violation([], 'the PING before the fault was not answered');
    });
    await trial.expectFault(session, 'FRAME_UNKNOWN');
  });

  check('ls', 'FX-17.1-2', 'the first fault is the one that is told', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(
      unknownFrame,
      header(0xffff_ffff, 0x09, stream),
      rawFrame(0x0c, 0, Buffer.alloc(0), { flags: 1 }),
    );
    await trial.expectFault(session, 'FRAME_UNKNOWN');
  });

  for (const code of [
    'INTERNAL',
    'STATE_VIOLATION',
    'SHUTTING_DOWN',
    'TIMEOUT',
    'RATE_LIMITED',
    'CANCELLED',
  ]) {
    check('ls', ['FX-17.1-5', 'FX-17.2-1'], `GOAWAY ${code} is not answered`, async (trial) => {
      const { session } = await trial.opened();
      session.send(session.goAwayBytes(code));
      await session.expectNoAnswer('FX-17.1-5');
      await trial.expectFailure();
    });
  }

  check('put', ['FX-17.1-5', 'FX-17.2-1'], 'GOAWAY while the client sends', async (trial) => {
    const { session } = await trial.opened({ streamWindow: 8192 }, { file: content(60_000) });
    await session.untilBlocked(8192);
    session.send(session.goAwayBytes('NO_SPACE'));
    await session.expectNoAnswer('FX-17.1-5');
    await trial.expectFailure();
  });

  check('ls', ['FX-17.1-5', 'FX-17.2-6'], 'GOAWAY OK before the connection is open', async (trial) => {
    const session = await trial.fresh();
    await session.authenticating();
    session.send(session.goAwayBytes());
    await session.expectNoAnswer('FX-17.1-5');
    await trial.expectFailure();
  });

  // ------------------------------------------------------------------ graceful

  check('ls', ['FX-17.2-2', 'FX-17.2-4'], 'a listing that runs may finish after GOAWAY OK', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(session.goAwayBytes());
    await session.barrier();
    session.mayOpen = false;
    await list(trial, session, stream);
  });

  check(
    'put',
    ['FX-17.2-2', 'FX-17.2-4'],
    'an upload that runs may finish after GOAWAY OK',
    async (trial) => {
      const { session, stream } = await trial.opened({ streamWindow: 8192 }, { file: content(60_000) });
      await session.untilBlocked(8192);
      session.send(session.goAwayBytes());
      await session.barrier();
      session.mayOpen = false;
      session.credit(stream, 60_000);
      await take(trial, session, stream);
    },
  );

  check(
    'get',
    ['FX-17.2-2', 'FX-17.2-4'],
    'a download that runs may finish after GOAWAY OK',
    async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(session.goAwayBytes());
      await session.barrier();
      session.mayOpen = false;
      await give(trial, session, stream);
    },
  );

  check('ls', 'FX-17.2-2', 'GOAWAY OK twice', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(session.goAwayBytes(), session.goAwayBytes());
    await session.barrier();
    session.mayOpen = false;
    await list(trial, session, stream);
  });

  check('tree', 'FX-17.2-3', 'no stream is opened after GOAWAY OK', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(session.goAwayBytes());
    await session.barrier();
    session.mayOpen = false;
    session.serveListing(stream, [{ path: 'a', kind: 'file', size: trial.file.length, mtime: 0 }]);
    await session.expectEnd();
    await trial.expectFailure();
  });

  check('get', ['FX-17.2-3', 'FX-7.3-2'], 'an OPEN is answered with SHUTTING_DOWN', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(session.goAwayBytes('OK', { lastStream: 0 }));
    session.refuse(stream, 'SHUTTING_DOWN', { retry: true });
    session.mayOpen = false;
    await session.expectEnd();
    await trial.expectNoFile('FX-17.2-3');
  });

  check('put', 'FX-17.2-5', 'an upload that the server has never seen', async (trial) => {
    const { session, stream } = await trial.opened();
    await session.ended(stream);
    session.send(session.goAwayBytes('OK', { lastStream: 0 }));
    session.transport.end();
    await trial.expectFailure();
  });

  check('ls', 'FX-17.2-4', 'the client ends the transport when it is done', async (trial) => {
    const { session, stream } = await trial.opened();
    session.entries(stream, someEntries);
    session.result(stream, { effect: 'none' });
    await session.expectEnd();
    if (session.transport.reset) throw new Violation([], 'the transport was reset, and not ended');
    await trial.expectSuccess();
  });

  // ------------------------------------------------------------------ the transport

  check('ls', 'FX-17.3-1', 'GOAWAY arrives, though the server is in the middle of a flood', async (trial) => {
    const { session, stream } = await trial.opened();
    const junk = rawFrame(0xf0, 0, Buffer.alloc(65_536));
    session.send(frame('ACK', stream, { offset: 0 }), ...Array.from({ length: 32 }, () => junk));
    await trial.expectFault(session, 'STATE_VIOLATION');
    if (session.transport.reset)
      throw new Violation([], 'the transport was reset while there was more to read');
  });

  for (const [what, verb] of [
    ['a listing', 'ls'],
    ['an upload', 'put'],
  ] as const) {
    check(verb, ['FX-17.3-2', 'FX-7.3-4'], `the transport ends before ${what} does`, async (trial) => {
      const { session } = await trial.opened();
      session.transport.end();
      await session.expectEnd();
      await trial.expectFailure();
    });
    check(verb, ['FX-17.3-2', 'FX-7.3-4'], `the transport is reset before ${what} ends`, async (trial) => {
      const { session } = await trial.opened();
      session.transport.resetNow();
      await trial.expectFailure();
    });
  }

  check('ls', 'FX-17.3-2', 'the transport ends in the middle of the handshake', async (trial) => {
    const session = await trial.fresh();
    await session.greeting();
    session.transport.end();
    await session.expectEnd();
    await trial.expectFailure();
  });

  check('ls', 'FX-17.1-4', 'a fault ends one connection: the next is as good as any', async (trial) => {
    const one = await trial.opened();
    one.session.send(unknownFrame);
    await trial.expectFault(one.session, 'FRAME_UNKNOWN');
    const two = await trial.anew();
    await list(trial, two.session, two.stream);
  });
});
