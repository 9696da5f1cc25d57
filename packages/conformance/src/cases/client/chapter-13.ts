import { bounds } from '../../client/bounds.js';
import { content, u64 } from '../../wire/bytes.js';
import { encode, frame } from '../../wire/encode.js';
import { frameType, header, rawFrame } from '../../wire/frame.js';
import type { Entry } from '../../wire/messages.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { list, take } from './endings.js';

const large = content(100_000);

/** A page of about that many bytes. */
const page = (bytes: number, name: string): Entry[] =>
  Array.from({ length: Math.floor(bytes / 250) }, (_, i) => ({
    path: `${name}-${i}-`.padEnd(200, 'x'),
    kind: 'file',
    size: 1,
    mtime: 0,
  }));

/** Credit. */
export const chapter13 = clientCasesOf((check) => {
  // ------------------------------------------------------------------ spending

  for (const [what, hello, per] of [
    ['a stream', { streamWindow: 8192 }, 'stream'],
    ['the connection', { connectionWindow: 8192 }, 'connection'],
    ['both', { streamWindow: 10_000, connectionWindow: 12_000 }, 'both'],
  ] as const) {
    check(
      'put',
      ['FX-13.1-3', 'FX-13.1-4', 'FX-13.1-2', 'FX-13.1-1'],
      `an upload stops at the credit of ${what}`,
      async (trial) => {
        const { session, stream } = await trial.opened(hello, { file: large });
        const first = per === 'both' ? 10_000 : 8192;
        await session.untilBlocked(first);
        await session.expectSilence();
        for (let limit = 20_000; limit <= 100_000; limit += 20_000) {
          if (per !== 'connection') session.credit(stream, limit);
          if (per !== 'stream') session.credit(0, limit);
          await session.untilBlocked(limit);
        }
        await take(trial, session, stream);
      },
    );
  }

  check('put', 'FX-13.2-1', 'credit that is not higher changes nothing', async (trial) => {
    const { session, stream } = await trial.opened({ streamWindow: 8192 }, { file: large });
    await session.untilBlocked(8192);
    session.credit(stream, 20_000);
    session.credit(stream, 9000);
    session.credit(stream, 0);
    session.credit(0, 0);
    await session.untilBlocked(20_000);
    await session.expectSilence();
    session.credit(stream, 100_000);
    await take(trial, session, stream);
  });

  check('put', 'FX-13.2-1', 'credit of one byte at a time', async (trial) => {
    const { session, stream } = await trial.opened({ streamWindow: 8192 }, { file: content(8200) });
    await session.untilBlocked(8192);
    for (let limit = 8193; limit <= 8200; limit += 1) session.credit(stream, limit);
    await take(trial, session, stream);
  });

  check('put', ['FX-13.2-1', 'FX-19.1-2'], 'the greatest credit there can be', async (trial) => {
    const { session, stream } = await trial.opened({ streamWindow: 8192 }, { file: large });
    session.credit(stream, Number.MAX_SAFE_INTEGER);
    session.credit(0, Number.MAX_SAFE_INTEGER);
    await take(trial, session, stream);
  });

  check('put', 'FX-13.2-7', 'credit beyond 2^53-1', async (trial) => {
    const { session, stream } = await trial.opened({ streamWindow: 8192 }, { file: large });
    session.send(frame('CREDIT', stream, { limit: u64(2n ** 53n) }));
    await trial.expectFault(session, 'MESSAGE_MALFORMED');
  });

  check('put', 'FX-4.2-3', 'DATA is no longer than the server takes', async (trial) => {
    const { session, stream } = await trial.opened({ maxDataPayload: 4096 }, { file: large });
    await take(trial, session, stream);
  });

  check('put', 'FX-7.1-3', 'credit for a stream that was never opened', async (trial) => {
    const { session, stream } = await trial.opened({ streamWindow: 8192 }, { file: large });
    session.send(frame('CREDIT', stream + 2, { limit: 100_000 }));
    await trial.expectFault(session, 'STATE_VIOLATION');
  });

  // ------------------------------------------------------------------ granting

  check('get', ['FX-13.2-3', 'FX-19.1-1'], 'a download as large as many windows', async (trial) => {
    const { session, stream } = await trial.opened({}, { file: content(5_000_000) });
    session.send(session.acceptingFile(stream, trial.file));
    const { streamWindow, connectionWindow } = session.client;
    for (let at = 0; at < trial.file.length; ) {
      const end = Math.min(trial.file.length, at + session.roomOn(stream));
      await session.sendData(stream, trial.file.subarray(at, end));
      at = end;
      if (at === trial.file.length) break;
      await session.until(
        () => session.limitOf(stream) - at >= streamWindow / 2,
        `credit for half a window of the stream after ${at} bytes`,
      );
      await session.until(
        () => session.limitOf(0) - at >= connectionWindow / 2,
        `credit for half a window of the connection after ${at} bytes`,
      );
    }
    session.send(session.endBytes(stream, trial.file), session.resultBytes(stream, { effect: 'none' }));
    await session.expectEnd();
    await trial.expectFile();
  });

  check('ls', ['FX-13.2-3', 'FX-10.2-1'], 'a listing as large as many windows', async (trial) => {
    const { session, stream } = await trial.opened();
    for (let i = 0; i < 40; i += 1) {
      const bytes = encode('ENTRY', { entries: page(30_000, `p${i}`) });
      await session.until(() => session.roomOn(stream) >= bytes.length, `credit for page ${i}`);
      session.entries(stream, page(30_000, `p${i}`));
    }
    await list(trial, session, stream, []);
  });

  check('get', ['FX-13.1-3', 'FX-13.1-2'], 'DATA beyond all credit', async (trial) => {
    const { session, stream } = await trial.opened();
    const { streamWindow, connectionWindow, maxDataPayload } = session.client;
    const length = Math.min(streamWindow, connectionWindow) + 1;
    if (length > maxDataPayload) trial.notApplicable('no frame is longer than the credit of this client');
    session.send(session.accepting(stream, { size: 2 * length, mtime: 0 }));
    session.send(header(length, frameType('DATA'), stream));
    await session.expectFault('CREDIT_EXCEEDED');
    await trial.expectNoFile();
  });

  check('get', 'FX-13.1-3', 'DATA beyond all credit, in many frames at once', async (trial) => {
    const { session, stream } = await trial.opened();
    const { streamWindow, connectionWindow, maxDataPayload } = session.client;
    const window = Math.min(streamWindow, connectionWindow);
    const piece = Buffer.alloc(Math.min(maxDataPayload, 65_536), 7);
    session.send(session.accepting(stream, { size: 1_000_000_000, mtime: 0 }));
    // More than the client can have granted: what it grants for what has come is waited for by nobody.
    const frames = Math.ceil((window * 16) / piece.length);
    session.send(...Array.from({ length: Math.min(frames, 512) }, () => rawFrame(0x05, stream, piece)));
    const came = await session.receiveAny(['GOAWAY', 'CREDIT']);
    if (came.name === 'CREDIT') trial.notApplicable('this client was faster than the flood');
    await session.expectFaultCode(came, 'CREDIT_EXCEEDED');
    await trial.expectNoFile();
  });

  check('ls', ['FX-13.1-3', 'FX-10.2-1'], 'pages beyond all credit', async (trial) => {
    const { session, stream } = await trial.opened();
    const { streamWindow, connectionWindow } = session.client;
    const window = Math.min(streamWindow, connectionWindow);
    if (window > 64 * 65_536)
      trial.notApplicable('the windows of this client are too wide to be exceeded at once');
    const one = frame('ENTRY', stream, { entries: page(60_000, 'p') });
    session.send(...Array.from({ length: Math.ceil(window / one.length) + 1 }, () => one));
    const came = await session.receiveAny(['GOAWAY', 'CREDIT']);
    if (came.name === 'CREDIT') trial.notApplicable('this client takes pages as fast as they come');
    await session.expectFaultCode(came, 'CREDIT_EXCEEDED');
    await trial.expectFailure();
  });

  check('cat', ['FX-13.2-2'], 'what nobody takes is not granted again', async (trial) => {
    const { session, stream } = await trial.opened({}, { file: Buffer.alloc(1000), holdOutput: true });
    const total = 2 * bounds.unread;
    session.send(session.accepting(stream, { size: total, mtime: 0 }));
    const piece = Buffer.alloc(65_536, 7);
    for (;;) {
      const room = session.roomOn(stream);
      if (room > 0) {
        await session.transport.sendAndFlush(
          session.dataBytes(stream, piece.subarray(0, Math.min(room, piece.length))),
        );
      } else {
        const before = session.limitOf(stream) + session.limitOf(0);
        await session.transport.listen(bounds.silence);
        if (session.limitOf(stream) + session.limitOf(0) === before) break;
      }
      if (session.spent > bounds.unread)
        throw new Violation([], `the client took ${session.spent} bytes for a reader that reads nothing`);
    }
    trial.release();
    session.reset(stream);
    await trial.expectFailure();
  });
});
