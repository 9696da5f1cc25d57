import type { ServerTrial } from '../../session/server-trial.js';
import { codeName } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content, utf8 } from '../../wire/bytes.js';
import { Violation } from '../../wire/violation.js';

const unsound: [string, string, Buffer][] = [
  ['FX-15.1-2', 'a slash at its beginning', utf8('/a')],
  ['FX-15.1-2', 'a slash at its end', utf8('a/')],
  ['FX-15.1-2', 'an empty segment', utf8('a//b')],
  ['FX-15.1-2', 'nothing but a slash', utf8('/')],
  ['FX-15.1-3', 'a segment of one dot', utf8('a/./b')],
  ['FX-15.1-3', 'a segment of two dots', utf8('a/../b')],
  ['FX-15.1-3', 'nothing but one dot', utf8('.')],
  ['FX-15.1-3', 'nothing but two dots', utf8('..')],
  ['FX-15.1-3', 'two dots at its end', utf8('a/..')],
  ['FX-15.1-3', 'two dots at its beginning', utf8('../etc/passwd')],
  ['FX-15.1-4', 'NUL in it', utf8('a\0b')],
  ['FX-15.1-4', 'NUL at its end', utf8('a\0')],
  ['FX-15.1-4', 'a byte that is no UTF-8', Buffer.from([0x61, 0xff])],
  ['FX-15.1-4', 'a slash in an overlong form', Buffer.from([0x2e, 0x2e, 0xc0, 0xaf, 0x61])],
  ['FX-15.1-5', 'a segment of 256 bytes', utf8(`a/${'s'.repeat(256)}`)],
  ['FX-15.1-5', 'a segment of 256 bytes of fewer characters', utf8('ä'.repeat(128))],
  ['FX-15.1-5', '4097 bytes', utf8(`${'s'.repeat(240)}/`.repeat(17).slice(0, 4097))],
];

/** Names that people have, and that programs get wrong. */
const strange: readonly [string, string][] = [
  ['spaces', ' a  b '],
  ['a newline', 'a\nb'],
  ['a backslash', 'a\\b'],
  ['a dash at its beginning', '-rf'],
  ['control characters', '\u0001\u001b[31m\u007f'],
  ['quotes', '\'"`$(x)'],
  ['emoji', '🙂👩‍👩‍👧'],
  ['right to left', 'אב\u202eג'],
  ['a dot at its beginning', '.hidden'],
  ['three dots', '...'],
  ['a dot at its end', 'a.'],
  ['a percent sign', '%2e%2e%2f'],
  ['a colon', 'a:b'],
  ['a star and a question mark', '*?'],
  ['a byte order mark', '\ufeffa'],
  ['255 bytes', 'x'.repeat(255)],
];

/** Paths and entries. */
export const chapter15 = casesOf<ServerTrial>((check) => {
  for (const [rule, what, bytes] of unsound) {
    check([rule, 'FX-15.1-6'], `a path with ${what} is MESSAGE_MALFORMED`, async (trial) => {
      const session = await trial.session();
      session.open('stat', { path: bytes });
      await session.expectFault('MESSAGE_MALFORMED');
    });
    check([rule, 'FX-15.1-6'], `a target with ${what} is MESSAGE_MALFORMED`, async (trial) => {
      const session = await trial.session();
      session.open('rename', { path: 'filex-conformance-none', target: bytes });
      await session.expectFault('MESSAGE_MALFORMED');
    });
  }
  check('FX-15.1-5', 'a path of 4096 bytes is answered', async (trial) => {
    const session = await trial.session();
    const path = `${'s'.repeat(239)}/`.repeat(18).slice(0, 4096).replace(/\/$/, 'x');
    if (path.length !== 4096) throw new Error('the path is not as long as meant');
    await session.expectFailure(session.open('stat', { path }), ['NOT_FOUND', 'PATH_INVALID'], 'none');
  });

  for (const [what, name] of strange) {
    check(
      ['FX-15.1-1', 'FX-15.1-7'],
      `a name with ${what} is kept byte for byte, or PATH_INVALID`,
      async (trial) => {
        const folder = await trial.folder();
        const session = await trial.session();
        const { status } = await session.upload(`${folder}/${name}`, content(5));
        if (codeName(status) === 'PATH_INVALID' || codeName(status) === 'NOT_FOUND') return;
        if (status !== 0) throw new Violation(['FX-15.1-7'], `RESULT ${codeName(status)}`);
        const { entries } = await session.list(folder);
        if (entries.length !== 1 || entries[0]?.path !== name)
          throw new Violation([], `it is listed as ${JSON.stringify(entries.map(({ path }) => path))}`);
        const { bytes } = await session.download(`${folder}/${name}`);
        if (!bytes.equals(content(5))) throw new Violation([], 'it came back changed');
      },
    );
  }
  check('FX-15.1-1', 'names that differ in their normal form only are different', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const names = ['\u00e4', 'a\u0308'];
    for (const [i, name] of names.entries()) {
      const { status, outcome } = await session.upload(`${folder}/${name}`, content(5, i + 1));
      if (codeName(status) === 'ALREADY_EXISTS')
        trial.notApplicable('the file system of this server does not tell them apart');
      if (outcome !== 'created') throw new Violation([], `the outcome is ${outcome}`);
    }
    const { entries } = await session.list(folder);
    if (
      entries
        .map(({ path }) => path)
        .toSorted()
        .join() !== names.toSorted().join()
    )
      throw new Violation([], `they are listed as ${JSON.stringify(entries.map(({ path }) => path))}`);
  });
  check('FX-15.1-1', 'names that differ in capital letters only are different', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    for (const [i, name] of ['name', 'NAME'].entries()) {
      const { status } = await session.upload(`${folder}/${name}`, content(5, i + 1));
      if (codeName(status) === 'ALREADY_EXISTS')
        trial.notApplicable('the file system of this server does not tell them apart');
    }
    const { bytes } = await session.download(`${folder}/name`);
    if (!bytes.equals(content(5, 1))) throw new Violation([], 'one has replaced the other');
  });

  check('FX-15.1-8', 'what looks like a way out to others is a name', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    for (const name of ['..\\..\\x', '%2e%2e%2fx', '..%2f', '.. ', '. .']) {
      const { status } = await session.upload(`${folder}/${name}`, content(5));
      if (status !== 0 && codeName(status) !== 'PATH_INVALID')
        throw new Violation(['FX-15.1-7'], `RESULT ${codeName(status)} for ${JSON.stringify(name)}`);
      const { entries } = await session.list(folder);
      if (status === 0 && !entries.some(({ path }) => path === name))
        throw new Violation([], `${JSON.stringify(name)} is somewhere else`);
    }
  });

  check(['FX-15.2-1', 'FX-5.1-8'], 'the size of a folder is 0, in stat and in a listing', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.call('makeDirectory', { path: `${folder}/sub` });
    await session.upload(`${folder}/sub/file`, content(100));
    const { entry } = await session.expectSuccess(session.open('stat', { path: `${folder}/sub` }));
    const { entries } = await session.list(folder);
    if (entry?.size !== 0 || entries[0]?.size !== 0)
      throw new Violation([], `it is ${entry?.size} in stat, ${entries[0]?.size} in the listing`);
  });
  check('FX-15.2-1', 'the size of a file is in bytes, in stat and in a listing', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.upload(`${folder}/file`, content(12_345));
    const { entry } = await session.expectSuccess(session.open('stat', { path: `${folder}/file` }));
    const { entries } = await session.list(folder);
    if (entry?.size !== 12_345 || entries[0]?.size !== 12_345)
      throw new Violation([], `it is ${entry?.size} in stat, ${entries[0]?.size} in the listing`);
  });
  check('FX-15.2-2', 'the etag stays as long as the file does', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session();
    await session.upload(path, content(10));
    const etags = [];
    for (let i = 0; i < 2; i += 1) {
      const { entry } = await session.expectSuccess(session.open('stat', { path }));
      etags.push(entry?.etag);
    }
    if (etags[0] === undefined) trial.notApplicable('this server gives no etag');
    if (etags[0] !== etags[1]) throw new Violation([], `it was ${etags[0]} and is ${etags[1]}`);
  });
  check(
    'FX-15.2-2',
    'a file that was changed does not keep its etag, be it as long and as old',
    async (trial) => {
      const path = await trial.path('file');
      const session = await trial.session();
      const etags = [];
      for (const seed of [1, 2, 1]) {
        const mtime = 1_500_000_000_000_000;
        await session.upload(path, content(10, seed), { ifExists: 'overwrite', mtime });
        const { entry } = await session.expectSuccess(session.open('stat', { path }));
        etags.push(entry?.etag);
      }
      if (etags[0] === undefined) trial.notApplicable('this server gives no etag');
      if (etags[0] === etags[1] || etags[1] === etags[2])
        throw new Violation([], `they are ${etags.join(', ')}`);
    },
  );
  check('FX-15.2-3', 'executable is told in listings as well', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.upload(`${folder}/x`, content(10), { executable: true });
    await session.upload(`${folder}/y`, content(10));
    const { entries } = await session.list(folder);
    const told = entries.map(({ path, executable = false }) => `${path}${executable}`).toSorted();
    if (told.join() !== 'xtrue,yfalse') throw new Violation([], `it is ${told.join()}`);
  });
});
