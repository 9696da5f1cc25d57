import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { parts } from '../harness/leftovers.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, mixedTree } from '../harness/tree.js';

test('what the list shows can be downloaded', async () => {
  const server = await startServer();
  makeTree(server.folder, { 'one.txt': '1', 'two.txt': '22', 'docs/three.txt': '333' });
  const listed = await filex(['ls', '-r', '--json', server.url()]);
  expect(listed.code).toBe(0);
  const files = listed.events().filter((event) => event['kind'] === 'file');
  expect(files.map(({ path, size }) => [path, size]).sort()).toEqual([
    ['docs/three.txt', 3],
    ['one.txt', 1],
    ['two.txt', 2],
  ]);
  const destination = temporaryFolder();
  const urls = files.map(({ path }) => server.url(String(path)));
  expect(await filex(['get', ...urls, destination])).toMatchObject({ code: 0 });
  expect(readFileSync(join(destination, 'three.txt'), 'utf8')).toBe('333');
  expect(readFileSync(join(destination, 'two.txt'), 'utf8')).toBe('22');
});

test('the list is for people too: folders are marked, -l tells sizes', async () => {
  const server = await startServer();
  makeTree(server.folder, { 'a file': 'x'.repeat(2048), 'folder/': '' });
  expect((await filex(['ls', server.url()])).stdout).toBe('a file\nfolder/\n');
  const { stdout } = await filex(['ls', '-l', server.url()]);
  expect(stdout).toMatch(/2 KiB.*a file\n/);
});

test('a tree is downloaded with everything it has', async () => {
  const server = await startServer();
  makeTree(join(server.folder, 'tree'), mixedTree(3));
  const destination = temporaryFolder();
  expect(await filex(['get', '-r', server.url('tree'), destination])).toMatchObject({ code: 0 });
  const arrived = join(destination, 'tree');
  expect(differences(join(server.folder, 'tree'), arrived, { topTime: true })).toEqual([]);
  expect(parts(destination)).toEqual([]);
});

test('the root of the server lands right in the destination, without what is the server’s own', async () => {
  const server = await startServer();
  const tree = makeTree(folderIn(temporaryFolder(), 'tree'), mixedTree(4, 10));
  expect(await filex(['put', '-r', `${tree}/.`, server.url()])).toMatchObject({ code: 0 });
  const destination = join(temporaryFolder(), 'new');
  expect(await filex(['get', '-r', server.url(), destination])).toMatchObject({ code: 0 });
  expect(differences(tree, destination)).toEqual([]);
});

test('a file goes to standard output, byte for byte', async () => {
  const server = await startServer();
  const content = Buffer.from([...Array(100_000).keys()]);
  makeTree(server.folder, { binary: content });
  for (const words of [
    ['cat', server.url('binary')],
    ['get', server.url('binary'), '-'],
  ]) {
    const { code, bytes } = await filex(words);
    expect(code).toBe(0);
    expect(bytes.equals(content)).toBe(true);
  }
});
