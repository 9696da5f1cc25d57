import { randomBytes } from 'node:crypto';
import type { ServerTrial } from '../../session/server-trial.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { field, fieldsOf, joinFields } from '../../wire/encode.js';
import { frameType, rawFrame } from '../../wire/frame.js';
import { BLOCK_SIZE, treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';

/** Limits, versions and extensions, security. */
export const chapter19 = casesOf<ServerTrial>((check) => {
  check('FX-19.1-1', 'DATA of maxDataPayload bytes is taken, once there is credit', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    const { maxDataPayload } = session.server;
    const stream = session.open('upload', { path });
    const sent: Buffer[] = [];
    let count = 0;
    const room = (): number => Math.min(session.limitOf(stream), session.limitOf(0)) - count;
    while (room() < maxDataPayload && count < 32 * BLOCK_SIZE) {
      await session.transport.until(() => {
        session.check();
        return room() > 0;
      }, 'credit');
      const piece = content(Math.min(room(), 100_000), count);
      session.data(stream, piece);
      sent.push(piece);
      count += piece.length;
      await session.barrier();
    }
    if (room() < maxDataPayload) trial.notApplicable('the window never grew to the length of a frame');
    const largest = content(maxDataPayload, 3);
    session.data(stream, largest);
    sent.push(largest);
    count += largest.length;
    session.end(stream, count, treeDigest(Buffer.concat(sent)));
    await session.expectSuccess(stream, { outcome: 'created' });
  });
  check('FX-19.1-2', 'a client that takes small DATA gets none that is larger', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ maxDataPayload: 4096 });
    await session.upload(path, content(100_000));
    // Each frame is judged by its length as it comes.
    const { bytes } = await session.download(path);
    if (!bytes.equals(content(100_000))) throw new Violation(['FX-9.2-4'], 'it came back changed');
  });

  for (const type of [0xf0, 0xf7, 0xff]) {
    check(
      ['FX-20.1-4', 'FX-4.2-6'],
      `frames of type 0x${type.toString(16)}, for experiments, are skipped`,
      async (trial) => {
        const session = await trial.session();
        for (const stream of [0, 1, 2, 0xffff_ffff])
          session.send(rawFrame(type, stream, content(stream % 100), { flags: stream & 0xff }));
        await session.barrier();
      },
    );
  }
  check(
    ['FX-20.1-4', 'FX-5.1-5'],
    'fields for experiments are passed over in every message of an upload',
    async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      const grease = field(0xfffb, content(20));
      const operationId = randomBytes(16);
      const open = joinFields(fieldsOf('OPEN', { operation: 1, operationId, path }));
      const end = joinFields(fieldsOf('END', { length: 300, digest: treeDigest(content(300)) }));
      session.send(
        session.openingRaw('upload', Buffer.concat([open, grease])),
        rawFrame(0xfa, 1, content(7)),
        session.dataBytes(1, content(300)),
        rawFrame(0xfb, 1, content(7)),
      );
      session.endBytes(1, 300, treeDigest(content(300))); // noted, not sent
      session.send(rawFrame(frameType('END'), 1, Buffer.concat([end, grease])));
      await session.expectSuccess(1, { outcome: 'created' });
    },
  );
  check(['FX-20.1-2', 'FX-20.1-1'], 'the server uses nothing that was not agreed on', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ capabilities: [] });
    // Frames and fields that this version does not know are judged as they come.
    await session.upload(path, content(1000));
    await session.list(await trial.folder(), true);
    await session.download(path);
    await session.call('stat', { path });
  });
  check('FX-20.2-1', 'a client of versions 1 and 2 is served in version 1', async (trial) => {
    if (trial.facts.hello.versions.includes(2)) trial.notApplicable('this server speaks version 2');
    for (const versions of [
      [1, 2],
      [2, 1],
    ]) {
      const session = await trial.session({ versions });
      await session.barrier();
    }
  });

  check('FX-21.1-3', 'a client that does not read stops nobody else', async (trial) => {
    const path = await trial.path('file');
    const slow = await trial.session();
    await slow.upload(path, content(4 * BLOCK_SIZE));
    slow.transport.pause();
    for (let i = 0; i < 8; i += 1) slow.open('download', { path });
    const other = await trial.session();
    const { bytes } = await other.download(path);
    if (bytes.length !== 4 * BLOCK_SIZE) throw new Violation([], `${bytes.length} bytes came`);
  });
  check('FX-21.1-3', 'a client that stops in the middle of a frame stops nobody else', async (trial) => {
    const path = await trial.path('file');
    const slow = await trial.session();
    slow.send(slow.opening('upload', { path: await trial.path('slow') }).subarray(0, 20));
    const other = await trial.session();
    await other.upload(path, content(100_000));
  });
});
