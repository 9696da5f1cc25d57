import type { ClientSession } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { specification } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { frame } from '../../wire/encode.js';
import { frameType, header } from '../../wire/frame.js';
import { BLOCK_SIZE, treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { startUpload } from './situations.js';

/** What a sender may wait for at most, whatever the windows. */
const LEAST = 4608;

const FLOOR = specification.limits['initialStreamWindow']?.floor as number;

/** Sends `length` bytes in frames that the server takes. */
function fill(session: ClientSession, stream: number, length: number): void {
  const most = session.server.maxDataPayload;
  for (let left = length; left > 0; left -= most) session.data(stream, Buffer.alloc(Math.min(left, most)));
}

/** Takes a download with as little credit as is granted, a step at a time. */
async function sip(
  session: ClientSession,
  stream: number,
  grant: (received: number) => void,
): Promise<{ bytes: Buffer; digest: Buffer | undefined }> {
  const pieces: Buffer[] = [];
  let received = 0;
  let digest: Buffer | undefined;
  for (;;) {
    const came = await session.receiveAny(['DATA', 'END', 'RESULT'], stream);
    if (came.name === 'RESULT') return { bytes: Buffer.concat(pieces), digest };
    if (came.name === 'END') digest = came.message.digest;
    if (came.name !== 'DATA') continue;
    pieces.push(came.payload);
    received += came.payload.length;
    grant(received);
  }
}

/** Credit. */
export const chapter13 = casesOf<ServerTrial>((check) => {
  check(['FX-13.1-2', 'FX-19.1-1'], 'the initial windows can be used up before any CREDIT', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    const { streamWindow, connectionWindow } = session.server;
    const size = Math.min(streamWindow, connectionWindow, 16 * BLOCK_SIZE);
    const stream = session.open('upload', { path });
    fill(session, stream, size);
    session.end(stream, size, treeDigest(Buffer.alloc(size)));
    await session.expectSuccess(stream, { outcome: 'created' });
  });

  check(
    'FX-13.1-3',
    'DATA beyond the credit of its stream is CREDIT_EXCEEDED by its header',
    async (trial) => {
      const { streamWindow, maxDataPayload } = trial.facts.hello;
      if (streamWindow >= maxDataPayload)
        trial.notApplicable('no single frame is larger than the initial window');
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.send(header(streamWindow + 1, frameType('DATA'), stream));
      await session.expectFault('CREDIT_EXCEEDED');
    },
  );
  check('FX-13.1-3', 'the last byte of the credit is taken, and one more is not', async (trial) => {
    const { streamWindow, maxDataPayload } = trial.facts.hello;
    if (streamWindow >= maxDataPayload)
      trial.notApplicable('no single frame is larger than the initial window');
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.data(stream, Buffer.alloc(100));
    await session.barrier();
    // Whatever was granted meanwhile: this is more.
    const limit = Math.max(session.limitOf(stream), streamWindow);
    if (limit - 100 + 1 > maxDataPayload) trial.notApplicable('the window grew beyond a frame');
    session.send(header(limit - 100 + 1, frameType('DATA'), stream));
    await session.expectFault('CREDIT_EXCEEDED');
  });
  check('FX-13.1-3', 'DATA beyond the credit of the connection is CREDIT_EXCEEDED', async (trial) => {
    const { streamWindow, maxStreams, maxDataPayload } = trial.facts.hello;
    const folder = await trial.folder();
    const session = await trial.session();
    const size = Math.min(streamWindow, maxDataPayload);
    const cap = specification.limits['maxConnectionWindow']?.standard as number;
    const count = Math.min(maxStreams, Math.ceil((2 * cap) / size));
    const streams = Array.from({ length: count }, (_, i) => 2 * i + 1);
    const bytes = Buffer.alloc(size);
    session.send(
      ...streams.flatMap((stream) => [
        session.opening('upload', { path: `${folder}/${stream}` }, stream),
        session.dataBytes(stream, bytes),
      ]),
    );
    session.ping();
    const came = await session.receiveAny(['GOAWAY', 'PONG']);
    if (came.name === 'PONG') trial.notApplicable('this server stored all of it faster than it came');
    if (came.name === 'GOAWAY' && came.message.code !== specification.codes['CREDIT_EXCEEDED'])
      throw new Violation([], `GOAWAY with code ${came.message.code}`);
  });
  check('FX-13.1-3', 'credit is checked for a refused upload as well', async (trial) => {
    const { streamWindow, maxDataPayload } = trial.facts.hello;
    if (streamWindow >= maxDataPayload)
      trial.notApplicable('no single frame is larger than the initial window');
    const path = await trial.path('missing/file');
    const session = await trial.session();
    const stream = session.open('upload', { path });
    await session.expectFailure(stream, 'PARENT_NOT_FOUND');
    session.send(header(streamWindow + 1, frameType('DATA'), stream));
    await session.expectFault('CREDIT_EXCEEDED');
  });

  check(
    ['FX-13.1-1', 'FX-13.1-3', 'FX-13.1-4', 'FX-13.2-1'],
    'a download waits for the credit of its stream',
    async (trial) => {
      const path = await trial.path('file');
      const file = content(50_000);
      const session = await trial.session({ streamWindow: FLOOR });
      await session.upload(path, file);
      const stream = session.open('download', { path });
      let limit = FLOOR;
      const { bytes, digest } = await sip(session, stream, (received) => {
        if (received < limit) return;
        limit = received + LEAST;
        session.credit(stream, limit);
      });
      if (!bytes.equals(file) || digest?.equals(treeDigest(file)) !== true)
        throw new Violation(['FX-9.2-4'], `${bytes.length} bytes came, or other ones`);
    },
  );
  check(
    ['FX-13.1-1', 'FX-13.1-3', 'FX-13.2-1'],
    'a download waits for the credit of the connection',
    async (trial) => {
      const path = await trial.path('file');
      const file = content(50_000);
      const session = await trial.session({ connectionWindow: FLOOR });
      await session.upload(path, file);
      const stream = session.open('download', { path });
      let limit = FLOOR;
      const { bytes } = await sip(session, stream, (received) => {
        if (received < limit) return;
        limit = received + LEAST;
        session.credit(0, limit);
      });
      if (!bytes.equals(file)) throw new Violation(['FX-9.2-4'], `${bytes.length} bytes came, or other ones`);
    },
  );
  check('FX-13.1-1', 'two downloads share the credit of the connection', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ connectionWindow: FLOOR });
    await session.upload(path, content(20_000));
    const streams = [session.open('download', { path }), session.open('download', { path })];
    await session.receive('DATA');
    await session.barrier();
    session.credit(0, 1_000_000);
    for (const stream of streams) {
      const { result } = await session.downloaded(stream);
      if (result.status !== 0) throw new Violation([], `the status is ${result.status}`);
    }
  });
  check('FX-13.2-1', 'a limit that is not higher than before changes nothing', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ streamWindow: FLOOR });
    await session.upload(path, content(30_000));
    const stream = session.open('download', { path });
    await session.receive('DATA', stream);
    for (const limit of [0, 1, FLOOR - 1, FLOOR]) session.send(frame('CREDIT', stream, { limit }));
    for (const limit of [0, 1]) session.send(frame('CREDIT', 0, { limit }));
    await session.barrier();
    session.credit(stream, 30_000);
    session.credit(stream, 10);
    await session.expectSuccess(stream);
  });
  check('FX-13.2-1', 'a limit repeated or overtaken does no harm', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ streamWindow: FLOOR });
    await session.upload(path, content(30_000));
    const stream = session.open('download', { path });
    for (const limit of [20_000, 20_000, 9000, 30_000, 20_000]) session.credit(stream, limit);
    const { bytes } = await session.downloaded(stream);
    if (bytes.length !== 30_000) throw new Violation([], `${bytes.length} bytes came`);
  });

  check('FX-13.2-3', 'when all is consumed, half of the windows can be sent again', async (trial) => {
    const session = await trial.session();
    const { streamWindow, connectionWindow } = session.server;
    const stream = await startUpload(trial, session);
    let sent = 0;
    for (let round = 0; round < 3; round += 1) {
      const room = Math.min(session.limitOf(stream), session.limitOf(0)) - sent;
      const size = Math.min(room, 16 * BLOCK_SIZE);
      fill(session, stream, size);
      sent += size;
      const due = sent;
      await session.transport.until(() => {
        session.check();
        return (
          session.limitOf(stream) >= due + streamWindow / 2 &&
          session.limitOf(0) >= due + connectionWindow / 2
        );
      }, `credit for half of the windows after ${due} bytes`);
    }
  });
  check('FX-13.2-3', 'a thousand small frames get their credit back as well', async (trial) => {
    const session = await trial.session();
    const { connectionWindow } = session.server;
    const stream = await startUpload(trial, session);
    const size = Math.min(connectionWindow, session.server.streamWindow);
    const piece = Math.max(1, Math.floor(size / 1000));
    for (let i = 0; i < 1000; i += 1) session.data(stream, Buffer.alloc(piece));
    await session.transport.until(() => {
      session.check();
      return session.limitOf(0) >= 1000 * piece + connectionWindow / 2;
    }, 'credit of the connection');
  });
  check(
    ['FX-13.2-3', 'FX-13.2-4'],
    'the credit of an upload that was given up comes back on the connection',
    async (trial) => {
      const session = await trial.session();
      const { connectionWindow, streamWindow } = session.server;
      const stream = await startUpload(trial, session);
      const size = Math.min(connectionWindow, streamWindow, 16 * BLOCK_SIZE);
      fill(session, stream, size);
      session.reset(stream);
      await session.receiveAny(['RESULT', 'RESET'], stream);
      await session.transport.until(() => {
        session.check();
        return session.limitOf(0) >= size + connectionWindow / 2;
      }, 'credit of the connection');
    },
  );
  check('FX-13.2-6', 'CREDIT for a download is taken in every state', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ streamWindow: FLOOR });
    await session.upload(path, content(50_000));
    const stream = session.open('download', { path });
    session.credit(stream, FLOOR + 1);
    await session.receive('DATA', stream);
    session.send(
      session.resetBytes(stream),
      ...[20_000, 30_000].map((limit) => frame('CREDIT', stream, { limit })),
    );
    await session.receiveAny(['RESULT', 'RESET'], stream);
    await session.barrier();
  });
  check('FX-13.2-7', 'a limit may be any number up to 2^53-1', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, content(10));
    const stream = session.open('download', { path });
    session.credit(stream, 2 ** 53 - 1);
    session.credit(0, 2 ** 53 - 1);
    const { bytes } = await session.downloaded(stream);
    if (bytes.length !== 10) throw new Violation([], `${bytes.length} bytes came`);
  });
  check('FX-13.2-5', 'uploads one after another never run out of credit', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const total = 3 * session.server.connectionWindow;
    const size = Math.max(100_000, Math.ceil(Math.min(total, 8 * BLOCK_SIZE) / 10));
    for (let i = 0; i < 10; i += 1) await session.upload(`${folder}/${i}`, Buffer.alloc(size, i));
  });

  for (const [what, values] of [
    ['an upload', {}],
    ['an upload that resumes', { size: 10_000_000, offset: 10_000_000 }],
  ] as const) {
    check('FX-13.2-6', `CREDIT for ${what} is STATE_VIOLATION`, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      const stream = session.open('upload', { path, ...values });
      await session.receive('ACCEPT', stream);
      session.send(frame('CREDIT', stream, { limit: 1_000_000 }));
      await session.expectFault('STATE_VIOLATION');
    });
  }
});
