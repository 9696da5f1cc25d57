import type { ClientSession } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { specification } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { Violation } from '../../wire/violation.js';

/** Makes folders and empty files, as many at once as the server takes. */
async function make(
  session: ClientSession,
  folders: readonly string[],
  files: readonly string[],
): Promise<void> {
  for (const path of folders) await session.expectSuccess(session.open('makeDirectory', { path }));
  const atOnce = Math.min(32, session.server.maxStreams);
  for (let at = 0; at < files.length; at += atOnce)
    await Promise.all(files.slice(at, at + atOnce).map((path) => session.upload(path, Buffer.alloc(0))));
}

function same(session: readonly (string | undefined)[], expected: readonly string[]): void {
  const [got, wanted] = [session.toSorted().join(' '), expected.toSorted().join(' ')];
  if (got !== wanted) throw new Violation([], `the entries are ${got}, not ${wanted}`);
}

/** Listing. */
export const chapter10 = casesOf<ServerTrial>((check) => {
  check(
    ['FX-10.2-1', 'FX-13.1-1', 'FX-13.1-4'],
    'pages wait for the credit of their stream',
    async (trial) => {
      const folder = await trial.folder();
      const maker = await trial.session();
      const names = Array.from({ length: 100 }, (_, i) => `${'n'.repeat(200)}${i}`);
      await make(
        maker,
        [],
        names.map((name) => `${folder}/${name}`),
      );
      const floor = specification.limits['initialStreamWindow']?.floor as number;
      const session = await trial.session({ streamWindow: floor });
      const stream = session.open('list', { path: folder });
      const found: (string | undefined)[] = [];
      let spent = 0;
      for (;;) {
        const came = await session.receiveAny(['ENTRY', 'RESULT'], stream);
        if (came.name === 'RESULT') break;
        if (came.name !== 'ENTRY') continue;
        found.push(...came.message.entries.map(({ path }) => path));
        spent += came.payload.length;
        // What FX-13.2-3 promises at least: a server that waits for more would wait for ever.
        session.credit(stream, spent + 4608);
      }
      same(found, names);
    },
  );
  check(['FX-10.2-1', 'FX-13.1-1'], 'pages wait for the credit of the connection', async (trial) => {
    const folder = await trial.folder();
    const maker = await trial.session();
    const names = Array.from({ length: 60 }, (_, i) => `${'n'.repeat(200)}${i}`);
    await make(
      maker,
      [],
      names.map((name) => `${folder}/${name}`),
    );
    const floor = specification.limits['initialConnectionWindow']?.floor as number;
    const session = await trial.session({ connectionWindow: floor });
    const stream = session.open('list', { path: folder });
    await session.receive('ENTRY', stream);
    await session.barrier();
    if (session.takeAll('RESULT', stream).length > 0)
      throw new Violation([], 'the listing ended without the credit for all of it');
    session.credit(0, 1_000_000);
    await session.expectSuccess(stream);
  });

  check('FX-10.2-2', 'entries have paths relative to the folder that was listed', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await make(session, [`${folder}/sub`], [`${folder}/sub/file`]);
    const { entries } = await session.list(`${folder}/sub`);
    same(
      entries.map(({ path }) => path),
      ['file'],
    );
  });
  check('FX-10.2-3', 'without recursive only what is directly in the folder comes', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await make(session, [`${folder}/a`, `${folder}/a/b`], [`${folder}/f`, `${folder}/a/g`]);
    const { entries } = await session.list(folder);
    same(
      entries.map(({ path, kind }) => `${path}:${kind}`),
      ['a:directory', 'f:file'],
    );
  });
  check(
    ['FX-10.2-4', 'FX-10.2-5'],
    'with recursive every folder comes before what is in it',
    async (trial) => {
      const folder = await trial.folder();
      const session = await trial.session();
      const folders = ['a', 'a/b', 'a/b/c', 'z', 'z/a', 'empty'];
      const files = ['f', 'a/f', 'a/b/f', 'a/b/c/f', 'z/f', 'z/a/f', 'z/a/g'];
      const at = (name: string): string => `${folder}/${name}`;
      await make(session, folders.map(at), files.map(at));
      const { entries } = await session.list(folder, true);
      same(
        entries.map(({ path }) => path),
        [...folders, ...files],
      );
    },
  );
  check('FX-10.2-5', 'what does not change comes once, while other things change', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const names = Array.from({ length: 50 }, (_, i) => `still-${i}`);
    await make(
      session,
      [],
      names.map((name) => `${folder}/${name}`),
    );
    const other = await trial.session();
    const changes = Array.from({ length: 20 }, (_, i) =>
      other.upload(`${folder}/moving-${i}`, Buffer.from('x')),
    );
    const { entries } = await session.list(folder);
    await Promise.all(changes);
    same(
      entries.map(({ path }) => path as string).filter((path) => path.startsWith('still-')),
      names,
    );
  });
  check('FX-10.2-5', 'an empty folder has no entries, and success', async (trial) => {
    const path = await trial.folder();
    const session = await trial.session();
    const { entries, result } = await session.list(path, true);
    if (entries.length > 0 || result.status !== 0) throw new Violation([], `${entries.length} entries`);
  });
  check('FX-10.2-6', 'listing a file is NOT_A_DIRECTORY', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await make(session, [], [path]);
    await session.expectFailure(session.open('list', { path }), 'NOT_A_DIRECTORY', 'none');
  });
  check('FX-10.2-6', 'listing nothing is NOT_FOUND', async (trial) => {
    const path = await trial.path('none');
    const session = await trial.session();
    await session.expectFailure(session.open('list', { path }), 'NOT_FOUND', 'none');
  });
});
