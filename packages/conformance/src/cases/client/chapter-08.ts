import type { ServerSession } from '../../session/server-session.js';
import { codeName, codeNumber } from '../../spec/specification.js';
import { content } from '../../wire/bytes.js';
import { frame } from '../../wire/encode.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { sameFile, take } from './endings.js';

const MiB = 1_048_576;
const large = content(60_000);
/** Credit that ends long before the file does, so that the client is known to be still sending. */
const narrow = { streamWindow: 8192 };

/** Upload. */
export const chapter08 = clientCasesOf((check) => {
  for (const [what, size] of [
    ['an empty file', 0],
    ['a file of one byte', 1],
    ['a file of exactly one block', MiB],
    ['a file of one byte more than a block', MiB + 1],
    ['a file of three blocks and some', 3 * MiB + 77],
  ] as const) {
    const rules = ['FX-8.2-5', 'FX-14.1-1', 'FX-8.2-4', 'FX-14.1-2'];
    check('put', rules, `END of ${what}`, async (trial) => {
      const { session, stream, open } = await trial.opened({}, { file: content(size) });
      const { digest, length } = await session.ended(stream);
      if (length !== size) throw new Violation(['FX-8.2-4'], `END says ${length}, the file has ${size}`);
      if (open.size !== undefined && open.size !== size)
        throw new Violation(['FX-8.2-7'], `OPEN says ${open.size}, the file has ${size}`);
      if (!digest.equals(treeDigest(trial.file)))
        throw new Violation(['FX-8.2-5'], 'END has another digest than that of the file');
      session.result(stream, { outcome: 'created' });
      sameFile(trial, session.stream(stream).bytes);
      await session.expectEnd();
      await trial.expectSuccess();
    });
  }

  check('put', ['FX-8.2-3', 'FX-8.2-1'], 'ACCEPT may be left out', async (trial) => {
    const { session, stream } = await trial.opened();
    await take(trial, session, stream);
  });

  check('put', ['FX-8.2-1', 'FX-8.1-1'], 'a small file is sent without waiting', async (trial) => {
    const { session, stream } = await trial.opened();
    await session.ended(stream);
    await session.expectSilence();
    await conclude(session, stream);
    await trial.expectSuccess();
  });

  check('put', ['FX-8.2-2', 'FX-8.2-6'], 'ACCEPT, ACK on the way, and RESULT', async (trial) => {
    const { session, stream } = await trial.opened();
    session.accept(stream, { epoch: 7, etag: 'v0' });
    session.send(frame('ACK', stream, { offset: 0 }));
    await session.ended(stream);
    for (const offset of [1, 4096, 4096, trial.file.length]) session.send(frame('ACK', stream, { offset }));
    await session.barrier();
    await conclude(session, stream);
    await trial.expectSuccess();
  });

  // ------------------------------------------------------------------ the table

  type Wrong = (session: ServerSession, stream: number) => Buffer[];
  const ok = (stream: number): Buffer => frame('RESULT', stream, { status: 0, effect: 'applied' });
  const accept = (stream: number, offset = 0): Buffer => frame('ACCEPT', stream, { offset, epoch: 0 });
  const ack = (stream: number, offset: number): Buffer => frame('ACK', stream, { offset });

  /** While the client still sends, since it has no credit for all. */
  const sending: readonly (readonly [rule: string, what: string, wrong: Wrong])[] = [
    ['FX-7.2-7', 'success before END', (_, stream) => [ok(stream)]],
    ['FX-7.2-7', 'success before END, after ACCEPT', (_, stream) => [accept(stream), ok(stream)]],
    ['FX-7.2-7', 'ACK before ACCEPT', (_, stream) => [ack(stream, 0)]],
    ['FX-7.2-7', 'ACCEPT twice', (_, stream) => [accept(stream), accept(stream)]],
    ['FX-8.2-6', 'ACK of more than was sent', (_, stream) => [accept(stream), ack(stream, 8193)]],
    ['FX-8.2-6', 'ACK that decreases', (_, stream) => [accept(stream), ack(stream, 3001), ack(stream, 3000)]],
    ['FX-7.2-7', 'END of an upload', (session, stream) => [session.endBytes(stream, Buffer.alloc(0))]],
    ['FX-7.2-7', 'DATA on an upload', (session, stream) => [session.dataBytes(stream, Buffer.from('x'))]],
    ['FX-7.2-7', 'ENTRY on an upload', (_, stream) => [frame('ENTRY', stream, { entries: [] })]],
    ['FX-12.2-4', 'ACCEPT beyond OPEN.offset', (_, stream) => [accept(stream, MiB)]],
    [
      'FX-12.2-6',
      'ACCEPT at 0 with a prefix',
      (_, stream) => [frame('ACCEPT', stream, { offset: 0, epoch: 1, prefix: Buffer.alloc(32) })],
    ],
  ];
  for (const [rule, what, wrong] of sending) {
    check('put', rule, what, async (trial) => {
      const { session, stream } = await trial.opened(narrow, { file: large });
      await session.untilBlocked(8192);
      session.send(...wrong(session, stream));
      await trial.expectFault(session, 'STATE_VIOLATION');
    });
  }

  const sent: readonly (readonly [rule: string, what: string, wrong: Wrong])[] = [
    ['FX-7.2-7', 'ACK before ACCEPT, after END', (_, stream) => [ack(stream, 0)]],
    ['FX-7.2-7', 'ACCEPT twice, after END', (_, stream) => [accept(stream), accept(stream)]],
    ['FX-8.2-6', 'ACK beyond END', (_, stream) => [accept(stream), ack(stream, 5001)]],
    ['FX-7.3-1', 'RESULT twice', (_, stream) => [ok(stream), ok(stream)]],
    ['FX-7.3-1', 'ACK after RESULT', (_, stream) => [accept(stream), ok(stream), ack(stream, 5000)]],
  ];
  for (const [rule, what, wrong] of sent) {
    check('put', rule, what, async (trial) => {
      const { session, stream } = await trial.opened();
      await session.ended(stream);
      session.send(...wrong(session, stream));
      await session.expectFault('STATE_VIOLATION');
    });
  }

  // ------------------------------------------------------------------ refused

  for (const accepted of [false, true]) {
    const when = accepted ? 'after ACCEPT' : 'before ACCEPT';
    for (const answer of ['RESULT', 'RESET'] as const) {
      check(
        'put',
        ['FX-8.4-2', 'FX-7.2-7'],
        `a ${answer} that refuses while the client sends, ${when}`,
        async (trial) => {
          const { session, stream, watch } = await trial.opened(narrow, { file: large });
          if (accepted) session.accept(stream);
          await session.untilBlocked(8192);
          if (answer === 'RESULT') session.refuse(stream, 'NO_SPACE');
          else session.reset(stream, { code: 0x2b });
          await session.until(() => watch.state === 'closed', 'RESET after the refusal');
          if (watch.reset === undefined)
            throw new Violation([], 'the client did not say that it has stopped sending');
          if (watch.reset.code !== codeNumber('CANCELLED'))
            throw new Violation([], `RESET ${codeName(watch.reset.code)}, not CANCELLED`);
          await session.expectEnd();
          await trial.expectFailure();
        },
      );
    }
  }

  check('put', 'FX-8.4-2', 'a refusal stops DATA, though credit is there', async (trial) => {
    const { session, stream, watch } = await trial.opened(narrow, { file: content(4 * MiB) });
    await session.untilBlocked(8192);
    session.send(session.resultBytes(stream, { status: 0x2b, effect: 'none' }));
    session.credit(stream, 8 * MiB);
    await session.until(() => watch.state === 'closed', 'RESET after the refusal');
    if (session.received > MiB)
      throw new Violation([], `the client sent ${session.received - 8192} bytes after it was refused`);
    await session.expectEnd();
    await trial.expectFailure();
  });

  check('put', 'FX-7.3-2', 'success under another name', async (trial) => {
    const { session, stream } = await trial.opened();
    await session.ended(stream);
    session.result(stream, { outcome: 'created', path: 'target (1).bin', etag: 'x' });
    await session.expectEnd();
    await trial.expectSuccess();
  });

  for (const outcome of ['created', 'replaced', 'identical']) {
    check('put', 'FX-7.3-2', `success with the outcome ${outcome}`, async (trial) => {
      const { session, stream } = await trial.opened();
      await session.ended(stream);
      session.result(stream, { outcome, effect: outcome === 'identical' ? 'none' : 'applied' });
      await session.expectEnd();
      await trial.expectSuccess();
    });
  }

  check('put', 'FX-7.3-2', 'DIGEST_MISMATCH of the server is a failure', async (trial) => {
    const { session, stream } = await trial.opened();
    session.accept(stream);
    await session.ended(stream);
    session.refuse(stream, 'DIGEST_MISMATCH', { retry: true });
    await trial.expectFailure();
  });
});

/** Says that the file is stored, and waits for the goodbye. */
async function conclude(session: ServerSession, stream: number): Promise<void> {
  session.result(stream, { outcome: 'created' });
  await session.expectEnd();
}
