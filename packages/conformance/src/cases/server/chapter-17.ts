import type { ServerTrial } from '../../session/server-trial.js';
import { codeName, codeNumber } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { frame } from '../../wire/encode.js';
import { PREFACE, rawFrame } from '../../wire/frame.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { situations, startUpload } from './situations.js';

const file = content(300);
const bad = rawFrame(0x42, 0, Buffer.alloc(0));

/** Codes and faults, and the end of a connection. */
export const chapter17 = casesOf<ServerTrial>((check) => {
  check(['FX-17.1-1', 'FX-17.1-2'], 'nothing that comes after a fault is acted on', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    session.send(bad, session.opening('makeDirectory', { path: `${folder}/after` }));
    await session.expectFault('FRAME_UNKNOWN');
    const other = await trial.session();
    await other.expectFailure(other.open('stat', { path: `${folder}/after` }), 'NOT_FOUND');
  });
  check('FX-17.1-1', 'nothing follows GOAWAY while a download runs', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, content(2_000_000));
    const stream = session.open('download', { path });
    await session.receive('DATA', stream);
    session.send(bad);
    await session.expectFault('FRAME_UNKNOWN');
  });
  check('FX-17.1-1', 'nothing follows GOAWAY while many operations run', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const streams = Array.from({ length: 30 }, (_, i) => 2 * i + 1);
    session.send(
      ...streams.map((stream) => session.opening('makeDirectory', { path: `${folder}/${stream}` }, stream)),
      bad,
    );
    await session.expectFault('FRAME_UNKNOWN');
  });
  check('FX-17.1-2', 'what came before a fault in the same write has been acted on', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    session.send(session.opening('makeDirectory', { path: `${folder}/before` }), bad);
    await session.expectFault('FRAME_UNKNOWN');
    const other = await trial.session();
    const deadline = performance.now() + trial.target.timeout;
    for (;;) {
      const { status } = await other.call('stat', { path: `${folder}/before` });
      if (status === 0) return;
      if (performance.now() > deadline) throw new Violation([], 'the folder was never made');
    }
  });
  check('FX-17.1-2', 'the first fault is the one that is told', async (trial) => {
    const session = await trial.session();
    session.send(rawFrame(0x0c, 0, Buffer.alloc(3)), bad, rawFrame(0x0c, 5, Buffer.alloc(12)));
    await session.expectFault('MESSAGE_MALFORMED');
  });

  for (const [when, arrange] of Object.entries(situations)) {
    check('FX-17.1-4', `a fault ${when} harms no other connection`, async (trial) => {
      const folder = await trial.folder();
      const other = await trial.session();
      const stream = other.open('upload', { path: `${folder}/other` });
      other.data(stream, file.subarray(0, 100));
      const { session } = await arrange(trial);
      session.send(bad);
      await session.expectFault('FRAME_UNKNOWN');
      other.data(stream, file.subarray(100));
      other.end(stream, file.length, treeDigest(file));
      await other.expectSuccess(stream, { outcome: 'created' });
    });
  }

  for (const code of ['STATE_VIOLATION', 'INTERNAL', 'SHUTTING_DOWN']) {
    check(['FX-17.1-5', 'FX-17.2-1'], `GOAWAY ${code} is not answered`, async (trial) => {
      const session = await trial.session();
      session.send(frame('GOAWAY', 0, { code: codeNumber(code), lastStream: 0 }));
      await session.transport.untilEnd();
      if (session.goAway !== undefined)
        throw new Violation([], `the answer is GOAWAY ${session.goAway.code}`);
    });
  }
  check(['FX-17.1-5', 'FX-7.3-9'], 'GOAWAY with a code that nobody knows is not answered', async (trial) => {
    for (const code of [0x4242, 0xf123]) {
      const session = await trial.session();
      session.send(frame('GOAWAY', 0, { code, lastStream: 0, reason: 'whatever' }));
      await session.transport.untilEnd();
      if (session.goAway !== undefined)
        throw new Violation([], `the answer is GOAWAY ${session.goAway.code}`);
    }
  });
  check('FX-17.2-1', 'GOAWAY with an error ends what runs', async (trial) => {
    const path = await trial.path('running');
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.send(
      session.dataBytes(stream, file),
      frame('GOAWAY', 0, { code: codeNumber('INTERNAL'), lastStream: 0 }),
      session.endBytes(stream, file.length, treeDigest(file)),
    );
    await session.transport.untilEnd();
    const other = await trial.session();
    await other.expectFailure(other.open('stat', { path }), 'NOT_FOUND');
  });

  check(
    ['FX-17.2-2', 'FX-17.2-4'],
    'what runs may finish after a graceful GOAWAY, then the transport ends',
    async (trial) => {
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.data(stream, file.subarray(0, 100));
      session.goodbye();
      session.data(stream, file.subarray(100));
      session.end(stream, file.length, treeDigest(file));
      await session.expectSuccess(stream, { outcome: 'created' });
      await session.transport.untilEnd();
    },
  );
  check(['FX-17.2-2', 'FX-17.2-4'], 'a download goes on after a graceful GOAWAY', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ streamWindow: 8192 });
    await session.upload(path, content(50_000));
    const stream = session.open('download', { path });
    await session.receive('ACCEPT', stream);
    session.goodbye();
    session.credit(stream, 50_000);
    const { bytes } = await session.downloaded(stream);
    if (!bytes.equals(content(50_000))) throw new Violation([], `${bytes.length} bytes came`);
    await session.transport.untilEnd();
  });
  check('FX-17.2-4', 'a graceful GOAWAY when nothing runs ends the transport', async (trial) => {
    const session = await trial.session();
    await session.expectSuccess(session.open('stat'));
    session.goodbye();
    await session.transport.untilEnd();
    session.check();
    if (session.goAway !== undefined && session.goAway.code !== 0)
      throw new Violation([], `GOAWAY ${codeName(session.goAway.code)}`);
  });
  check('FX-17.2-2', 'a graceful GOAWAY twice is no fault', async (trial) => {
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.goodbye();
    session.goodbye();
    session.end(stream, 0, treeDigest(Buffer.alloc(0)));
    await session.expectSuccess(stream, { outcome: 'created' });
  });

  for (const streams of [[], [1], [1, 7], [0xffff_ffff]]) {
    const last = streams.at(-1) ?? 0;
    check('FX-17.2-5', `lastStream is ${last} when that was the highest`, async (trial) => {
      const session = await trial.session();
      for (const stream of streams) {
        session.send(session.opening('stat', {}, stream));
        await session.expectSuccess(stream);
      }
      session.send(bad);
      const { lastStream } = await session.expectFault('FRAME_UNKNOWN');
      if (lastStream !== last) throw new Violation([], `it is ${lastStream}`);
    });
  }
  for (const [what, wrong] of [
    ['lower', 3],
    ['even', 1000],
  ] as const) {
    check('FX-17.2-5', `a stream that was refused because it is ${what} was not taken`, async (trial) => {
      const session = await trial.session();
      session.send(session.opening('stat', {}, 9));
      await session.expectSuccess(9);
      session.send(frame('OPEN', wrong, { operation: 4, operationId: Buffer.alloc(16) }));
      const { lastStream } = await session.expectFault('STREAM_LIMIT');
      if (lastStream !== 9) throw new Violation([], `it is ${lastStream}`);
    });
  }

  for (const [when, greeted] of [
    ['before HELLO', false],
    ['before AUTH', true],
  ] as const) {
    for (const code of ['OK', 'INTERNAL']) {
      check(['FX-17.2-6', 'FX-6.1-1'], `GOAWAY ${code} ${when} ends the connection`, async (trial) => {
        const session = greeted ? await trial.greeted() : await trial.fresh();
        if (!greeted) session.send(PREFACE);
        session.send(frame('GOAWAY', 0, { code: codeNumber(code), lastStream: 0 }));
        await session.transport.untilEnd();
        if (session.goAway !== undefined && session.goAway.code !== 0)
          throw new Violation(['FX-17.1-5'], `the answer is GOAWAY ${codeName(session.goAway.code)}`);
      });
    }
  }

  check('FX-17.3-1', 'the GOAWAY of a fault arrives although the client goes on sending', async (trial) => {
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.send(bad);
    for (let i = 0; i < 50; i += 1) session.send(rawFrame(5, stream, Buffer.alloc(20_000)));
    await session.receive('GOAWAY');
    await session.transport.untilEnd();
    if (session.transport.reset) throw new Violation([], 'the connection was reset');
  });
  check('FX-17.3-1', 'the transport is closed in the end, when the client ends it too', async (trial) => {
    const session = await trial.session();
    session.send(bad);
    await session.expectFault('FRAME_UNKNOWN');
    await session.transport.untilClosed();
  });

  for (const [how, cut] of [
    ['ends', 'end'],
    ['is reset', 'resetNow'],
    ['is cut', 'destroy'],
  ] as const) {
    check('FX-17.3-2', `an upload whose transport ${how} is not committed`, async (trial) => {
      const path = await trial.path('running');
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.data(stream, file);
      await session.barrier();
      session.transport[cut]();
      if (cut === 'end') await session.transport.untilEnd();
      const other = await trial.session();
      await other.expectFailure(other.open('stat', { path }), 'NOT_FOUND');
    });
  }
  check('FX-17.3-2', 'a name is free again after its upload was cut', async (trial) => {
    const path = await trial.path('running');
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.data(stream, file);
    await session.barrier();
    session.transport.resetNow();
    const other = await trial.session();
    const { outcome } = await other.upload(path, file);
    if (outcome !== 'created') throw new Violation([], `the outcome is ${outcome}`);
  });

  check(['FX-16.1-2', 'FX-7.3-2'], 'no code from 0xf000 on travels, whatever fails', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    for (const operation of ['stat', 'list', 'download', 'remove', 'makeDirectory', 'rename']) {
      for (const path of [undefined, `${folder}/none/below`, `${folder}/${'x'.repeat(255)}`])
        await session.call(operation, { path, target: `${folder}/none/x`, ifExists: 'rename' });
    }
  });
});
