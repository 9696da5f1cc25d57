import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Ending } from '../../client/client-under-test.js';
import type { ClientTrial } from '../../session/client-trial.js';
import { utf8 } from '../../wire/bytes.js';
import type { Entry } from '../../wire/messages.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';

/** Clears the screen, sets the title, colours, rings, and moves the cursor. */
const escapes = '\u001b[2J\u001b]0;owned\u0007\u001b[31mred\u009b1A\rover\b\u007f';

function judge(trial: ClientTrial, ending: Ending): void {
  const output = trial.outputOf(ending);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  const found = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u.exec(output.replaceAll('\r\n', '\n'));
  if (found !== null)
    throw new Violation(
      ['FX-21.1-1'],
      `the client writes the control character 0x${found[0].charCodeAt(0).toString(16)} of the server`,
    );
}

/** Security considerations. */
export const chapter21 = clientCasesOf((check) => {
  check('ls', 'FX-21.1-1', 'escapes in the names of a listing', async (trial) => {
    const { session, stream } = await trial.opened();
    session.serveListing(stream, [
      { path: `name${escapes}`, kind: 'file', size: 1, mtime: 0 },
      { path: `folder${escapes}`, kind: 'directory', size: 0, mtime: 0 },
    ]);
    await session.expectEnd();
    judge(trial, await trial.expectSuccess());
  });

  check('ls', 'FX-21.1-1', 'a name with a line end in it is one line', async (trial) => {
    const { session, stream } = await trial.opened();
    session.serveListing(stream, [{ path: 'one\nforged', kind: 'file', size: 1, mtime: 0 }]);
    await session.expectEnd();
    const output = trial.outputOf(await trial.expectSuccess());
    if (/^forged/m.test(output)) throw new Violation([], 'a name of the server begins a line of its own');
  });

  check('ls', 'FX-21.1-1', 'escapes in the detail of a RESULT', async (trial) => {
    const { session, stream } = await trial.opened();
    session.refuse(stream, 'PERMISSION_DENIED', { detail: `no${escapes}` });
    await session.expectEnd();
    judge(trial, await trial.expectFailure());
  });

  check('put', 'FX-21.1-1', 'escapes in the detail of a RESULT of an upload', async (trial) => {
    const { session, stream } = await trial.opened();
    await session.ended(stream);
    session.refuse(stream, 'IO_ERROR', { detail: `no${escapes}` });
    await session.expectEnd();
    judge(trial, await trial.expectFailure());
  });

  check('put', 'FX-21.1-1', 'escapes in the path of a RESULT', async (trial) => {
    const { session, stream } = await trial.opened();
    await session.ended(stream);
    session.result(stream, { outcome: 'created', path: `other${escapes}` });
    await session.expectEnd();
    judge(trial, await trial.expectSuccess());
  });

  check('get', 'FX-21.1-1', 'escapes in the reason of a RESET', async (trial) => {
    const { session, stream } = await trial.opened();
    session.reset(stream, { reason: `no${escapes}` });
    await session.expectEnd();
    judge(trial, await trial.expectFailure());
  });

  check('ls', 'FX-21.1-1', 'escapes in the reason of GOAWAY', async (trial) => {
    const { session } = await trial.opened();
    session.send(session.goAwayBytes('BUSY', { reason: `no${escapes}` }));
    await session.expectEnd();
    judge(trial, await trial.expectFailure());
  });

  check('ls', 'FX-21.1-1', 'escapes in agent, principal and mechanisms', async (trial) => {
    const session = await trial.fresh();
    await session.receive('HELLO');
    session.greet({ agent: escapes, mechanisms: [escapes] });
    await session.expectEnd();
    judge(trial, await trial.expectFailure());
  });

  check('ls', ['FX-21.1-1', 'FX-3.2-1'], 'escapes of a server that is not FileX', async (trial) => {
    const session = await trial.fresh();
    await session.receive('HELLO');
    session.send(utf8(`SSH-2.0-${escapes}\r\n`));
    await session.expectEnd();
    judge(trial, await trial.expectFailure());
  });

  // ------------------------------------------------------------------ outside of the folder

  for (const path of ['../evil', '/tmp/filex-evil', 'a/../../evil', '..']) {
    check('tree', ['FX-21.1-4', 'FX-15.1-6'], `a folder that holds ${path}`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.entries(stream, [{ path: utf8(path) as unknown as string, kind: 'file', size: 5, mtime: 0 }]);
      await session.expectFault('MESSAGE_MALFORMED');
      await trial.expectFailure();
      const { inside, outside } = trial.written();
      if (outside.length > 0) throw new Violation([], `${outside.join(', ')} was written`);
      if (inside.length > 0) throw new Violation([], `${inside.join(', ')} was written`);
    });
  }

  check('tree', 'FX-21.1-4', 'a folder whose name is a symlink to somewhere else', async (trial) => {
    const { session, stream } = await trial.opened(
      {},
      {
        prepare: (dir) => {
          mkdirSync(join(trial.outside, 'elsewhere'));
          symlinkSync('../elsewhere', join(dir, 'link'));
        },
      },
    );
    session.serveListing(stream, folderWithFile('link', trial.file.length));
    await serveWhatIsAsked(trial, session);
    const outside = trial.written().outside.filter((name) => !name.endsWith('elsewhere'));
    if (outside.length > 0) throw new Violation([], `${outside.join(', ')} was written through a symlink`);
  });

  check('tree', 'FX-21.1-4', 'a symlink of the server is not followed', async (trial) => {
    const { session, stream } = await trial.opened();
    session.serveListing(stream, [
      { path: 'link', kind: 'symlink', size: 0, mtime: 0 },
      { path: 'link/evil', kind: 'file', size: trial.file.length, mtime: 0 },
    ]);
    await serveWhatIsAsked(trial, session);
    const { outside } = trial.written();
    if (outside.length > 0) throw new Violation([], `${outside.join(', ')} was written`);
  });
});

const folderWithFile = (name: string, size: number): Entry[] => [
  { path: name, kind: 'directory', size: 0, mtime: 1_000_000 },
  { path: `${name}/evil`, kind: 'file', size, mtime: 1_000_000 },
];

/** Gives the client every file it asks for, until it ends. */
async function serveWhatIsAsked(
  trial: ClientTrial,
  session: Awaited<ReturnType<ClientTrial['session']>>,
): Promise<void> {
  for (;;) {
    const watch = await session.openedUnlessEnded('download');
    if (watch === undefined) break;
    await session.serveFile(watch.id, trial.file);
  }
  await session.expectEnd();
  await trial.ending();
}
