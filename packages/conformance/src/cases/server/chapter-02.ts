import type { ServerTrial } from '../../session/server-trial.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { frame } from '../../wire/encode.js';
import { PREFACE } from '../../wire/frame.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';

/** Transport and addresses. */
export const chapter02 = casesOf<ServerTrial>((check) => {
  check('FX-2.1-2', 'a whole session byte by byte is the same as at once', async (trial) => {
    const path = await trial.path('bytewise');
    const session = await trial.fresh();
    await session.transport.sendEachByte(Buffer.concat([PREFACE, session.helloBytes()]));
    await session.receive('HELLO');
    await session.transport.sendEachByte(frame('AUTH', 0, { mechanism: 'ANONYMOUS' }));
    await session.receive('AUTH');
    const file = content(50);
    await session.transport.sendEachByte(session.opening('upload', { path, size: 50 }));
    await session.transport.sendEachByte(session.dataBytes(1, file));
    await session.transport.sendEachByte(session.endBytes(1, 50, treeDigest(file)));
    await session.expectSuccess(1, { outcome: 'created' });
  });

  check('FX-2.1-2', 'many frames in one write are the same as one by one', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const file = content(100);
    const streams = Array.from({ length: 20 }, (_, i) => 2 * i + 1);
    session.send(
      ...streams.flatMap((stream) => [
        session.opening('upload', { path: `${folder}/${stream}`, size: 100 }, stream),
        session.dataBytes(stream, file.subarray(0, 33)),
        session.dataBytes(stream, file.subarray(33)),
        session.endBytes(stream, 100, treeDigest(file)),
      ]),
    );
    for (const stream of streams) await session.expectSuccess(stream, { outcome: 'created' });
  });

  for (const size of [1, 3, 9, 11, 17]) {
    check('FX-2.1-2', `an upload in writes of ${size} bytes arrives as it is`, async (trial) => {
      const path = await trial.path('pieces');
      const session = await trial.session();
      const file = content(200);
      const bytes = Buffer.concat([
        session.opening('upload', { path }),
        session.dataBytes(1, file.subarray(0, 1)),
        session.dataBytes(1, file.subarray(1)),
        session.endBytes(1, 200, treeDigest(file)),
      ]);
      for (let at = 0; at < bytes.length; at += size) {
        await session.transport.sendAndFlush(bytes.subarray(at, at + size));
      }
      await session.expectSuccess(1);
      const back = await session.download(path);
      if (!back.bytes.equals(file)) throw new Violation([], 'the file came back changed');
    });
  }

  check('FX-2.1-3', 'filex+tcp is spoken as plaintext', async (trial) => {
    const session = await trial.session();
    await session.barrier();
  });
});
