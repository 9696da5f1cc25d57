import type { ServerTrial } from '../../session/server-trial.js';
import { codeName } from '../../spec/specification.js';
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
    if (session.server.mechanisms?.includes('ANONYMOUS') === true) {
      await session.transport.sendEachByte(frame('AUTH', 0, { mechanism: 'ANONYMOUS' }));
      await session.receive('AUTH');
    } else await session.authenticate();
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

  check('FX-2.1-3', 'FileX is spoken as the address says: in plaintext, or inside TLS', async (trial) => {
    const session = await trial.session();
    await session.barrier();
  });

  // ------------------------------------------------------------------ TLS

  check(['FX-2.1-3', 'FX-2.1-6'], 'inside TLS nothing of FileX changes', async (trial) => {
    await trial.needsTls();
    const session = await trial.greetedOver(await trial.dialSecure());
    await session.authenticate();
    await session.barrier();
  });

  check('FX-2.1-3', 'a client that can do no more than TLS 1.2 is refused', async (trial) => {
    const transport = await trial.handshake({ maxVersion: 'TLSv1.2' });
    if (transport !== undefined) throw new Violation([], 'the server speaks TLS 1.2');
  });

  for (const alpn of [['h2'], ['http/1.1', 'filex'], ['filex/2'], ['FILEX/1']]) {
    check('FX-2.1-6', `a client that offers ${alpn.join(' and ')} only is refused`, async (trial) => {
      const transport = await trial.handshake({ alpn });
      if (transport !== undefined) throw new Violation([], 'the server goes on with the handshake');
    });
  }

  check('FX-2.1-6', 'filex/1 is found among other application protocols', async (trial) => {
    const transport = await trial.handshake({ alpn: ['h2', 'filex/1', 'http/1.1'] });
    if (transport === undefined) throw new Violation([], 'the server ends the handshake');
    if (transport.tls?.alpn !== 'filex/1')
      throw new Violation([], `the server has chosen "${transport.tls?.alpn}"`);
  });

  check(['FX-2.1-5', 'FX-6.2-10'], 'plaintext at the port of TLS is taken or refused', async (trial) => {
    await trial.needsTls();
    const session = trial.over(await trial.dialPlain());
    session.greet();
    const answer = await session.transport.firstByte('an answer to plaintext');
    if (answer !== PREFACE[0]) trial.notApplicable('this server speaks nothing but TLS at this port');
    const came = await session.receiveAny(['HELLO', 'GOAWAY']);
    if (came.name !== 'GOAWAY') return;
    if (codeName(came.message.code) !== 'PLAINTEXT_REFUSED')
      throw new Violation([], `GOAWAY ${codeName(came.message.code)}, not PLAINTEXT_REFUSED`);
    await session.transport.untilEnd('the end of the transport after GOAWAY');
  });
});
