import { codeNumber } from '../../spec/specification.js';
import { frame } from '../../wire/encode.js';
import { frameType, rawFrame } from '../../wire/frame.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { give, list, someEntries, take } from './endings.js';

const nowhere: Readonly<Record<string, (stream: number) => Buffer>> = {
  ACCEPT: (stream) => frame('ACCEPT', stream, { offset: 0, epoch: 0 }),
  DATA: (stream) => rawFrame(frameType('DATA'), stream, Buffer.from('nowhere')),
  END: (stream) => frame('END', stream, { length: 0, digest: treeDigest(Buffer.alloc(0)) }),
  ACK: (stream) => frame('ACK', stream, { offset: 0 }),
  ENTRY: (stream) => frame('ENTRY', stream, { entries: [] }),
  RESULT: (stream) => frame('RESULT', stream, { status: 0, effect: 'none' }),
  RESET: (stream) => frame('RESET', stream, { code: 0x20, finalOffset: 0 }),
  CREDIT: (stream) => frame('CREDIT', stream, { limit: 1_000_000 }),
};

/** Streams and operations. */
export const chapter07 = clientCasesOf((check) => {
  for (const [name, bytes] of Object.entries(nowhere)) {
    check('ls', 'FX-7.1-3', `${name} on a stream that was never opened`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(bytes(stream + 2));
      await trial.expectFault(session, 'STATE_VIOLATION');
    });
  }

  check('ls', 'FX-7.1-3', 'RESULT on an even stream below those that were opened', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(frame('RESULT', stream + 1, { status: 0, effect: 'none' }));
    await trial.expectFault(session, 'STATE_VIOLATION');
  });

  for (const [name, bytes] of Object.entries(nowhere)) {
    if (name === 'RESET' || name === 'CREDIT') continue;
    check('ls', ['FX-7.1-4', 'FX-7.3-1'], `${name} after the last word on its stream`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(session.resultBytes(stream, { effect: 'none' }), bytes(stream));
      await session.expectFault('STATE_VIOLATION');
    });
  }

  check('ls', 'FX-7.1-4', 'RESET and CREDIT that are late are ignored', async (trial) => {
    const { session, stream } = await trial.opened();
    session.entries(stream, someEntries);
    session.send(
      session.resultBytes(stream, { effect: 'none' }),
      frame('RESET', stream, { code: 0x20, finalOffset: 0 }),
      frame('CREDIT', stream, { limit: 1_000_000 }),
      frame('RESET', stream, { code: 0x20, finalOffset: 0 }),
    );
    await session.expectEnd();
    await trial.expectSuccess();
  });

  check('tree', ['FX-7.1-1', 'FX-7.1-2'], 'many files through one stream at a time', async (trial) => {
    const { session, stream } = await trial.opened({ maxStreams: 1 });
    const names = Array.from({ length: 6 }, (_, i) => `file-${i}`);
    const size = trial.file.length;
    session.serveListing(
      stream,
      names.map((path) => ({ path, kind: 'file', size, mtime: 1_000_000 })),
    );
    for (const _ of names) await session.serveFile((await session.opened('download')).id, trial.file);
    await session.expectEnd();
    await trial.expectSuccess();
    const { inside } = trial.written();
    if (inside.join() !== names.join()) throw new Violation([], `the folder holds ${inside.join(', ')}`);
  });

  check('tree', 'FX-7.1-5', 'a file that fails does not hurt the others', async (trial) => {
    const { session, stream } = await trial.opened();
    const size = trial.file.length;
    session.serveListing(
      stream,
      ['bad', 'good', 'worse'].map((path) => ({ path, kind: 'file', size, mtime: 1_000_000 })),
    );
    for (let i = 0; i < 3; i += 1) {
      const watch = await session.opened('download');
      if (watch.open.path?.endsWith('good') === true) await session.serveFile(watch.id, trial.file);
      else if (watch.open.path?.endsWith('bad') === true) session.refuse(watch.id, 'IO_ERROR');
      else session.reset(watch.id);
    }
    await session.expectEnd();
    await trial.expectFailure();
    const { inside } = trial.written();
    if (inside.join() !== 'good') throw new Violation([], `the folder holds ${inside.join(', ')}`);
  });

  // ------------------------------------------------------------------ answers

  const codes = ['NOT_FOUND', 'PERMISSION_DENIED', 'BUSY', 'INTERNAL', 'SUPERSEDED', 'OPERATION_MISMATCH'];
  for (const code of codes) {
    check('put', 'FX-7.3-2', `an upload is answered with ${code}`, async (trial) => {
      const { session, stream } = await trial.opened();
      await session.ended(stream);
      session.refuse(stream, code, { effect: code === 'SUPERSEDED' ? 'unknown' : 'none' });
      await session.expectEnd();
      await trial.expectFailure();
    });
  }

  for (const [what, status] of [
    ['a code nobody knows', 0x7777],
    ['a code that must not travel', 0xf000],
    ['the highest code', 0xffff],
  ] as const) {
    const rules = status < 0xf000 ? ['FX-7.3-9', 'FX-20.1-1'] : ['FX-7.3-9'];
    check('put', rules, `RESULT with ${what} is a failure`, async (trial) => {
      const { session, stream } = await trial.opened();
      await session.ended(stream);
      session.result(stream, { status, effect: 'none' });
      await session.expectEnd();
      await trial.expectFailure();
    });
    check('get', rules, `RESET with ${what} is a failure`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.reset(stream, { code: status });
      await session.expectEnd();
      await trial.expectNoFile('FX-7.3-9');
    });
    check('ls', rules, `GOAWAY with ${what} ends the connection`, async (trial) => {
      const { session } = await trial.opened();
      session.send(frame('GOAWAY', 0, { code: status, lastStream: 1 }));
      await session.expectNoAnswer('FX-17.1-5');
      await trial.expectFailure();
    });
  }

  check('get', 'FX-7.3-10', 'RESET with OK is a failure', async (trial) => {
    const { session, stream } = await trial.opened();
    session.reset(stream, { code: 0 });
    await session.expectEnd();
    await trial.expectNoFile('FX-7.3-10');
  });

  check('put', 'FX-7.3-10', 'RESULT with no more than it must have', async (trial) => {
    const { session, stream } = await trial.opened();
    await session.ended(stream);
    session.result(stream);
    await session.expectEnd();
    await trial.expectSuccess();
  });

  check('put', 'FX-7.3-10', 'RESULT with what belongs to another operation', async (trial) => {
    const { session, stream } = await trial.opened();
    await session.ended(stream);
    session.refuse(stream, 'NO_SPACE', {
      outcome: 'removed',
      path: 'somewhere',
      etag: 'v9',
      effect: 'applied',
    });
    await session.expectEnd();
    await trial.expectFailure();
  });

  for (const effect of ['none', 'applied', 'unknown']) {
    check('put', 'FX-7.3-3', `a failure with the effect ${effect} is a failure`, async (trial) => {
      const { session, stream } = await trial.opened();
      await session.ended(stream);
      session.refuse(stream, 'IO_ERROR', { effect, retry: true });
      await session.expectEnd();
      await trial.expectFailure();
    });
  }

  check('put', 'FX-7.3-4', 'an upload whose RESULT never comes has not succeeded', async (trial) => {
    const { session, stream } = await trial.opened();
    session.accept(stream);
    await session.ended(stream);
    session.send(frame('ACK', stream, { offset: trial.file.length }));
    await session.barrier();
    session.transport.destroy();
    await trial.expectFailure();
  });

  check(
    'get',
    ['FX-7.3-6', 'FX-13.2-4'],
    'what comes after giving up is dropped until the answer',
    async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(session.acceptingFile(stream, trial.file));
      session.data(stream, trial.file);
      session.data(stream, Buffer.from('x'));
      const how = await session.expectGivenUp(stream, 'LENGTH_MISMATCH');
      if (how === 'GOAWAY')
        trial.notApplicable('this client ends the connection where it could give up a stream');
      const window = session.client.connectionWindow;
      await session.sendData(stream, Buffer.alloc(Math.min(window, 3 * 65_536), 7), { connectionOnly: true });
      session.send(session.endBytes(stream, Buffer.alloc(10)));
      session.refuse(stream, 'CANCELLED');
      await session.expectEnd();
      await trial.expectNoFile();
    },
  );

  check('ls', 'FX-7.3-7', 'RESET of the server is not answered', async (trial) => {
    const { session, stream, watch } = await trial.opened();
    session.reset(stream);
    await session.expectEnd();
    if (watch.reset !== undefined) throw new Violation([], 'the client sent RESET on a stream that was over');
    await trial.expectFailure();
  });

  check('get', 'FX-7.3-8', 'finalOffset in RESET means nothing', async (trial) => {
    const { session, stream } = await trial.opened();
    session.reset(stream, { code: codeNumber('SOURCE_CHANGED'), finalOffset: Number.MAX_SAFE_INTEGER });
    await session.expectEnd();
    await trial.expectNoFile();
  });

  check('put', ['FX-7.2-3', 'FX-7.2-6'], 'an upload asks for what both ends have listed', async (trial) => {
    const { session, stream } = await trial.opened({ digests: [2, 1] });
    const { algorithm } = session.stream(stream).open;
    // Which one is negotiated is the client's to say; the answer to its END can be the same for all.
    if (algorithm === 'blake3' || session.client.digests[0] === 2) {
      await session.ended(stream);
      session.result(stream, { outcome: 'created' });
      await session.expectEnd();
      await trial.expectSuccess();
      return;
    }
    await take(trial, session, stream);
  });

  check('get', 'FX-7.2-5', 'times before 1970 are times', async (trial) => {
    const { session, stream } = await trial.opened();
    await give(trial, session, stream, { mtime: -1 });
  });

  check('ls', ['FX-7.2-7', 'FX-20.1-1'], 'a listing of what is neither file nor folder', async (trial) => {
    const { session, stream } = await trial.opened();
    await list(trial, session, stream, [
      { path: 'pipe', kind: 'other', size: 0, mtime: -1 },
      { path: 'link', kind: 'symlink', size: 0, mtime: 0 },
    ]);
  });
});
