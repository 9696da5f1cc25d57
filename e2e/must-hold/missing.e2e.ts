import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shared } from '../harness/clean-up.js';
import { filex } from '../harness/client.js';
import { visible } from '../harness/leftovers.js';
import { type ServerProcess, startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

const USAGE = 2;
const FOLDER_MISSING = 3;
const FILE_MISSING = 4;
const CONFLICT = 11;

/** What is asked for, the exit code, and what the message has to name. */
type Case = readonly [title: string, words: (s: ServerProcess, local: string) => string[], number, RegExp];

const cases: readonly Case[] = [
  ['put into a folder that is not there', (s, l) => ['put', `${l}/a`, s.url('no/')], FOLDER_MISSING, /"no"/],
  [
    'put below a folder that is not there',
    (s, l) => ['put', `${l}/a`, s.url('no/a')],
    FOLDER_MISSING,
    /no\/a/,
  ],
  ['put below a file', (s, l) => ['put', `${l}/a`, s.url('file/a')], FOLDER_MISSING, /file/],
  ['put a file that is not there', (s, l) => ['put', `${l}/missing`, s.url()], FILE_MISSING, /missing/],
  ['put a folder without -r', (s, l) => ['put', `${l}/folder`, s.url()], USAGE, /-r/],
  ['put without an address', (_, l) => ['put', `${l}/a`], USAGE, /SRC… URL/],
  ['get a file that is not there', (s, l) => ['get', s.url('missing'), l], FILE_MISSING, /missing/],
  ['get into a folder that is not there', (s, l) => ['get', s.url('file'), `${l}/no/`], FOLDER_MISSING, /no/],
  ['get below one that is not there', (s, l) => ['get', s.url('file'), `${l}/no/a`], FOLDER_MISSING, /no\/a/],
  ['get a folder without -r', (s, l) => ['get', s.url('folder'), l], USAGE, /-r/],
  ['get over a folder', (s, l) => ['get', s.url('busy'), l], CONFLICT, /busy/],
  ['get from a folder without a name', (s, l) => ['get', s.url('file/'), l], FOLDER_MISSING, /file/],
  ['cat a file that is not there', (s) => ['cat', s.url('missing')], FILE_MISSING, /missing/],
  ['cat a folder', (s) => ['cat', s.url('folder')], USAGE, /folder/],
  ['stat what is not there', (s) => ['stat', s.url('missing')], FILE_MISSING, /missing/],
  ['rm what is not there', (s) => ['rm', s.url('missing')], FILE_MISSING, /missing/],
  ['rm a folder that is not empty', (s) => ['rm', s.url('folder')], CONFLICT, /-r/],
  ['mkdir below a folder that is not there', (s) => ['mkdir', s.url('no/x')], FOLDER_MISSING, /no/],
  ['mv what is not there', (s) => ['mv', s.url('missing'), '/x'], FILE_MISSING, /missing/],
  ['an address that is none', () => ['ls', 'localhost:12345'], USAGE, /filex:\/\//],
  ['a scheme that is not known', () => ['ls', 'ftp://localhost/'], USAGE, /ftp/],
  ['a path that leads out', (s) => ['cat', s.url('../../etc/passwd')], USAGE, /\.\./],
  ['an option that is none', (s) => ['put', '--overwrite', 'a', s.url()], USAGE, /--overwrite/],
  ['a verb that is none', (s) => ['upload', 'a', s.url()], USAGE, /upload/],
];

describe('what is not there, or not what it should be', () => {
  const shown = shared(async () => {
    const server = await startServer();
    makeTree(server.folder, { file: 'file', busy: 'file', 'folder/x': 'x' });
    return server;
  });
  test.each(cases)('%s', async (_title, words, code, message) => {
    const server = shown();
    const local = makeTree(temporaryFolder(), { a: 'a', 'folder/b': 'b', 'busy/': '' });
    const before = [visible(server.folder), visible(local)];
    const exit = await filex(words(server, local));
    expect(exit.code, exit.stderr).toBe(code);
    expect(exit.stderr).toMatch(message);
    expect(exit.stdout).toBe('');
    expect([visible(server.folder), visible(local)]).toEqual(before);
  });
});

test('some that are there and one that is not: those arrive, exit 6', async () => {
  const server = await startServer();
  makeTree(server.folder, { a: 'a', b: 'b' });
  const destination = temporaryFolder();
  const urls = ['a', 'missing', 'b'].map((path) => server.url(path));
  const exit = await filex(['get', ...urls, destination]);
  expect(exit.code, exit.stderr).toBe(6);
  expect(visible(destination)).toEqual(['a', 'b']);
});

test('a file where a folder should be, and the other way round, in a tree: each fails alone', async () => {
  const server = await startServer();
  makeTree(join(server.folder, 't'), { 'x/': '', y: 'a file' });
  const local = makeTree(join(temporaryFolder(), 't'), { x: 'a file', 'y/z': 'z', ok: 'ok' });
  const exit = await filex(['put', '-r', local, server.url()]);
  expect(exit.code, exit.stderr).toBe(6);
  expect(visible(server.folder)).toEqual(['t', 't/ok', 't/x', 't/y']);
});
