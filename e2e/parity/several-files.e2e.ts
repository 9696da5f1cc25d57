import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { visible } from '../harness/leftovers.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

test('several files and folders go up with one command and come down with one', async () => {
  const server = await startServer();
  const local = makeTree(temporaryFolder(), { a: 'a', b: 'b', 'c/d': 'd', 'c/e': 'e' });
  const sources = ['a', 'b', 'c'].map((name) => join(local, name));
  const put = await filex(['put', '-r', '--json', ...sources, server.url()]);
  expect(put.code, put.stderr).toBe(0);
  expect(put.events().at(-1)).toMatchObject({ event: 'summary', files: { created: 4, failed: 0 } });
  expect(visible(server.folder)).toEqual(['a', 'b', 'c', 'c/d', 'c/e']);

  const destination = temporaryFolder();
  const urls = ['a', 'b', 'c/e'].map((path) => server.url(path));
  const get = await filex(['get', '--json', ...urls, destination]);
  expect(get.code, get.stderr).toBe(0);
  expect(get.events().at(-1)).toMatchObject({ event: 'summary', files: { created: 3, failed: 0 } });
  for (const name of ['a', 'b', 'e']) expect(readFileSync(join(destination, name), 'utf8')).toBe(name);
});

test('patterns choose which files', async () => {
  const server = await startServer();
  const local = makeTree(join(temporaryFolder(), 'photos'), {
    'a.jpg': 'a',
    'b.png': 'b',
    'raw/c.jpg': 'c',
    'raw/c.tmp': '',
  });
  const chosen = ['--include', '*.jpg', '--exclude', 'raw/'];
  expect(await filex(['put', '-r', ...chosen, local, server.url()])).toMatchObject({ code: 0 });
  expect(visible(server.folder)).toEqual(['photos', 'photos/a.jpg']);
});
