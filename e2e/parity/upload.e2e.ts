import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { staged, visible } from '../harness/leftovers.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree, mixedTree } from '../harness/tree.js';

test('a file is uploaded into a folder under its own name, or under the name that is given', async () => {
  const server = await startServer();
  const local = makeTree(temporaryFolder(), { 'a.txt': 'content of a', 'b.txt': 'content of b' });
  expect(await filex(['put', join(local, 'a.txt'), server.url()])).toMatchObject({ code: 0 });
  expect(await filex(['put', join(local, 'b.txt'), server.url('other name.txt')])).toMatchObject({ code: 0 });
  expect(visible(server.folder)).toEqual(['a.txt', 'other name.txt']);
  expect(readFileSync(join(server.folder, 'a.txt'), 'utf8')).toBe('content of a');
  expect(readFileSync(join(server.folder, 'other name.txt'), 'utf8')).toBe('content of b');
});

test('a tree arrives with everything it has: empty folders, dotfiles, times, the executable bit', async () => {
  const server = await startServer();
  const local = makeTree(join(temporaryFolder(), 'tree'), mixedTree(1));
  const { code, stderr } = await filex(['put', '-r', local, server.url()]);
  expect(code, stderr).toBe(0);
  expect(differences(local, join(server.folder, 'tree'), { topTime: true })).toEqual([]);
  expect(staged(server.folder)).toEqual([]);
});

test('a second run changes nothing and is a success', async () => {
  const server = await startServer();
  const local = makeTree(join(temporaryFolder(), 'tree'), mixedTree(2));
  const words = ['put', '-r', '--json', local, server.url()];
  expect((await filex(words)).code).toBe(0);
  const again = await filex(words);
  expect(again.code).toBe(0);
  const summary = again.events().at(-1);
  expect(summary).toMatchObject({ event: 'summary', files: { created: 0, replaced: 0, failed: 0 } });
  expect(differences(local, join(server.folder, 'tree'))).toEqual([]);
});

test('standard input is uploaded under the name in the address', async () => {
  const server = await startServer();
  const input = Buffer.alloc(3_000_000, 'stream ');
  expect(await filex(['put', '-', server.url('from stdin')], { input })).toMatchObject({ code: 0 });
  expect(readFileSync(join(server.folder, 'from stdin')).equals(input)).toBe(true);
});
