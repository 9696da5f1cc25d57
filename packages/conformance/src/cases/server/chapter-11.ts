import type { ClientSession } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { codeName } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import type { Messages } from '../../wire/messages.js';
import { BLOCK_SIZE, treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';

/** Calls. */
export const chapter11 = casesOf<ServerTrial>((check) => {
  check('FX-11.2-1', 'stat of a file gives its entry, with the path that was asked for', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, content(123));
    const { entry } = await session.expectSuccess(session.open('stat', { path }), { effect: 'none' });
    if (entry?.path !== path || entry.kind !== 'file' || entry.size !== 123)
      throw new Violation([], `the entry is ${JSON.stringify(entry)}`);
  });
  check(['FX-11.2-1', 'FX-15.2-1'], 'stat of a folder', async (trial) => {
    const path = await trial.folder();
    const session = await trial.session();
    const { entry } = await session.expectSuccess(session.open('stat', { path }));
    if (entry?.path !== path || entry.kind !== 'directory' || entry.size !== 0)
      throw new Violation([], `the entry is ${JSON.stringify(entry)}`);
  });
  check(['FX-11.2-1', 'FX-11.2-7'], 'stat of the root has no path', async (trial) => {
    const session = await trial.session();
    const { entry } = await session.expectSuccess(session.open('stat'));
    if (entry === undefined || entry.path !== undefined || entry.kind !== 'directory')
      throw new Violation([], `the entry is ${JSON.stringify(entry)}`);
  });
  check('FX-11.2-1', 'stat of nothing is NOT_FOUND', async (trial) => {
    const path = await trial.path('none');
    const session = await trial.session();
    await session.expectFailure(session.open('stat', { path }), 'NOT_FOUND', 'none');
    await session.expectFailure(session.open('stat', { path: `${path}/below` }), 'NOT_FOUND', 'none');
  });

  check('FX-11.2-2', 'makeDirectory makes a folder', async (trial) => {
    const path = await trial.path('folder');
    const session = await trial.session();
    await session.expectSuccess(session.open('makeDirectory', { path }), {
      outcome: 'created',
      effect: 'applied',
    });
    const { entry } = await session.expectSuccess(session.open('stat', { path }));
    if (entry?.kind !== 'directory') throw new Violation([], `it is a ${entry?.kind}`);
  });
  check('FX-11.2-2', 'a folder that is there is identical', async (trial) => {
    const path = await trial.folder();
    const session = await trial.session();
    await session.expectSuccess(session.open('makeDirectory', { path }), { outcome: 'identical' });
    await session.expectSuccess(session.open('makeDirectory', { path, parents: true }), {
      outcome: 'identical',
    });
  });
  check('FX-11.2-2', 'a file that is there is ALREADY_EXISTS', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, content(1));
    await session.expectFailure(session.open('makeDirectory', { path }), 'ALREADY_EXISTS', 'none');
    await session.expectFailure(
      session.open('makeDirectory', { path, parents: true }),
      'ALREADY_EXISTS',
      'none',
    );
  });
  check('FX-11.2-2', 'a parent that is not there is PARENT_NOT_FOUND', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.expectFailure(
      session.open('makeDirectory', { path: `${folder}/a/b` }),
      'PARENT_NOT_FOUND',
      'none',
    );
    await session.expectFailure(session.open('stat', { path: `${folder}/a` }), 'NOT_FOUND');
  });
  check('FX-11.2-2', 'parents are made when that is asked for', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const path = `${folder}/a/b/c`;
    await session.expectSuccess(session.open('makeDirectory', { path, parents: true }), {
      outcome: 'created',
    });
    await session.expectSuccess(session.open('stat', { path }));
  });
  for (const parents of [false, true]) {
    check('FX-11.2-2', `a parent that is a file is NOT_A_DIRECTORY, parents ${parents}`, async (trial) => {
      const file = await trial.path('file');
      const session = await trial.session();
      await session.upload(file, content(1));
      const stream = session.open('makeDirectory', { path: `${file}/below`, parents });
      await session.expectFailure(stream, 'NOT_A_DIRECTORY', 'none');
    });
  }
  check('FX-11.2-3', 'mtime becomes the time of a new folder, and of one that is there', async (trial) => {
    const path = await trial.path('folder');
    const session = await trial.session();
    for (const mtime of [1_500_000_000_000_000, 1_400_000_000_000_000]) {
      await session.expectSuccess(session.open('makeDirectory', { path, mtime }));
      const { entry } = await session.expectSuccess(session.open('stat', { path }));
      if (entry?.mtime !== mtime) throw new Violation([], `it is ${entry?.mtime}, not ${mtime}`);
    }
  });

  check('FX-11.2-4', 'rename gives a file another path', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.upload(`${folder}/a`, content(9));
    await session.call('makeDirectory', { path: `${folder}/sub` });
    const stream = session.open('rename', { path: `${folder}/a`, target: `${folder}/sub/b` });
    await session.expectSuccess(stream, { outcome: 'renamed', effect: 'applied' });
    await session.expectFailure(session.open('stat', { path: `${folder}/a` }), 'NOT_FOUND');
    const { bytes } = await session.download(`${folder}/sub/b`);
    if (!bytes.equals(content(9))) throw new Violation([], 'the file was changed');
  });
  check('FX-11.2-4', 'rename gives a folder another path', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.call('makeDirectory', { path: `${folder}/a/deep`, parents: true });
    const stream = session.open('rename', { path: `${folder}/a`, target: `${folder}/b` });
    await session.expectSuccess(stream, { outcome: 'renamed' });
    await session.expectSuccess(session.open('stat', { path: `${folder}/b/deep` }));
  });
  for (const policy of [undefined, 'fail', 'skip'] as const) {
    check(
      'FX-11.2-4',
      `rename onto a file under ${policy ?? 'no policy'} is ALREADY_EXISTS`,
      async (trial) => {
        const folder = await trial.folder();
        const session = await trial.session();
        await session.upload(`${folder}/a`, content(9, 1));
        await session.upload(`${folder}/b`, content(9, 2));
        const values = { path: `${folder}/a`, target: `${folder}/b`, ifExists: policy };
        await session.expectFailure(session.open('rename', values), 'ALREADY_EXISTS', 'none');
        const { bytes } = await session.download(`${folder}/b`);
        if (!bytes.equals(content(9, 2))) throw new Violation([], 'the file was replaced');
      },
    );
  }
  check('FX-11.2-4', 'rename onto a folder is IS_A_DIRECTORY', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.upload(`${folder}/a`, content(9));
    await session.call('makeDirectory', { path: `${folder}/b` });
    const stream = session.open('rename', { path: `${folder}/a`, target: `${folder}/b` });
    await session.expectFailure(stream, ['IS_A_DIRECTORY', 'ALREADY_EXISTS'], 'none');
  });
  check('FX-11.2-4', 'rename under overwrite replaces a file by a file', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.upload(`${folder}/a`, content(9, 1));
    await session.upload(`${folder}/b`, content(9, 2));
    const values = { path: `${folder}/a`, target: `${folder}/b`, ifExists: 'overwrite' };
    await session.expectSuccess(session.open('rename', values), { outcome: 'replaced', effect: 'applied' });
    const { bytes } = await session.download(`${folder}/b`);
    if (!bytes.equals(content(9, 1))) throw new Violation([], 'the file was not replaced');
  });
  for (const policy of ['newer', 'rename'] as const) {
    check(
      'FX-11.2-4',
      `rename under ${policy} is done or UNSUPPORTED, and replaces nothing older`,
      async (trial) => {
        const folder = await trial.folder();
        const session = await trial.session();
        await session.upload(`${folder}/a`, content(9, 1));
        const values = { path: `${folder}/a`, target: `${folder}/b`, ifExists: policy };
        const { status } = await session.call('rename', values);
        if (status !== 0 && status !== 0x21) throw new Violation([], `the status is ${status}`);
      },
    );
  }
  check('FX-11.2-4', 'rename onto itself is identical', async (trial) => {
    const path = await trial.path('a');
    const session = await trial.session();
    await session.upload(path, content(9));
    await session.expectSuccess(session.open('rename', { path, target: path }), { outcome: 'identical' });
    const folder = await trial.folder();
    await session.expectSuccess(session.open('rename', { path: folder, target: folder }), {
      outcome: 'identical',
    });
  });
  for (const below of ['inside', 'deep/inside']) {
    check('FX-11.2-5', `a folder cannot be moved into itself, to ${below}`, async (trial) => {
      const path = await trial.path('folder');
      const session = await trial.session();
      await session.call('makeDirectory', { path: `${path}/deep`, parents: true });
      const stream = session.open('rename', { path, target: `${path}/${below}` });
      await session.expectFailure(stream, 'PATH_INVALID', 'none');
    });
  }
  check(
    'FX-11.2-5',
    'a missing source is NOT_FOUND, a missing parent of the target PARENT_NOT_FOUND',
    async (trial) => {
      const folder = await trial.folder();
      const session = await trial.session();
      const none = session.open('rename', { path: `${folder}/none`, target: `${folder}/b` });
      await session.expectFailure(none, 'NOT_FOUND', 'none');
      await session.upload(`${folder}/a`, content(1));
      const nowhere = session.open('rename', { path: `${folder}/a`, target: `${folder}/no/b` });
      await session.expectFailure(nowhere, 'PARENT_NOT_FOUND', 'none');
      await session.expectSuccess(session.open('stat', { path: `${folder}/a` }));
    },
  );

  check('FX-11.2-6', 'remove removes a file and an empty folder', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.upload(`${folder}/file`, content(1));
    await session.call('makeDirectory', { path: `${folder}/folder` });
    for (const path of [`${folder}/file`, `${folder}/folder`]) {
      await session.expectSuccess(session.open('remove', { path }), {
        outcome: 'removed',
        effect: 'applied',
      });
      await session.expectFailure(session.open('stat', { path }), 'NOT_FOUND');
    }
  });
  check(
    ['FX-11.2-6', 'FX-11.2-8'],
    'a folder with something in it is NOT_EMPTY, and stays',
    async (trial) => {
      const folder = await trial.folder();
      const session = await trial.session();
      await session.upload(`${folder}/file`, content(1));
      await session.expectFailure(session.open('remove', { path: folder }), 'NOT_EMPTY', 'none');
      await session.expectSuccess(session.open('stat', { path: `${folder}/file` }));
    },
  );
  check('FX-11.2-6', 'with recursive it is removed with all that is in it', async (trial) => {
    const path = await trial.path('tree');
    const session = await trial.session();
    await session.call('makeDirectory', { path: `${path}/a/b`, parents: true });
    await session.upload(`${path}/a/file`, content(1));
    await session.expectSuccess(session.open('remove', { path, recursive: true }), { outcome: 'removed' });
    await session.expectFailure(session.open('stat', { path }), 'NOT_FOUND');
  });
  check('FX-11.2-6', 'recursive does for a file as well', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, content(1));
    await session.expectSuccess(session.open('remove', { path, recursive: true }), { outcome: 'removed' });
  });
  for (const recursive of [false, true]) {
    check('FX-11.2-6', `removing nothing is NOT_FOUND, recursive ${recursive}`, async (trial) => {
      const path = await trial.path('none');
      const session = await trial.session();
      await session.expectFailure(session.open('remove', { path, recursive }), 'NOT_FOUND', 'none');
    });
  }

  check('FX-11.2-7', 'the root can be listed', async (trial) => {
    const session = await trial.session();
    const { result } = await session.list(undefined);
    if (result.status !== 0) throw new Violation([], `the status is ${result.status}`);
  });
  check('FX-11.2-7', 'the root cannot be downloaded', async (trial) => {
    const session = await trial.session();
    await session.expectFailure(session.open('download'), 'IS_A_DIRECTORY', 'none');
  });
  check('FX-11.2-7', 'nothing is stored under the path of the root', async (trial) => {
    const session = await trial.session();
    for (const ifExists of ['fail', 'overwrite', 'rename']) {
      const stream = session.open('upload', { ifExists });
      await session.expectFailure(stream, 'PERMISSION_DENIED', 'none');
      session.reset(stream);
    }
  });
  check('FX-11.2-7', 'the root cannot be renamed, nor anything be renamed to it', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const away = session.open('rename', { target: `${folder}/root` });
    await session.expectFailure(away, 'PERMISSION_DENIED', 'none');
  });
  check('FX-11.2-7', 'the root cannot be removed', async (trial) => {
    // Without recursive: a server that is wrong here must not lose everything.
    const folder = await trial.folder();
    const session = await trial.session();
    await session.expectFailure(session.open('remove'), 'PERMISSION_DENIED', 'none');
    await session.expectSuccess(session.open('stat', { path: folder }));
  });

  const digestOf = (session: ClientSession, path: string) => {
    const stream = session.open('digest', { path, algorithm: 'sha256' });
    return session.result(stream);
  };
  const needsDigests = (trial: ServerTrial, { status }: Messages['RESULT']): void => {
    if (codeName(status) === 'UNSUPPORTED') trial.notApplicable('this server does not know the operation');
  };
  for (const size of [0, 5, BLOCK_SIZE, BLOCK_SIZE + 1]) {
    check('FX-11.2-9', `digest of a file of ${size} bytes`, async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      const file = content(size);
      await session.upload(path, file);
      const result = await digestOf(session, path);
      needsDigests(trial, result);
      const { status, effect, digest, entry } = result;
      if (status !== 0 || effect !== 'none') throw new Violation([], `${codeName(status)}, effect ${effect}`);
      if (digest?.equals(treeDigest(file)) !== true)
        throw new Violation([], 'it is not the digest of the file');
      if (entry?.path !== path || entry.kind !== 'file' || entry.size !== size)
        throw new Violation([], `the entry is ${JSON.stringify(entry)}`);
    });
  }
  check('FX-11.2-9', 'digest of nothing is NOT_FOUND, of a folder IS_A_DIRECTORY', async (trial) => {
    const path = await trial.folder();
    const session = await trial.session();
    needsDigests(trial, await digestOf(session, `${path}/none`));
    await session.expectFailure(session.open('digest', { path: `${path}/none` }), 'NOT_FOUND', 'none');
    await session.expectFailure(session.open('digest', { path }), 'IS_A_DIRECTORY', 'none');
    await session.expectFailure(session.open('digest'), 'IS_A_DIRECTORY', 'none');
  });
  check(['FX-11.2-9', 'FX-7.3-6'], 'digest that is given up is answered all the same', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, content(BLOCK_SIZE));
    const stream = session.open('digest', { path });
    session.reset(stream);
    await session.result(stream);
    await session.expectSuccess(session.open('stat', { path }));
  });
});
