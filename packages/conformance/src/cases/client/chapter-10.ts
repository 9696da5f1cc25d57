import { frame } from '../../wire/encode.js';
import { frameType, rawFrame } from '../../wire/frame.js';
import type { Entry } from '../../wire/messages.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { list, someEntries } from './endings.js';

const file = (path: string): Entry => ({ path, kind: 'file', size: 1, mtime: 1_000_000 });

/** Listing. */
export const chapter10 = clientCasesOf((check) => {
  check('ls', 'FX-10.2-7', 'an empty folder, in no page and in an empty one', async (trial) => {
    const { session, stream } = await trial.opened();
    session.entries(stream, []);
    await list(trial, session, stream, []);
  });

  check('ls', ['FX-10.2-7', 'FX-10.2-1'], 'many pages in no order', async (trial) => {
    const { session, stream } = await trial.opened();
    for (let page = 20; page > 0; page -= 1) {
      session.entries(
        stream,
        Array.from({ length: 20 }, (_, i) => file(`${(i * 7) % 20}-${page}`)),
      );
    }
    await list(trial, session, stream, []);
  });

  check('ls', 'FX-10.2-7', 'what is listed is shown', async (trial) => {
    const { session, stream } = await trial.opened();
    session.serveListing(stream, someEntries);
    await session.expectEnd();
    const output = trial.outputOf(await trial.expectSuccess());
    for (const { path } of someEntries) {
      if (!output.includes(path as string)) throw new Violation([], `${path} is not shown`);
    }
  });

  for (const code of ['NOT_FOUND', 'NOT_A_DIRECTORY', 'PERMISSION_DENIED']) {
    check('ls', 'FX-7.3-2', `a listing is refused with ${code}`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.refuse(stream, code);
      await session.expectEnd();
      await trial.expectFailure();
    });
  }

  check('ls', 'FX-7.2-7', 'a failure after some pages is a failure', async (trial) => {
    const { session, stream } = await trial.opened();
    session.entries(stream, someEntries);
    session.refuse(stream, 'IO_ERROR');
    await session.expectEnd();
    await trial.expectFailure();
  });

  check('ls', ['FX-17.3-2', 'FX-10.2-5'], 'a listing that is cut is no listing', async (trial) => {
    const { session, stream } = await trial.opened();
    session.entries(stream, someEntries);
    session.transport.end();
    await trial.expectFailure();
  });

  const wrongs: Readonly<Record<string, (stream: number) => Buffer>> = {
    ACCEPT: (stream) => frame('ACCEPT', stream, { offset: 0, epoch: 0 }),
    DATA: (stream) => rawFrame(frameType('DATA'), stream, Buffer.from('x')),
    END: (stream) => frame('END', stream, { length: 0, digest: Buffer.alloc(32) }),
    ACK: (stream) => frame('ACK', stream, { offset: 0 }),
    CREDIT: (stream) => frame('CREDIT', stream, { limit: 1_000_000 }),
  };
  for (const [name, bytes] of Object.entries(wrongs)) {
    check('ls', name === 'CREDIT' ? 'FX-13.2-6' : 'FX-7.2-7', `${name} on a listing`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(bytes(stream));
      await trial.expectFault(session, 'STATE_VIOLATION');
    });
  }

  const strange: readonly (readonly [rule: string, what: string, entries: readonly Entry[]])[] = [
    ['FX-10.2-2', 'an entry that is the root', [{ kind: 'directory', size: 0, mtime: 0 }]],
    ['FX-10.2-3', 'an entry of a folder below', [file('two/three.txt')]],
  ];
  for (const [rule, what, entries] of strange) {
    check('ls', rule, `${what} is not taken for one of the folder`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.entries(stream, entries);
      const came = await session.expectGivenUp(stream, 'STATE_VIOLATION', 'MESSAGE_MALFORMED');
      if (came === 'RESET') session.refuse(stream, 'CANCELLED');
      await trial.expectFailure();
    });
  }

  // ------------------------------------------------------------------ a folder with all that is in it

  check('tree', ['FX-10.2-4', 'FX-10.2-7'], 'a folder with folders in it', async (trial) => {
    const { session, stream, open } = await trial.opened();
    if (open.recursive !== true) trial.notApplicable('this client lists folder by folder');
    const size = trial.file.length;
    session.serveListing(stream, [
      { path: 'b', kind: 'directory', size: 0, mtime: 1_000_000 },
      { path: 'a', kind: 'directory', size: 0, mtime: 1_000_000 },
      { path: 'b/c', kind: 'directory', size: 0, mtime: 1_000_000 },
      { path: 'b/c/file', kind: 'file', size, mtime: 1_000_000 },
      { path: 'link', kind: 'symlink', size: 0, mtime: 1_000_000 },
    ]);
    await session.serveFile((await session.opened('download')).id, trial.file);
    await session.expectEnd();
    await trial.ending();
    const { inside, outside } = trial.written();
    if (inside.join() !== 'a,b,b/c,b/c/file')
      throw new Violation([], `the folder holds ${inside.join(', ')}`);
    if (outside.length > 0) throw new Violation(['FX-21.1-4'], `${outside.join(', ')} was written`);
  });
});
