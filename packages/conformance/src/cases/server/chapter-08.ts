import { createHash } from 'node:crypto';
import type { ServerTrial } from '../../session/server-trial.js';
import { codeName } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { BLOCK_SIZE, treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { startUpload } from './situations.js';

const empty = treeDigest(Buffer.alloc(0));
const old = content(300, 1);
const young = content(300, 2);

/** Upload. */
export const chapter08 = casesOf<ServerTrial>((check) => {
  check('FX-8.1-1', 'an offset of 0 that is written is as none', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    const stream = session.open('upload', { path, offset: 0 });
    session.data(stream, old);
    session.end(stream, old.length, treeDigest(old));
    await session.expectSuccess(stream, { outcome: 'created' });
  });

  check(['FX-8.2-1', 'FX-8.2-3'], 'OPEN, DATA and END may come at once', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    session.send(
      session.opening('upload', { path, size: old.length }),
      session.dataBytes(1, old),
      session.endBytes(1, old.length, treeDigest(old)),
    );
    await session.expectSuccess(1, { outcome: 'created', effect: 'applied' });
  });
  check('FX-8.2-1', 'DATA may come before ACCEPT, END after it', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    session.send(session.opening('upload', { path }), session.dataBytes(1, old));
    await session.receive('ACCEPT', 1);
    session.end(1, old.length, treeDigest(old));
    await session.expectSuccess(1, { outcome: 'created' });
  });

  check(
    'FX-8.2-2',
    'the first byte of DATA is the first byte of the file, the next ones follow',
    async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      const stream = session.open('upload', { path });
      for (const [from, to] of [
        [0, 1],
        [1, 200],
        [200, 201],
        [201, 300],
      ])
        session.data(stream, old.subarray(from, to));
      session.end(stream, old.length, treeDigest(old));
      await session.expectSuccess(stream, { outcome: 'created' });
      const { bytes } = await session.download(path);
      if (!bytes.equals(old)) throw new Violation([], 'the file came back changed');
    },
  );

  for (const [what, length] of [
    ['short', 299],
    ['long', 301],
    ['0', 0],
    ['2^53-1', 2 ** 53 - 1],
  ] as const) {
    check('FX-8.2-4', `END whose length is ${what} is LENGTH_MISMATCH`, async (trial) => {
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.data(stream, old);
      session.end(stream, length, treeDigest(old));
      await session.expectFault('LENGTH_MISMATCH');
    });
  }

  for (const size of [0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE + 5]) {
    check(
      ['FX-8.2-5', 'FX-14.1-1', 'FX-14.1-2'],
      `the tree digest of ${size} bytes is accepted`,
      async (trial) => {
        const path = await trial.path('file');
        const session = await trial.session();
        const { status } = await session.upload(path, content(size));
        if (status !== 0) throw new Violation([], `RESULT ${codeName(status)}`);
      },
    );
  }

  check('FX-8.2-6', 'ACK rises, up to what was sent', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    // ACKs are judged as they come; a server need not send one.
    await session.upload(path, content(4 * BLOCK_SIZE));
  });

  check(
    ['FX-8.2-7', 'FX-8.3-1'],
    'less than the size is LENGTH_MISMATCH, and the connection goes on',
    async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      const stream = session.open('upload', { path, size: 301 });
      session.data(stream, old);
      session.end(stream, 300, treeDigest(old));
      await session.expectFailure(stream, 'LENGTH_MISMATCH', 'none');
      await session.expectFailure(session.open('stat', { path }), 'NOT_FOUND');
    },
  );
  for (const sizes of [[301], [300, 1], [100, 100, 200]]) {
    const title = `more than the size, in ${sizes.length} frames, is LENGTH_MISMATCH before END`;
    check('FX-8.2-7', title, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      const stream = session.open('upload', { path, size: 300 });
      for (const size of sizes) session.data(stream, content(size));
      await session.expectFailure(stream, 'LENGTH_MISMATCH', 'none');
      session.reset(stream);
      await session.expectFailure(session.open('stat', { path }), 'NOT_FOUND');
    });
  }

  const digests: [string, Buffer][] = [
    ['of another file', treeDigest(young)],
    [
      'with one bit changed',
      Buffer.concat([treeDigest(old).subarray(0, 31), Buffer.of(treeDigest(old)[31]! ^ 1)]),
    ],
    ['of zeros', Buffer.alloc(32)],
    ['that is the plain sha256', createHash('sha256').update(old).digest()],
  ];
  for (const [what, digest] of digests) {
    check(
      ['FX-8.3-1', 'FX-14.1-1'],
      `a digest ${what} is DIGEST_MISMATCH, and nothing is stored`,
      async (trial) => {
        const folder = await trial.folder();
        const session = await trial.session();
        const stream = session.open('upload', { path: `${folder}/file` });
        session.data(stream, old);
        session.end(stream, old.length, digest);
        await session.expectFailure(stream, 'DIGEST_MISMATCH', 'none');
        const { entries } = await session.list(folder, true);
        if (entries.length > 0) throw new Violation([], `${entries[0]?.path} is there`);
      },
    );
  }
  check('FX-8.3-1', 'a digest of blocks in another order is DIGEST_MISMATCH', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    const blocks = [content(BLOCK_SIZE, 1), content(BLOCK_SIZE, 2)] as const;
    const stream = session.open('upload', { path });
    await session.sendData(stream, Buffer.concat(blocks));
    session.end(stream, 2 * BLOCK_SIZE, treeDigest(Buffer.concat(blocks.toReversed())));
    await session.expectFailure(stream, 'DIGEST_MISMATCH', 'none');
  });
  check('FX-8.3-1', 'an existing file stays as it is when its replacement is damaged', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, old);
    const stream = session.open('upload', { path, ifExists: 'overwrite' });
    session.data(stream, young);
    session.end(stream, young.length, empty);
    await session.expectFailure(stream, 'DIGEST_MISMATCH', 'none');
    const { bytes } = await session.download(path);
    if (!bytes.equals(old)) throw new Violation([], 'the file was changed');
  });

  for (const [what, ended] of [
    ['no byte of it has come', false],
    ['all bytes of it have come', true],
  ] as const) {
    check('FX-8.3-2', `nothing is seen under its name when ${what}, without END`, async (trial) => {
      const folder = await trial.folder();
      const path = `${folder}/file`;
      const session = await trial.session();
      const stream = session.open('upload', { path, size: 300 });
      if (ended) session.data(stream, old);
      await session.receive('ACCEPT', stream);
      await session.barrier();
      const other = await trial.session();
      await other.expectFailure(other.open('stat', { path }), 'NOT_FOUND');
      await other.expectFailure(other.open('download', { path }), 'NOT_FOUND');
      const { entries } = await other.list(folder, true);
      if (entries.length > 0) throw new Violation([], `${JSON.stringify(entries[0]?.path)} is there`);
    });
  }
  check('FX-8.3-2', 'the old file is whole until the new one is committed', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, old);
    const stream = session.open('upload', { path, ifExists: 'overwrite' });
    session.data(stream, young);
    await session.receive('ACCEPT', stream);
    await session.barrier();
    const before = await session.download(path);
    session.end(stream, young.length, treeDigest(young));
    await session.expectSuccess(stream, { outcome: 'replaced' });
    const after = await session.download(path);
    if (!before.bytes.equals(old) || !after.bytes.equals(young))
      throw new Violation([], 'a mixture was seen');
  });

  check('FX-8.3-3', 'of many racers for one name exactly one wins', async (trial) => {
    const path = await trial.path('one');
    const sessions = await Promise.all(Array.from({ length: 4 }, () => trial.session()));
    const results = await Promise.all(
      sessions.flatMap((session, i) => [
        session.upload(path, content(100, 10 + i)),
        session.upload(path, content(100, 20 + i)),
      ]),
    );
    const won = results.filter(({ status }) => status === 0);
    const lost = results.filter(({ status }) => codeName(status) === 'ALREADY_EXISTS');
    if (won.length !== 1 || lost.length !== results.length - 1)
      throw new Violation([], `${won.length} were told success, ${lost.length} ALREADY_EXISTS`);
  });
  check('FX-8.3-3', 'racers that may be renamed all get names of their own', async (trial) => {
    const folder = await trial.folder();
    const sessions = await Promise.all(Array.from({ length: 3 }, () => trial.session()));
    const results = await Promise.all(
      sessions.map((session, i) =>
        session.upload(`${folder}/one`, content(100, 10 + i), { ifExists: 'rename' }),
      ),
    );
    const names = new Set(
      results.map(({ status, path }) => (status === 0 ? (path ?? `${folder}/one`) : 'none')),
    );
    if (names.size !== 3 || names.has('none'))
      throw new Violation([], `the names are ${[...names].join(', ')}`);
  });

  for (const policy of [undefined, 'fail', 'skip'] as const) {
    check('FX-8.3-5', `${policy ?? 'no policy'} keeps what is there`, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      await session.upload(path, old);
      const { status, effect } = await session.upload(path, young, { ifExists: policy });
      if (codeName(status) !== 'ALREADY_EXISTS' || effect !== 'none')
        throw new Violation([], `RESULT ${codeName(status)}, effect ${effect}`);
      const { bytes } = await session.download(path);
      if (!bytes.equals(old)) throw new Violation([], 'the file was changed');
    });
  }
  check('FX-8.3-5', 'rename stores under another name in the same folder', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.upload(`${folder}/file.txt`, old);
    const { status, path, outcome } = await session.upload(`${folder}/file.txt`, young, {
      ifExists: 'rename',
    });
    if (status !== 0 || outcome !== 'created' || path === undefined)
      throw new Violation([], `RESULT ${codeName(status)}, ${outcome}, path ${path}`);
    if (!path.startsWith(`${folder}/`) || path.slice(folder.length + 1).includes('/'))
      throw new Violation([], `it is stored as ${JSON.stringify(path)}`);
    const [first, second] = [await session.download(`${folder}/file.txt`), await session.download(path)];
    if (!first.bytes.equals(old) || !second.bytes.equals(young))
      throw new Violation([], 'a file was changed');
  });
  check('FX-8.3-5', 'rename of a name that is free stores under that name', async (trial) => {
    const asked = await trial.path('file');
    const session = await trial.session();
    const { path = asked, outcome } = await session.upload(asked, young, { ifExists: 'rename' });
    if (path !== asked || outcome !== 'created')
      throw new Violation([], `${outcome} as ${JSON.stringify(path)}`);
  });
  check('FX-8.3-5', 'overwrite replaces a file', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, old);
    const { outcome, effect } = await session.upload(path, young, { ifExists: 'overwrite' });
    if (outcome !== 'replaced' || effect !== 'applied') throw new Violation([], `${outcome}, ${effect}`);
    const { bytes } = await session.download(path);
    if (!bytes.equals(young)) throw new Violation([], 'the old file is still there');
  });
  check('FX-8.3-5', 'overwrite of nothing creates', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    const { outcome } = await session.upload(path, young, { ifExists: 'overwrite' });
    if (outcome !== 'created') throw new Violation([], `the outcome is ${outcome}`);
  });
  const second = 1_000_000;
  for (const [what, mtime, replaced] of [
    ['lower', 2000 * second, true],
    ['the same', 1000 * second, false],
    ['higher', 500 * second, false],
  ] as const) {
    check('FX-8.3-5', `newer, when the time of the file is ${what}`, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      await session.upload(path, old, { mtime: 1000 * second });
      const { status, outcome } = await session.upload(path, young, { mtime, ifExists: 'newer' });
      const is = codeName(status) === 'OK' ? outcome : codeName(status);
      if (is !== (replaced ? 'replaced' : 'ALREADY_EXISTS')) throw new Violation([], `the answer is ${is}`);
      const { bytes } = await session.download(path);
      if (!bytes.equals(replaced ? young : old)) throw new Violation([], 'the file is not what RESULT says');
    });
  }

  for (const policy of ['fail', 'skip', 'rename'] as const) {
    check('FX-8.3-6', `the same content under ${policy} is identical`, async (trial) => {
      const folder = await trial.folder();
      const session = await trial.session();
      await session.upload(`${folder}/file`, old);
      const stream = session.open('upload', { path: `${folder}/file`, ifExists: policy });
      session.data(stream, old);
      session.end(stream, old.length, treeDigest(old));
      // Under *skip* nobody wants to hear of the content: FX-8.3-9 lets a server refuse before any has come.
      const { status, outcome, effect } = await session.result(stream);
      const kept = policy === 'skip' && codeName(status) === 'ALREADY_EXISTS';
      if (!kept && (status !== 0 || outcome !== 'identical'))
        throw new Violation([], `RESULT ${codeName(status)}, ${outcome}`);
      if (effect !== 'none') throw new Violation([], `the effect is ${effect}`);
      const { entries } = await session.list(folder);
      if (entries.length !== 1) throw new Violation([], `${entries.length} files are there`);
    });
  }
  check(
    'FX-8.3-6',
    'the same content under the name that rename would choose is identical',
    async (trial) => {
      const folder = await trial.folder();
      const session = await trial.session();
      await session.upload(`${folder}/file`, old);
      const { path } = await session.upload(`${folder}/file`, young, { ifExists: 'rename' });
      const again = await session.upload(`${folder}/file`, young, { ifExists: 'rename' });
      if (again.outcome !== 'identical' || again.path !== path || again.effect !== 'none')
        throw new Violation([], `${again.outcome} as ${again.path}, effect ${again.effect}`);
    },
  );

  for (const policy of ['fail', 'skip', 'overwrite', 'newer'] as const) {
    check('FX-8.3-7', `a folder under that name is IS_A_DIRECTORY under ${policy}`, async (trial) => {
      const path = await trial.path('folder');
      const session = await trial.session();
      await session.call('makeDirectory', { path });
      const { status, effect } = await session.upload(path, old, {
        ifExists: policy,
        mtime: 4_000_000_000_000_000,
      });
      if (codeName(status) !== 'IS_A_DIRECTORY' || effect !== 'none')
        throw new Violation([], `RESULT ${codeName(status)}, effect ${effect}`);
    });
  }
  check('FX-8.3-7', 'a folder under that name is no obstacle to rename', async (trial) => {
    const asked = await trial.path('folder');
    const session = await trial.session();
    await session.call('makeDirectory', { path: asked });
    const { outcome, path } = await session.upload(asked, old, { ifExists: 'rename' });
    if (outcome !== 'created' || path === undefined) throw new Violation([], `${outcome} as ${path}`);
  });

  check(
    ['FX-8.3-8', 'FX-8.3-9'],
    'a folder that does not exist is PARENT_NOT_FOUND, and not made',
    async (trial) => {
      const folder = await trial.folder();
      const session = await trial.session();
      const { status, effect } = await session.upload(`${folder}/a/b/file`, old);
      if (codeName(status) !== 'PARENT_NOT_FOUND' || effect !== 'none')
        throw new Violation([], `RESULT ${codeName(status)}, effect ${effect}`);
      await session.expectFailure(session.open('stat', { path: `${folder}/a` }), 'NOT_FOUND');
    },
  );
  check('FX-8.3-8', 'a parent that is a file is NOT_A_DIRECTORY', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.upload(`${folder}/file`, old);
    const { status } = await session.upload(`${folder}/file/below`, old);
    if (!['NOT_A_DIRECTORY', 'PARENT_NOT_FOUND'].includes(codeName(status)))
      throw new Violation([], `RESULT ${codeName(status)}`);
  });

  for (const executable of [true, false]) {
    check(['FX-8.3-10', 'FX-15.2-3'], `executable ${executable} becomes the file's`, async (trial) => {
      const path = await trial.path('program');
      const session = await trial.session();
      await session.upload(path, old, { executable });
      const { entry } = await session.expectSuccess(session.open('stat', { path }));
      if ((entry?.executable === true) !== executable) throw new Violation([], `it is ${entry?.executable}`);
    });
  }

  check(
    ['FX-8.4-1', 'FX-13.2-4'],
    'a refused upload is dropped, and its credit returned on the connection',
    async (trial) => {
      const path = await trial.path('missing/file');
      const session = await trial.session();
      const { connectionWindow, streamWindow, maxDataPayload } = session.server;
      const stream = session.open('upload', { path });
      await session.expectFailure(stream, 'PARENT_NOT_FOUND', 'none');
      const before = session.limitOf(0);
      let sent = 0;
      for (const most = Math.min(connectionWindow, streamWindow); sent < most; ) {
        const piece = Math.min(maxDataPayload, most - sent, 65_536);
        session.data(stream, Buffer.alloc(piece));
        sent += piece;
      }
      await session.transport.until(() => {
        session.check();
        return session.limitOf(0) >= sent + connectionWindow / 2;
      }, `credit of the connection for ${sent} bytes that were dropped (it was ${before})`);
      session.reset(stream);
      await session.barrier();
      if (session.takeAll('CREDIT', stream).length > 0)
        throw new Violation(['FX-13.2-4'], 'credit was returned on the stream as well');
    },
  );
  check('FX-8.4-1', 'END after a refusal ends the stream without another answer', async (trial) => {
    const path = await trial.path('missing/file');
    const session = await trial.session();
    const stream = session.open('upload', { path });
    await session.expectFailure(stream, 'PARENT_NOT_FOUND');
    session.data(stream, old);
    session.end(stream, 300, treeDigest(old));
    await session.barrier();
    await session.expectFailure(session.open('stat', { path }), ['NOT_FOUND', 'PARENT_NOT_FOUND']);
  });
  check('FX-8.4-1', 'DATA after END of a refused upload is STATE_VIOLATION', async (trial) => {
    const path = await trial.path('missing/file');
    const session = await trial.session();
    const stream = session.open('upload', { path });
    await session.expectFailure(stream, 'PARENT_NOT_FOUND');
    session.end(stream, 0, empty);
    session.data(stream, old);
    await session.expectFault('STATE_VIOLATION');
  });

  for (const accepted of [true, false]) {
    check(
      'FX-8.4-3',
      `after RESET ${accepted ? 'and ACCEPT' : 'at once'} nothing is committed`,
      async (trial) => {
        const path = await trial.path('file');
        const session = await trial.session();
        const stream = session.open('upload', { path, size: old.length });
        if (accepted) await session.receive('ACCEPT', stream);
        session.send(session.dataBytes(stream, old), session.resetBytes(stream));
        const last = await session.receiveAny(['RESULT', 'RESET'], stream);
        if (last.name === 'RESULT' && last.message.status === 0)
          throw new Violation([], 'RESULT says success');
        await session.expectFailure(session.open('stat', { path }), 'NOT_FOUND');
      },
    );
  }
  check('FX-8.4-4', 'RESET after END is answered with the truth', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    session.send(
      session.opening('upload', { path }),
      session.dataBytes(1, old),
      session.endBytes(1, old.length, treeDigest(old)),
      session.resetBytes(1),
    );
    const last = await session.receiveAny(['RESULT', 'RESET'], 1);
    const { status } = await session.call('stat', { path });
    const there = status === 0;
    if (last.name === 'RESULT' && last.message.effect !== 'unknown') {
      if (there !== (last.message.effect === 'applied'))
        throw new Violation(
          [],
          `RESULT has the effect ${last.message.effect}, the file is ${there ? '' : 'not '}there`,
        );
    }
  });
});
