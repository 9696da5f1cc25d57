import type { ServerTrial } from '../../session/server-trial.js';
import { codeName } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { BLOCK_SIZE, treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';

/** Download. */
export const chapter09 = casesOf<ServerTrial>((check) => {
  check('FX-9.2-1', 'ACCEPT tells the same as stat', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, content(77), { mtime: 1_600_000_000_000_000, executable: true });
    const { accept } = await session.download(path);
    const { entry } = await session.expectSuccess(session.open('stat', { path }));
    for (const name of ['size', 'mtime', 'executable', 'etag'] as const) {
      if (accept?.[name] !== entry?.[name])
        throw new Violation([], `"${name}" is ${accept?.[name]} in ACCEPT, ${entry?.[name]} in stat`);
    }
    if (accept?.size !== 77) throw new Violation([], `the size is ${accept?.size}, not 77`);
  });
  check('FX-9.2-2', 'the algorithm of OPEN is the one of ACCEPT', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ digests: [2, 1] });
    await session.upload(path, content(10), { algorithm: 'sha256' });
    const { accept, end } = await session.download(path, { algorithm: 'sha256' });
    if ((accept?.algorithm ?? 'sha256') !== 'sha256')
      throw new Violation([], `ACCEPT has ${accept?.algorithm}`);
    if (end?.digest.equals(treeDigest(content(10))) !== true)
      throw new Violation([], 'END has another digest');
  });

  check('FX-9.2-3', 'the etag that is there is served', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, content(10));
    const { entry } = await session.expectSuccess(session.open('stat', { path }));
    if (entry?.etag === undefined) trial.notApplicable('this server gives no etag');
    const { result, bytes } = await session.download(path, { ifMatch: entry?.etag });
    if (result.status !== 0 || !bytes.equals(content(10)))
      throw new Violation([], `RESULT ${codeName(result.status)}`);
  });
  for (const [what, ifMatch] of [
    ['another etag', 'no-such-etag'],
    ['an empty etag', ''],
  ] as const) {
    check('FX-9.2-3', `${what} is PRECONDITION_FAILED`, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      await session.upload(path, content(10));
      await session.expectFailure(session.open('download', { path, ifMatch }), 'PRECONDITION_FAILED', 'none');
    });
  }
  check(
    ['FX-9.2-3', 'FX-15.2-2'],
    'the etag of a version that was replaced is PRECONDITION_FAILED',
    async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      await session.upload(path, content(10));
      const { entry } = await session.expectSuccess(session.open('stat', { path }));
      if (entry?.etag === undefined) trial.notApplicable('this server gives no etag');
      await session.upload(path, content(10, 2), { ifExists: 'overwrite' });
      await session.expectFailure(
        session.open('download', { path, ifMatch: entry?.etag }),
        'PRECONDITION_FAILED',
      );
    },
  );

  for (const size of [0, 1, 65_536, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE + 7]) {
    check(
      ['FX-9.2-4', 'FX-9.2-5', 'FX-14.1-1'],
      `a file of ${size} bytes comes whole, with its digest`,
      async (trial) => {
        const path = await trial.path('file');
        const file = content(size);
        const session = await trial.session();
        await session.upload(path, file);
        const { bytes, end, result } = await session.download(path);
        if (result.status !== 0) throw new Violation([], `RESULT ${codeName(result.status)}`);
        if (!bytes.equals(file)) throw new Violation([], `${bytes.length} bytes came, or other ones`);
        if (end?.length !== size) throw new Violation(['FX-9.2-5'], `END has the length ${end?.length}`);
        if (!end.digest.equals(treeDigest(file)))
          throw new Violation(['FX-9.2-5', 'FX-14.1-1'], 'END has another digest');
      },
    );
  }
  check('FX-9.2-4', 'a file that is replaced meanwhile is never mixed', async (trial) => {
    const path = await trial.path('file');
    const [before, after] = [content(200_000, 1), content(200_000, 2)];
    const session = await trial.session({ streamWindow: 8192 });
    await session.upload(path, before);
    const stream = session.open('download', { path });
    await session.receive('DATA', stream);
    const other = await trial.session();
    await other.upload(path, after, { ifExists: 'overwrite' });
    session.credit(stream, 1_000_000);
    const { bytes, result, end } = await session.downloaded(stream);
    if (result.status !== 0) {
      if (codeName(result.status) !== 'SOURCE_CHANGED')
        throw new Violation([], `RESULT ${codeName(result.status)}, not SOURCE_CHANGED`);
      return;
    }
    const all = before.subarray(0, before.length - bytes.length).length;
    if (!before.subarray(all).equals(bytes) || end?.digest.equals(treeDigest(before)) !== true)
      throw new Violation([], 'what came is not one of the versions');
  });
  check('FX-9.2-4', 'many downloads at once do not get mixed', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const files = Array.from({ length: 8 }, (_, i) => content(50_000 + i, i + 1));
    for (const [i, file] of files.entries()) await session.upload(`${folder}/${i}`, file);
    const streams = files.map((_, i) => session.open('download', { path: `${folder}/${i}` }));
    for (const [i, stream] of streams.entries()) {
      const { bytes } = await session.downloaded(stream);
      if (!bytes.equals(files[i] as Buffer)) throw new Violation([], `file ${i} came changed`);
    }
  });

  check('FX-9.2-6', 'a folder is IS_A_DIRECTORY', async (trial) => {
    const path = await trial.folder();
    const session = await trial.session();
    await session.expectFailure(session.open('download', { path }), 'IS_A_DIRECTORY', 'none');
  });
  check('FX-9.2-6', 'nothing is NOT_FOUND', async (trial) => {
    const path = await trial.path('none');
    const session = await trial.session();
    await session.expectFailure(session.open('download', { path }), 'NOT_FOUND', 'none');
    await session.expectFailure(session.open('download', { path: `${path}/below` }), 'NOT_FOUND', 'none');
  });
});
