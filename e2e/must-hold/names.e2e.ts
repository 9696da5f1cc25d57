import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { visible } from '../harness/leftovers.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

/** Names that break programs. All of them are names of files on Linux and macOS. */
const names = [
  'with some  spaces',
  ' leading and trailing ',
  '"double" and \'single\' quotes',
  'emoji 🦊👩‍👩‍👧‍👦 and ÆØÅ',
  'two\nlines',
  'tab\tand\rreturn',
  'escape \x1b[31mred\x1b[0m \x07',
  '-leading-dash',
  '--json',
  'C:\\Windows\\system32',
  'colon: and \\ backslash',
  '100%25',
  'question? hash# star* brackets[a-z] braces{a,b}',
  '$HOME `id` $(id) ; | & > <',
  '~',
  '...',
  '..hidden',
  'CON',
  'trailing dot.',
  '\u202eexe.txt', // turns the direction of text around
  `${'x'.repeat(251)}.txt`,
  `${'é'.repeat(127)}x`, // 255 bytes
];

/** As an address has to be written. */
const encoded = (name: string): string => encodeURIComponent(name);

describe.skipIf(process.platform === 'win32')('names', () => {
  const contents = Object.fromEntries(names.map((name, i) => [name, `content ${i}`]));

  test('in a tree, as files and as folders, there and back', async () => {
    const server = await startServer();
    const folders = Object.fromEntries(names.map((name) => [`folders/${name}/file`, name]));
    const local = makeTree(join(temporaryFolder(), 'names'), { ...contents, ...folders });
    const put = await filex(['put', '-r', local, server.url()]);
    expect(put.code, put.stderr).toBe(0);
    expect(differences(local, join(server.folder, 'names'))).toEqual([]);
    const destination = temporaryFolder();
    const get = await filex(['get', '-r', server.url('names'), destination]);
    expect(get.code, get.stderr).toBe(0);
    expect(differences(local, join(destination, 'names'))).toEqual([]);
  });

  test('on the command line, each by itself', async () => {
    const server = await startServer();
    const local = makeTree(temporaryFolder(), contents);
    const put = await filex(['put', '--', ...names, server.url()], { cwd: local });
    expect(put.code, put.stderr).toBe(0);
    expect(differences(local, server.folder, { times: false })).toEqual([
      `${join(server.folder, '.filex')}: is extra`,
    ]);
    const destination = temporaryFolder();
    const urls = names.map((name) => server.url(encoded(name)));
    const get = await filex(['get', ...urls, destination]);
    expect(get.code, get.stderr).toBe(0);
    expect(differences(local, destination, { times: false })).toEqual([]);
    const rm = await filex(['rm', ...urls]);
    expect(rm.code, rm.stderr).toBe(0);
    expect(visible(server.folder)).toEqual([]);
  });

  test('a list shows one line a name and never commands the terminal', async () => {
    const server = await startServer();
    makeTree(server.folder, contents);
    const { code, stdout } = await filex(['ls', '--color', 'always', server.url()]);
    expect(code).toBe(0);
    const lines = stdout.split('\n').slice(0, -1);
    expect(lines).toHaveLength(names.length);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(lines.join('')).not.toMatch(/[\x00-\x1f\x7f\u202e]/);
    expect(lines).toContain('two\\nlines');
    expect(lines).toContain('escape \\x1b[31mred\\x1b[0m \\x07');
  });

  test('--json gives them exactly', async () => {
    const server = await startServer();
    makeTree(server.folder, contents);
    const listed = (await filex(['ls', '--json', server.url()])).events();
    const paths = listed.filter(({ event }) => event === 'entry').map(({ path }) => path);
    expect(paths.sort()).toEqual([...names].sort());
  });

  test('a name longer than a name can be fails alone', async () => {
    const server = await startServer();
    const local = makeTree(temporaryFolder(), { ok: 'ok' });
    const exit = await filex(['put', join(local, 'ok'), server.url('y'.repeat(256))]);
    expect(exit.code, exit.stderr).toBe(2);
    expect(visible(server.folder)).toEqual([]);
  });
});

test('empty files and empty folders arrive', async () => {
  const server = await startServer();
  const local = makeTree(join(temporaryFolder(), 't'), { a: '', 'b/c': '', 'd/': '', 'e/f/g/': '' });
  expect(await filex(['put', '-r', local, server.url()])).toMatchObject({ code: 0 });
  const destination = temporaryFolder();
  expect(await filex(['get', '-r', server.url('t'), destination])).toMatchObject({ code: 0 });
  expect(differences(local, join(destination, 't'))).toEqual([]);
  expect(readFileSync(join(destination, 't/a')).length).toBe(0);
});
