import { randomBytes } from 'node:crypto';
import { bounds } from '../../bounds.js';
import type { ClientSession, OpenValues } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { codeName } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { frame } from '../../wire/encode.js';
import type { Messages } from '../../wire/messages.js';
import { BLOCK_SIZE, treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';

const file = content(3 * BLOCK_SIZE + 1000, 12);
const digest = treeDigest(file);
const small = content(500, 13);

/** Sends a part of an upload, waits until the server has taken it, and cuts the connection. */
async function cutUpload(trial: ServerTrial, values: OpenValues, bytes: Buffer): Promise<Messages['ACCEPT']> {
  const session = await trial.session();
  const stream = session.open('upload', values);
  const { message } = await session.receive('ACCEPT', stream);
  await session.sendData(stream, bytes);
  await session.barrier();
  await stored(session, stream, bytes.length);
  session.transport.resetNow();
  return message;
}

/** What came is not yet stored. A server may tell by ACK when it is; one that does not gets some time for it. */
async function stored(session: ClientSession, stream: number, length: number): Promise<void> {
  const due = Math.floor(length / BLOCK_SIZE) * BLOCK_SIZE;
  const end = performance.now() + bounds.storing;
  const told = (): boolean => session.takeAll('ACK', stream).some(({ message }) => message.offset >= due);
  while (due > 0 && !told() && performance.now() < end) await session.transport.listen(bounds.silence / 10);
}

/** The ACCEPT of a retry. */
async function retry(
  session: ClientSession,
  values: OpenValues,
): Promise<{ stream: number; accept: Messages['ACCEPT'] }> {
  const stream = session.open('upload', values);
  const { message } = await session.receive('ACCEPT', stream);
  return { stream, accept: message };
}

/** A connection of the second user, who may write where the first one does. */
async function somebodyElse(trial: ServerTrial, folder: string): Promise<ClientSession> {
  const session = await trial.secondSession();
  const { status } = await session.call('makeDirectory', { path: `${folder}/theirs`, parents: true });
  if (['PERMISSION_DENIED', 'NOT_FOUND'].includes(codeName(status)))
    trial.notApplicable('the second user may not write where the first one does');
  if (status !== 0) throw new Violation([], `the second user cannot make a folder: ${codeName(status)}`);
  return session;
}

/** Resuming. */
export const chapter12 = casesOf<ServerTrial>((check) => {
  check('FX-12.1-1', 'the operation id of somebody else is free', async (trial) => {
    trial.needsSecondUser();
    const folder = await trial.folder();
    const operationId = randomBytes(16);
    await cutUpload(
      trial,
      { operationId, path: `${folder}/mine`, size: file.length },
      file.subarray(0, 1000),
    );
    const other = await somebodyElse(trial, folder);
    const result = await other.upload(`${folder}/theirs/file`, small, { operationId });
    if (result.status !== 0)
      throw new Violation([], `RESULT ${codeName(result.status)}, as if it were the same operation`);
  });

  check('FX-12.1-1', 'nobody else goes on with an upload, or supersedes it', async (trial) => {
    trial.needsEpochs();
    trial.needsSecondUser();
    const folder = await trial.folder();
    const values = { operationId: randomBytes(16), path: `${folder}/theirs/file`, size: file.length };
    const other = await somebodyElse(trial, folder);
    const mine = await trial.session();
    const stream = mine.open('upload', values);
    await mine.receive('ACCEPT', stream);
    await mine.sendData(stream, file.subarray(0, 2 * BLOCK_SIZE));
    await stored(mine, stream, 2 * BLOCK_SIZE);
    const theirs = other.open('upload', { ...values, offset: file.length });
    const { message } = await other.receive('ACCEPT', theirs);
    if (message.offset !== 0)
      throw new Violation([], `ACCEPT at ${message.offset}, in the upload of another`);
    await mine.sendData(stream, file.subarray(2 * BLOCK_SIZE));
    mine.end(stream, file.length, digest);
    await mine.expectSuccess(stream);
    other.reset(theirs);
    await other.result(theirs);
  });

  check('FX-12.1-1', 'what was committed is a retry for nobody else', async (trial) => {
    trial.needsEpochs();
    trial.needsSecondUser();
    const folder = await trial.folder();
    const other = await somebodyElse(trial, folder);
    const values = { operationId: randomBytes(16), ifExists: 'overwrite', size: small.length };
    const path = `${folder}/theirs/file`;
    const mine = await trial.session();
    await mine.upload(path, small, values);
    await mine.expectSuccess(mine.open('remove', { path }));
    const stream = other.open('upload', { path, ...values, offset: small.length });
    const { message } = await other.receive('ACCEPT', stream);
    if (message.offset !== 0) throw new Violation([], 'ACCEPT at the end: as if they had uploaded it');
    await other.sendData(stream, small);
    other.end(stream, small.length, treeDigest(small));
    await other.expectSuccess(stream, { outcome: 'created' });
  });

  const changes: [string, (folder: string) => OpenValues][] = [
    ['path', (folder) => ({ path: `${folder}/other` })],
    ['size', () => ({ size: file.length + 1 })],
    ['no size', () => ({ size: undefined })],
    ['ifExists', () => ({ ifExists: 'overwrite' })],
    ['mtime', () => ({ mtime: 7_000_000 })],
    ['executable', () => ({ executable: true })],
    ['algorithm', () => ({ algorithm: 'sha256' })],
  ];
  for (const [what, change] of changes) {
    check('FX-12.1-2', `a known operation id with another ${what} is OPERATION_MISMATCH`, async (trial) => {
      trial.needsEpochs();
      const folder = await trial.folder();
      const values = { operationId: randomBytes(16), path: `${folder}/file`, size: file.length };
      await cutUpload(trial, values, file.subarray(0, 1000));
      const session = await trial.session({ digests: [1, 2] });
      if (what === 'algorithm' && trial.facts.hello.digests.includes(2) === false)
        trial.notApplicable('this server has one digest only, so that no other one can be asked for');
      const changed = {
        ...values,
        ...change(folder),
        ...(what === 'algorithm' ? { algorithm: 'blake3' } : {}),
      };
      await session.expectFailure(session.open('upload', changed), 'OPERATION_MISMATCH', 'none');
    });
  }

  check('FX-12.1-2', 'arguments that are written are the same as those that are assumed', async (trial) => {
    trial.needsEpochs();
    const values = { operationId: randomBytes(16), path: await trial.path('file'), size: small.length };
    const first = await cutUpload(trial, values, small.subarray(0, 100));
    const session = await trial.session();
    const { stream, accept } = await retry(session, {
      ...values,
      ifExists: 'fail',
      algorithm: 'sha256',
      offset: small.length,
    });
    if (accept.epoch <= first.epoch)
      throw new Violation(['FX-12.1-3'], `epoch ${accept.epoch} after ${first.epoch}`);
    session.reset(stream);
    await session.receiveAny(['RESULT', 'RESET'], stream);
  });

  check('FX-12.1-3', 'the epoch rises with every OPEN, or is always 0', async (trial) => {
    const values = { operationId: randomBytes(16), path: await trial.path('file'), size: small.length };
    const epochs: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { epoch } = await cutUpload(trial, values, small.subarray(0, 100));
      epochs.push(epoch);
    }
    const zero = epochs.every((epoch) => epoch === 0);
    const rising = epochs.every((epoch, i) => i === 0 || epoch > (epochs[i - 1] as number));
    if (!zero && (!rising || epochs[0] === 0)) throw new Violation([], `the epochs are ${epochs.join(', ')}`);
  });
  check(
    'FX-12.1-3',
    'a server that keeps nothing of an operation accepts its retry at 0, epoch 0',
    async (trial) => {
      if (trial.facts.keepsOperations)
        trial.notApplicable('this server keeps operations beyond their stream');
      const values = { operationId: randomBytes(16), path: await trial.path('file'), size: file.length };
      await cutUpload(trial, values, file.subarray(0, 200_000));
      const session = await trial.session();
      const { stream, accept } = await retry(session, { ...values, offset: file.length });
      if (accept.epoch !== 0 || accept.offset !== 0)
        throw new Violation([], `ACCEPT has epoch ${accept.epoch}, offset ${accept.offset}`);
      await session.sendData(stream, file);
      session.end(stream, file.length, digest);
      await session.expectSuccess(stream, { outcome: 'created' });
    },
  );

  check(['FX-12.1-4', 'FX-12.1-6'], 'an older stream is told SUPERSEDED, effect unknown', async (trial) => {
    trial.needsEpochs();
    const values = { operationId: randomBytes(16), path: await trial.path('file'), size: small.length };
    const older = await trial.session();
    const first = await retry(older, values);
    older.data(first.stream, small.subarray(0, 100));
    await older.barrier();
    const newer = await trial.session();
    const second = await retry(newer, values);
    await older.expectFailure(first.stream, 'SUPERSEDED', 'unknown');
    older.reset(first.stream);
    newer.data(second.stream, small);
    newer.end(second.stream, small.length, treeDigest(small));
    await newer.expectSuccess(second.stream, { outcome: 'created' });
    await older.barrier();
  });
  check('FX-12.1-4', 'an older stream on the same connection is told SUPERSEDED', async (trial) => {
    trial.needsEpochs();
    const values = { operationId: randomBytes(16), path: await trial.path('file'), size: small.length };
    const session = await trial.session();
    const first = await retry(session, values);
    const second = await retry(session, values);
    await session.expectFailure(first.stream, 'SUPERSEDED', 'unknown');
    session.reset(first.stream);
    session.data(second.stream, small);
    session.end(second.stream, small.length, treeDigest(small));
    await session.expectSuccess(second.stream, { outcome: 'created' });
  });
  check('FX-12.1-4', 'END of an older stream commits nothing', async (trial) => {
    trial.needsEpochs();
    const path = await trial.path('file');
    const values = { operationId: randomBytes(16), path, size: small.length };
    const older = await trial.session();
    const first = await retry(older, values);
    older.data(first.stream, small);
    const newer = await trial.session();
    const second = await retry(newer, values);
    older.end(first.stream, small.length, treeDigest(small));
    await older.expectFailure(first.stream, 'SUPERSEDED', 'unknown');
    await newer.expectFailure(newer.open('stat', { path }), 'NOT_FOUND');
    newer.reset(second.stream);
    await newer.receiveAny(['RESULT', 'RESET'], second.stream);
  });
  check('FX-12.1-4', 'a retry without offset is the newer one as well', async (trial) => {
    trial.needsEpochs();
    const values = { operationId: randomBytes(16), path: await trial.path('file'), size: small.length };
    await cutUpload(trial, values, small.subarray(0, 100));
    const session = await trial.session();
    const { status, outcome } = await session.upload(values.path, small, values);
    if (status !== 0 || outcome !== 'created')
      throw new Violation([], `RESULT ${codeName(status)}, ${outcome}`);
  });

  check(
    ['FX-12.2-1', 'FX-12.2-4', 'FX-12.2-6', 'FX-8.2-2'],
    'a cut upload goes on from what is there',
    async (trial) => {
      trial.needsEpochs();
      const path = await trial.path('file');
      const values = { operationId: randomBytes(16), path, size: file.length };
      await cutUpload(trial, values, file.subarray(0, 2 * BLOCK_SIZE + 500));
      const session = await trial.session();
      const { stream, accept } = await retry(session, { ...values, offset: file.length });
      const { offset, prefix } = accept;
      if (offset < BLOCK_SIZE)
        throw new Violation(['FX-12.2-1'], `it goes on at ${offset} of the 2 MiB that came`);
      if (prefix?.equals(treeDigest(file.subarray(0, offset))) !== true)
        throw new Violation(['FX-12.2-6'], `"prefix" is not the tree digest of the first ${offset} bytes`);
      await session.sendData(stream, file.subarray(offset));
      session.end(stream, file.length, digest);
      await session.expectSuccess(stream, { outcome: 'created' });
      const { bytes } = await session.download(path);
      if (!bytes.equals(file)) throw new Violation(['FX-8.3-1'], 'the file was put together wrongly');
    },
  );
  check(['FX-12.2-1', 'FX-8.3-2'], 'nothing of a cut upload is seen', async (trial) => {
    const folder = await trial.folder();
    const values = { operationId: randomBytes(16), path: `${folder}/file`, size: file.length };
    await cutUpload(trial, values, file.subarray(0, 100_000));
    const session = await trial.session();
    const { entries } = await session.list(folder, true);
    if (entries.length > 0) throw new Violation(['FX-8.3-2'], `${entries[0]?.path} is there`);
  });
  check('FX-12.2-1', 'RESET ends an upload for good: what was staged is dropped', async (trial) => {
    const path = await trial.path('file');
    const values = { operationId: randomBytes(16), path, size: file.length };
    const session = await trial.session();
    const first = await retry(session, values);
    await session.sendData(first.stream, file.subarray(0, 2 * BLOCK_SIZE));
    session.reset(first.stream);
    await session.receiveAny(['RESULT', 'RESET'], first.stream);
    const second = await retry(session, { ...values, offset: file.length });
    if (second.accept.offset !== 0) throw new Violation([], `it goes on at ${second.accept.offset}`);
    session.reset(second.stream);
    await session.receiveAny(['RESULT', 'RESET'], second.stream);
  });
  check('FX-12.2-1', 'a file put together from a changed source is DIGEST_MISMATCH', async (trial) => {
    trial.needsEpochs();
    const path = await trial.path('file');
    const values = { operationId: randomBytes(16), path, size: file.length };
    const other = Buffer.concat([Buffer.from('x'), file.subarray(1)]);
    await cutUpload(trial, values, other.subarray(0, 2 * BLOCK_SIZE));
    const session = await trial.session();
    const { stream, accept } = await retry(session, { ...values, offset: file.length });
    await session.sendData(stream, file.subarray(accept.offset));
    session.end(stream, file.length, digest);
    if (accept.offset === 0) await session.expectSuccess(stream);
    else await session.expectFailure(stream, 'DIGEST_MISMATCH', 'none');
  });

  for (const over of [1, BLOCK_SIZE]) {
    check('FX-12.2-2', `an offset ${over} beyond the size is MESSAGE_MALFORMED`, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      session.open('upload', { path, size: 1000, offset: 1000 + over });
      await session.expectFault('MESSAGE_MALFORMED');
    });
  }
  check('FX-12.2-2', 'an offset without size is taken', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    const { stream, accept } = await retry(session, { path, offset: 5000 });
    await session.sendData(stream, small.subarray(accept.offset));
    session.end(stream, small.length, treeDigest(small));
    await session.expectSuccess(stream, { outcome: 'created' });
  });
  for (const name of ['DATA', 'END'] as const) {
    check(
      ['FX-12.2-3', 'FX-8.1-1'],
      `${name} before ACCEPT of a resuming upload is STATE_VIOLATION`,
      async (trial) => {
        const path = await trial.path('file');
        const session = await trial.session();
        const opening = session.opening('upload', { path, size: 1000, offset: 1000 });
        const early =
          name === 'DATA'
            ? session.dataBytes(1, small)
            : frame('END', 1, { length: 0, digest: treeDigest(Buffer.alloc(0)) });
        session.send(opening, early);
        const first = await session.receiveAny(['ACCEPT', 'GOAWAY']);
        if (first.name === 'ACCEPT') trial.notApplicable('this server had ACCEPTed before it read on');
        if (first.name === 'GOAWAY' && codeName(first.message.code) !== 'STATE_VIOLATION')
          throw new Violation([], `GOAWAY ${codeName(first.message.code)}`);
      },
    );
  }
  for (const offset of [1, 999, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, file.length]) {
    check(
      ['FX-12.2-4', 'FX-12.2-6'],
      `an operation that is not known, with offset ${offset}, starts at 0`,
      async (trial) => {
        const path = await trial.path('file');
        const session = await trial.session();
        const { stream, accept } = await retry(session, { path, size: file.length, offset });
        if (accept.offset !== 0) throw new Violation([], `it goes on at ${accept.offset}`);
        session.reset(stream);
        await session.receiveAny(['RESULT', 'RESET'], stream);
      },
    );
    check(
      ['FX-12.2-4', 'FX-12.2-6'],
      `a cut upload with offset ${offset} goes on at or below it`,
      async (trial) => {
        trial.needsEpochs();
        const path = await trial.path('file');
        const values = { operationId: randomBytes(16), path, size: file.length };
        await cutUpload(trial, values, file.subarray(0, 2 * BLOCK_SIZE + 9));
        const session = await trial.session();
        const { stream, accept } = await retry(session, { ...values, offset });
        if (accept.offset > 0 && accept.prefix?.equals(treeDigest(file.subarray(0, accept.offset))) !== true)
          throw new Violation(['FX-12.2-6'], '"prefix" is not the digest of what was sent');
        session.reset(stream);
        await session.receiveAny(['RESULT', 'RESET'], stream);
      },
    );
  }
  check('FX-12.2-8', 'a retry without offset starts again at 0', async (trial) => {
    trial.needsEpochs();
    const path = await trial.path('file');
    const values = { operationId: randomBytes(16), path, size: file.length };
    await cutUpload(trial, values, file.subarray(0, 2 * BLOCK_SIZE));
    const session = await trial.session();
    const { stream, accept } = await retry(session, values);
    if (accept.offset !== 0) throw new Violation([], `it goes on at ${accept.offset}`);
    await session.sendData(stream, file);
    session.end(stream, file.length, digest);
    await session.expectSuccess(stream, { outcome: 'created' });
  });

  check(['FX-12.2-9', 'FX-12.3-2'], 'a retry that meets the commit commits nothing twice', async (trial) => {
    trial.needsEpochs();
    const folder = await trial.folder();
    const values = {
      operationId: randomBytes(16),
      path: `${folder}/file`,
      size: file.length,
      ifExists: 'rename',
    };
    const [older, newer] = [await trial.session(), await trial.session()];
    const first = await retry(older, values);
    await older.sendData(first.stream, file);
    older.end(first.stream, file.length, digest);
    const second = await retry(newer, { ...values, offset: file.length });
    await newer.sendData(second.stream, file.subarray(second.accept.offset));
    newer.end(second.stream, file.length, digest);
    const result = await newer.expectSuccess(second.stream);
    const { entries } = await newer.list(folder);
    if (entries.length !== 1)
      throw new Violation([], `${entries.length} files are there (${result.outcome})`);
  });

  /** Commits a file, and returns its RESULT. */
  const commit = async (trial: ServerTrial, values: OpenValues): Promise<Messages['RESULT']> => {
    const session = await trial.session();
    const result = await session.upload(values.path as string, file, values);
    if (result.status !== 0) throw new Violation([], `the first attempt failed: ${codeName(result.status)}`);
    return result;
  };
  const sameResult = (again: Messages['RESULT'], first: Messages['RESULT']): void => {
    for (const name of ['status', 'effect', 'outcome', 'path', 'etag'] as const) {
      if (again[name] !== first[name])
        throw new Violation(['FX-12.3-4'], `"${name}" was ${first[name]} and is ${again[name]}`);
    }
  };
  for (const policy of ['fail', 'rename', 'overwrite'] as const) {
    const title = `a retry of a committed upload under ${policy} gets the same RESULT, and commits nothing`;
    check(['FX-12.3-1', 'FX-12.3-2', 'FX-12.3-4'], title, async (trial) => {
      trial.needsEpochs();
      const folder = await trial.folder();
      const session = await trial.session();
      await session.upload(`${folder}/file`, small);
      const values = {
        operationId: randomBytes(16),
        path: policy === 'fail' ? `${folder}/new` : `${folder}/file`,
        size: file.length,
        ifExists: policy,
      };
      const first = await commit(trial, values);
      const before = (await session.list(folder)).entries;
      sameResult(await session.upload(values.path, file, values), first);
      const after = (await session.list(folder)).entries;
      if (JSON.stringify(before) !== JSON.stringify(after))
        throw new Violation(['FX-12.3-2'], 'the retry has changed something');
    });
  }
  check('FX-12.3-3', 'a resuming retry of a committed upload is ACCEPTed at its end', async (trial) => {
    trial.needsEpochs();
    const values = { operationId: randomBytes(16), path: await trial.path('file'), size: file.length };
    const first = await commit(trial, values);
    const session = await trial.session();
    const { stream, accept } = await retry(session, { ...values, offset: file.length });
    if (accept.offset !== file.length) throw new Violation([], `it is ACCEPTed at ${accept.offset}`);
    if (accept.prefix?.equals(digest) !== true)
      throw new Violation([], '"prefix" is not the digest of the file');
    session.end(stream, file.length, digest);
    sameResult(await session.result(stream), first);
  });
  check(['FX-12.3-3', 'FX-12.3-2'], 'with another offset it is ACCEPTed at 0', async (trial) => {
    trial.needsEpochs();
    const values = { operationId: randomBytes(16), path: await trial.path('file'), size: file.length };
    const first = await commit(trial, values);
    const session = await trial.session();
    const { stream, accept } = await retry(session, { ...values, offset: BLOCK_SIZE });
    if (accept.offset !== 0) throw new Violation([], `it is ACCEPTed at ${accept.offset}`);
    await session.sendData(stream, file);
    session.end(stream, file.length, digest);
    sameResult(await session.result(stream), first);
  });
  check(
    ['FX-12.3-4', 'FX-12.3-6'],
    'END of another file for a committed upload is OPERATION_MISMATCH',
    async (trial) => {
      trial.needsEpochs();
      const path = await trial.path('file');
      const values = { operationId: randomBytes(16), path, size: file.length };
      await commit(trial, values);
      const session = await trial.session();
      const other = content(file.length, 99);
      const { stream } = await retry(session, values);
      await session.sendData(stream, other);
      session.end(stream, other.length, treeDigest(other));
      await session.expectFailure(stream, 'OPERATION_MISMATCH', 'applied');
      const { bytes } = await session.download(path);
      if (!bytes.equals(file)) throw new Violation(['FX-12.3-2'], 'the file was changed');
    },
  );
  check('FX-12.3-1', 'a committed upload with other arguments is OPERATION_MISMATCH', async (trial) => {
    trial.needsEpochs();
    const path = await trial.path('file');
    const values = { operationId: randomBytes(16), path, size: file.length };
    await commit(trial, values);
    const session = await trial.session();
    const stream = session.open('upload', { ...values, path: `${path}2` });
    await session.expectFailure(stream, 'OPERATION_MISMATCH', 'none');
  });
  check('FX-12.3-5', 'a failure leaves no tombstone', async (trial) => {
    const path = await trial.path('file');
    const values = { operationId: randomBytes(16), path, size: small.length };
    const session = await trial.session();
    const stream = session.open('upload', values);
    session.data(stream, small);
    session.end(stream, small.length, digest);
    await session.expectFailure(stream, 'DIGEST_MISMATCH', 'none');
    const { status, outcome } = await session.upload(path, small, values);
    if (status !== 0 || outcome !== 'created')
      throw new Violation([], `RESULT ${codeName(status)}, ${outcome}`);
  });

  check('FX-12.4-1', 'a download with an offset and no prefix is MESSAGE_MALFORMED', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    session.open('download', { path, offset: 5 });
    await session.expectFault('MESSAGE_MALFORMED');
  });
  for (const offset of [undefined, 0]) {
    const how = offset === undefined ? 'no offset' : 'offset 0';
    check('FX-12.4-1', `a download with a prefix and ${how} is MESSAGE_MALFORMED`, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      session.open('download', { path, offset, prefix: digest });
      await session.expectFault('MESSAGE_MALFORMED');
    });
  }
  for (const offset of [1, 500, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE, file.length]) {
    const title = `a download with the first ${offset} bytes goes on there, or at 0`;
    check(['FX-12.4-3', 'FX-12.4-4'], title, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      await session.upload(path, file);
      const prefix = treeDigest(file.subarray(0, offset));
      const { accept, bytes, end, result } = await session.download(path, { offset, prefix });
      if (result.status !== 0) throw new Violation([], `RESULT ${codeName(result.status)}`);
      if (!bytes.equals(file.subarray(accept?.offset)))
        throw new Violation(
          [],
          `${bytes.length} bytes came after ACCEPT at ${accept?.offset}, or other ones`,
        );
      if (end?.digest.equals(digest) !== true)
        throw new Violation(['FX-12.4-4'], 'the digest in END is not that of the whole file');
    });
    check('FX-12.4-2', `a download with other first ${offset} bytes starts at 0`, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      await session.upload(path, file);
      const { accept, bytes } = await session.download(path, {
        offset,
        prefix: treeDigest(content(offset, 5)),
      });
      if (accept?.offset !== 0) throw new Violation([], `ACCEPT is at ${accept?.offset}`);
      if (!bytes.equals(file)) throw new Violation([], 'what came is not the whole file');
    });
  }
  check('FX-12.4-3', 'a download of a file that is shorter starts at 0', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, small);
    const { accept, bytes } = await session.download(path, { offset: file.length, prefix: digest });
    if (accept?.offset !== 0 || !bytes.equals(small))
      throw new Violation([], `ACCEPT is at ${accept?.offset}`);
  });
});
