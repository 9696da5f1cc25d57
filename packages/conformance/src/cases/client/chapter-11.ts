import type { ClientTrial } from '../../session/client-trial.js';
import type { ServerSession } from '../../session/server-session.js';
import { frame } from '../../wire/encode.js';
import { frameType, rawFrame } from '../../wire/frame.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { clientCasesOf } from './client-case.js';

/** The stat that many clients send before they download. */
async function asked(trial: ClientTrial): Promise<{ session: ServerSession; stream: number }> {
  trial.manual.add('stat');
  const session = await trial.session();
  const watch = await session.openedAny(['stat', 'download']);
  if (watch.operation !== 'stat') trial.notApplicable('this client does not ask what it downloads');
  return { session, stream: watch.id };
}

/** Calls. */
export const chapter11 = clientCasesOf((check) => {
  for (const code of ['NOT_FOUND', 'PERMISSION_DENIED', 'UNSUPPORTED', 'INTERNAL']) {
    check('get', 'FX-7.3-2', `stat is answered with ${code}`, async (trial) => {
      const { session, stream } = await asked(trial);
      session.refuse(stream, code);
      await trial.expectNoFile('FX-7.3-2');
    });
  }

  check('get', 'FX-7.3-10', 'stat succeeds without an entry', async (trial) => {
    const { session, stream } = await asked(trial);
    session.result(stream, { effect: 'none' });
    await trial.expectNoFile('FX-7.3-2');
  });

  check('get', 'FX-7.3-7', 'stat is answered with RESET', async (trial) => {
    const { session, stream } = await asked(trial);
    session.reset(stream);
    await trial.expectNoFile('FX-7.3-7');
  });

  const wrongs: Readonly<Record<string, (stream: number) => Buffer>> = {
    ACCEPT: (stream) => frame('ACCEPT', stream, { offset: 0, epoch: 0, size: 1, mtime: 0 }),
    DATA: (stream) => rawFrame(frameType('DATA'), stream, Buffer.from('x')),
    END: (stream) => frame('END', stream, { length: 0, digest: treeDigest(Buffer.alloc(0)) }),
    ENTRY: (stream) => frame('ENTRY', stream, { entries: [] }),
    ACK: (stream) => frame('ACK', stream, { offset: 0 }),
    CREDIT: (stream) => frame('CREDIT', stream, { limit: 1_000_000 }),
  };
  for (const [name, bytes] of Object.entries(wrongs)) {
    check('get', name === 'CREDIT' ? 'FX-13.2-6' : 'FX-7.2-7', `${name} on a call`, async (trial) => {
      const { session, stream } = await asked(trial);
      session.send(bytes(stream));
      await session.expectFault('STATE_VIOLATION');
      await trial.expectNoFile('FX-7.2-7');
    });
  }
});
