import { utf8 } from '../../wire/bytes.js';
import type { Entry } from '../../wire/messages.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { list } from './endings.js';

const hostile: readonly (readonly [rule: string, what: string, path: Buffer])[] = [
  ['FX-15.1-3', 'the parent', utf8('..')],
  ['FX-15.1-3', 'a way out', utf8('../evil')],
  ['FX-15.1-3', 'a way out through a folder', utf8('a/../../evil')],
  ['FX-15.1-3', 'a way that ends in the parent', utf8('a/..')],
  ['FX-15.1-3', 'the folder itself', utf8('.')],
  ['FX-15.1-3', 'a segment of one dot', utf8('a/./b')],
  ['FX-15.1-2', 'an absolute path', utf8('/tmp/evil')],
  ['FX-15.1-2', 'a slash at the end', utf8('a/')],
  ['FX-15.1-2', 'an empty segment', utf8('a//b')],
  ['FX-15.1-2', 'a slash alone', utf8('/')],
  ['FX-15.1-4', 'NUL', utf8('a\0b')],
  ['FX-15.1-4', 'bytes that are no UTF-8', Buffer.from('61ff62', 'hex')],
  ['FX-15.1-4', 'an overlong dot', Buffer.from('c0aec0ae', 'hex')],
  ['FX-15.1-4', 'half a surrogate pair', Buffer.from('eda080', 'hex')],
  ['FX-15.1-4', 'more than U+10FFFF', Buffer.from('f4908080', 'hex')],
  ['FX-15.1-5', 'a segment of 256 bytes', Buffer.alloc(256, 0x61)],
  ['FX-15.1-5', 'a segment of 128 letters of two bytes', utf8('ä'.repeat(128))],
  ['FX-15.1-5', 'more than 4096 bytes', utf8(`${'a'.repeat(240)}/`.repeat(17) + 'b'.repeat(10))],
];

const sound: readonly string[] = [
  'a b',
  'a\nb',
  'a\\b',
  '-rf',
  '...',
  '..a',
  'a:b',
  'CON',
  '\u0001',
  'ä',
  'a\u0308',
  'e\u0301 \u202e',
  '\u{1f4be}',
  '*?<>|"',
  'a'.repeat(255),
  'ä'.repeat(127),
];

/** Paths and entries. */
export const chapter15 = clientCasesOf((check) => {
  for (const [rule, what, path] of hostile) {
    const entry = { path: path as unknown as string, kind: 'file', size: 1, mtime: 0 };
    check('ls', [rule, 'FX-15.1-6', 'FX-10.2-2'], `a listing with ${what}`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.entries(stream, [entry]);
      await trial.expectFault(session, 'MESSAGE_MALFORMED');
    });
  }

  for (const [rule, what, path] of hostile.filter((_, i) => i % 4 === 1)) {
    check('put', [rule, 'FX-15.1-6'], `a RESULT that says the file is under ${what}`, async (trial) => {
      const { session, stream } = await trial.opened();
      await session.ended(stream);
      session.result(stream, { outcome: 'created', path });
      await session.expectFault('MESSAGE_MALFORMED');
    });
  }

  check('ls', ['FX-15.1-7', 'FX-15.1-1'], 'names that are strange, and sound', async (trial) => {
    const { session, stream } = await trial.opened();
    await list(
      trial,
      session,
      stream,
      sound.map((path): Entry => ({ path, kind: 'file', size: 1, mtime: 0 })),
    );
  });

  check('tree', ['FX-15.1-1', 'FX-15.1-7'], 'names arrive byte for byte', async (trial) => {
    const { session, stream } = await trial.opened();
    const names = ['-rf', 'a b', 'a\\b', 'a\u0308', '\u{1f4be}'];
    const size = trial.file.length;
    session.serveListing(
      stream,
      names.map((path): Entry => ({ path, kind: 'file', size, mtime: 1_000_000 })),
    );
    const asked: string[] = [];
    for (const _ of names) {
      const watch = await session.opened('download');
      asked.push(watch.open.path as string);
      await session.serveFile(watch.id, trial.file);
    }
    if (
      asked.sort().join('|') !==
      names
        .map((name) => `folder/${name}`)
        .sort()
        .join('|')
    )
      throw new Violation([], `these were asked for: ${JSON.stringify(asked)}`);
    await session.expectEnd();
    await trial.expectSuccess();
    const { inside } = trial.written();
    if (inside.join('|') !== [...names].sort().join('|') && process.platform === 'linux')
      throw new Violation([], `these were written: ${JSON.stringify(inside)}`);
  });

  check('ls', 'FX-15.2-2', 'etags of all lengths', async (trial) => {
    const { session, stream } = await trial.opened();
    await list(trial, session, stream, [
      { path: 'a', kind: 'file', size: 1, mtime: 0, etag: '' },
      { path: 'b', kind: 'file', size: 1, mtime: 0, etag: 'x'.repeat(255) },
    ]);
  });

  check('ls', 'FX-5.2-1', 'the greatest and the least numbers', async (trial) => {
    const { session, stream } = await trial.opened();
    await list(trial, session, stream, [
      { path: 'a', kind: 'file', size: Number.MAX_SAFE_INTEGER, mtime: Number.MAX_SAFE_INTEGER },
      { path: 'b', kind: 'file', size: 0, mtime: -Number.MAX_SAFE_INTEGER },
    ]);
  });
});
