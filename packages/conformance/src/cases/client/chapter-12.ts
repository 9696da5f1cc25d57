import type { ClientTrial } from '../../session/client-trial.js';
import type { ServerSession } from '../../session/server-session.js';
import { codeName, codeNumber } from '../../spec/specification.js';
import { content } from '../../wire/bytes.js';
import { frame } from '../../wire/encode.js';
import type { Messages } from '../../wire/messages.js';
import { BLOCK_SIZE, treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';

const size = 3 * BLOCK_SIZE + 5000;
const large = content(size);

interface Cut {
  readonly first: Messages['OPEN'];
  readonly session: ServerSession;
  readonly stream: number;
  readonly open: Messages['OPEN'];
}

/** An upload that was cut when two blocks were durable, and the client's next attempt, which asks where to go on. */
async function cutUpload(trial: ClientTrial): Promise<Cut> {
  const { session, stream, open } = await trial.opened({}, { file: large });
  session.accept(stream, { epoch: 3 });
  await session.until(() => session.received >= 2 * BLOCK_SIZE, 'two blocks');
  session.send(frame('ACK', stream, { offset: 2 * BLOCK_SIZE }));
  await session.barrier();
  session.transport.destroy();
  return { first: open, ...(await trial.resumed()) };
}

const prefix = (offset: number): Buffer => treeDigest(large.subarray(0, offset));

/** A download that was cut after two blocks, and the client's next attempt. */
async function cutDownload(trial: ClientTrial): Promise<Cut> {
  const { session, stream, open } = await trial.opened({}, { file: large });
  session.send(session.acceptingFile(stream, large));
  await session.sendData(stream, large.subarray(0, 2 * BLOCK_SIZE + 1234));
  await session.barrier();
  session.transport.end();
  return { first: open, ...(await trial.resumed()) };
}

/** Resuming. Binds clients that connect again by themselves. */
export const chapter12 = clientCasesOf((check) => {
  check(
    'put',
    ['FX-7.2-3', 'FX-12.1-2', 'FX-12.2-2'],
    'an upload that goes on is the same request',
    async (trial) => {
      const { first, open } = await cutUpload(trial);
      if (!first.operationId.equals(open.operationId))
        throw new Violation(['FX-7.2-3'], 'the retry has another operation id');
      for (const name of ['path', 'size', 'ifExists', 'mtime', 'executable', 'algorithm'] as const) {
        if (first[name] !== open[name])
          throw new Violation(['FX-12.1-2'], `the retry says ${name} = ${open[name]}, not ${first[name]}`);
      }
      if (open.size === undefined) throw new Violation(['FX-12.2-2'], 'the retry does not say the size');
    },
  );

  check(
    'put',
    ['FX-12.2-3', 'FX-8.1-1'],
    'no byte comes before ACCEPT has said where to go on',
    async (trial) => {
      const { session } = await cutUpload(trial);
      await session.expectSilence();
    },
  );

  for (const [what, offset] of [
    ['where it was cut', 2 * BLOCK_SIZE],
    ['at an earlier block', BLOCK_SIZE],
    ['at the beginning', 0],
  ] as const) {
    check('put', ['FX-12.2-7', 'FX-8.2-2', 'FX-8.2-5'], `an upload goes on ${what}`, async (trial) => {
      const { session, stream } = await cutUpload(trial);
      session.accept(stream, { epoch: 4, offset, prefix: offset > 0 ? prefix(offset) : undefined });
      const end = await session.ended(stream);
      if (!session.stream(stream).bytes.equals(large.subarray(offset)))
        throw new Violation(['FX-8.2-2'], 'the bytes that came are not those from there on');
      if (!end.digest.equals(treeDigest(large)))
        throw new Violation(['FX-8.2-5'], 'END has not the digest of the whole file');
      session.result(stream, { outcome: 'created' });
      await session.expectEnd();
      await trial.expectSuccess();
    });
  }

  check('put', ['FX-12.3-3', 'FX-12.2-4'], 'all is there already', async (trial) => {
    const { session, stream, open } = await cutUpload(trial);
    if (open.offset !== size) trial.notApplicable('this client does not ask for the end');
    session.accept(stream, { epoch: 4, offset: size, prefix: prefix(size) });
    const end = await session.ended(stream);
    if (session.received > 0) throw new Violation([], 'bytes came that were there already');
    if (end.length !== size || !end.digest.equals(treeDigest(large)))
      throw new Violation(['FX-8.2-5'], 'END is not about the whole file');
    session.result(stream, { outcome: 'created' });
    await session.expectEnd();
    await trial.expectSuccess();
  });

  check('put', 'FX-12.2-7', 'a prefix that is not that of the source', async (trial) => {
    const { session, stream, open } = await cutUpload(trial);
    const offset = Math.min(2 * BLOCK_SIZE, open.offset as number);
    session.accept(stream, { epoch: 4, offset, prefix: Buffer.alloc(32, 7) });
    const { message } = await session.receive('RESET', stream);
    if (message.code !== codeNumber('SOURCE_CHANGED'))
      throw new Violation([], `RESET ${codeName(message.code)}, not SOURCE_CHANGED`);
    if (session.received > 0) throw new Violation([], 'bytes came for another file');
  });

  const wrongs: readonly (readonly [
    string,
    string,
    (open: Messages['OPEN']) => Partial<Messages['ACCEPT']>,
  ])[] = [
    ['FX-12.2-4', 'within a block', () => ({ offset: BLOCK_SIZE + 1, prefix: prefix(BLOCK_SIZE + 1) })],
    [
      'FX-12.2-4',
      'beyond what was asked for',
      ({ offset = 0 }) => ({
        offset: 64 * BLOCK_SIZE + offset - (offset % BLOCK_SIZE),
        prefix: Buffer.alloc(32),
      }),
    ],
    ['FX-12.2-6', 'without a prefix', () => ({ offset: BLOCK_SIZE })],
    ['FX-12.2-6', 'at 0 with a prefix', () => ({ offset: 0, prefix: Buffer.alloc(32) })],
  ];
  for (const [rule, what, values] of wrongs) {
    check('put', rule, `ACCEPT of a retry ${what}`, async (trial) => {
      const { session, stream, open } = await cutUpload(trial);
      session.accept(stream, { epoch: 4, ...values(open) });
      await session.expectFault('STATE_VIOLATION');
    });
  }

  for (const epoch of [3, 1]) {
    check('put', 'FX-12.1-5', `an epoch of ${epoch} after one of 3`, async (trial) => {
      const { session, stream } = await cutUpload(trial);
      session.accept(stream, { epoch, offset: BLOCK_SIZE, prefix: prefix(BLOCK_SIZE) });
      const { message } = await session.receive('RESET', stream);
      if (message.code !== codeNumber('SUPERSEDED'))
        throw new Violation([], `RESET ${codeName(message.code)}, not SUPERSEDED`);
      if (session.received > 0) throw new Violation([], 'bytes came all the same');
      session.refuse(stream, 'SUPERSEDED', { effect: 'unknown' });
      // It may retry: not here.
      session.transport.end();
      await trial.expectFailure();
    });
  }

  check('put', 'FX-12.1-6', 'SUPERSEDED is no success', async (trial) => {
    const { session, stream } = await cutUpload(trial);
    session.refuse(stream, 'SUPERSEDED', { effect: 'unknown' });
    await trial.expectFailure();
  });

  check(
    'put',
    ['FX-12.3-7', 'FX-12.1-5'],
    'a retry to a server that keeps nothing begins again',
    async (trial) => {
      const { session, stream } = await cutUpload(trial);
      session.accept(stream, { epoch: 0 });
      await session.ended(stream);
      if (!session.stream(stream).bytes.equals(large))
        throw new Violation(['FX-8.2-2'], 'the bytes that came are not the whole file');
      session.result(stream, { outcome: 'created' });
      await session.expectEnd();
      await trial.expectSuccess();
    },
  );

  check('put', 'FX-7.3-2', 'OPERATION_MISMATCH of a retry is no success', async (trial) => {
    const { session, stream } = await cutUpload(trial);
    session.refuse(stream, 'OPERATION_MISMATCH');
    await trial.expectFailure();
  });

  // ------------------------------------------------------------------ downloads

  check('get', 'FX-12.4-1', 'a download that goes on proves what it has', async (trial) => {
    const { open } = await cutDownload(trial);
    const offset = open.offset as number;
    if (open.prefix?.equals(prefix(offset)) !== true)
      throw new Violation([], `the prefix is not that of the first ${offset} bytes`);
  });

  for (const [what, again] of [
    ['goes on', false],
    ['begins again', true],
  ] as const) {
    check(
      'get',
      again ? ['FX-12.4-5', 'FX-12.4-3'] : ['FX-12.4-4', 'FX-12.4-3'],
      `a download ${what}`,
      async (trial) => {
        const { session, stream, open } = await cutDownload(trial);
        await session.serveFile(stream, large, { offset: again ? 0 : (open.offset as number) });
        await session.expectEnd();
        await trial.expectFile();
      },
    );
  }

  check('get', 'FX-12.4-4', 'a download that goes on, with another digest', async (trial) => {
    const { session, stream, open } = await cutDownload(trial);
    const offset = open.offset as number;
    session.send(session.acceptingFile(stream, large, { offset }));
    await session.sendData(stream, large.subarray(offset));
    session.send(session.endBytes(stream, large, { digest: Buffer.alloc(32) }));
    session.send(session.resultBytes(stream, { effect: 'none' }));
    await trial.expectNoFile();
  });

  for (const [what, values] of [
    ['somewhere between', { offset: BLOCK_SIZE }],
    ['with a prefix', { offset: 0, prefix: Buffer.alloc(32) }],
  ] as const) {
    check('get', 'FX-12.4-3', `ACCEPT of a download that goes on, ${what}`, async (trial) => {
      const { session, stream } = await cutDownload(trial);
      session.send(session.acceptingFile(stream, large, values));
      await session.expectFault('STATE_VIOLATION');
    });
  }
});
