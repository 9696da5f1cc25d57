import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { Command } from '../harness/command.js';
import { repository } from '../harness/paths.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

const example = (name: string): string => join(repository, 'examples', name);

test('own-app.mjs uploads to a server and downloads from it', async () => {
  const server = await startServer();
  const cwd = makeTree(temporaryFolder(), { 'my file': 'what my app has to say' });
  const words = [example('own-app.mjs'), server.url(), 'my file'];
  const exit = await new Command(process.execPath, words, { cwd }).exited;
  expect(exit.code, exit.stderr).toBe(0);
  expect(exit.stdout).toMatch(/created from my app: /);
  expect(readFileSync(join(server.folder, 'from my app'), 'utf8')).toBe('what my app has to say');
  expect(readFileSync(join(cwd, 'downloaded by my app'), 'utf8')).toBe('what my app has to say');
});

test('own-app.mjs is about twenty lines', () => {
  const lines = readFileSync(example('own-app.mjs'), 'utf8').split('\n');
  expect(lines.filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(22);
});

test('sans-io.mjs moves a file between two connections without a socket', async () => {
  const exit = await new Command(process.execPath, [example('sans-io.mjs')]).exited;
  expect(exit).toMatchObject({ code: 0, stderr: '' });
  expect(exit.stdout).toBe('server: upload of hello.txt, 19000 bytes\nclient: OK, created\n');
});

test('embedded-server.mjs serves the real client from memory', async () => {
  const server = new Command(process.execPath, [example('embedded-server.mjs'), '0']);
  const url = await server.line('stdout', /^filex\+tcp:/);
  const local = makeTree(temporaryFolder(), { a: 'first', 'more/a': 'second' });
  const put = await filex(['put', join(local, 'a'), url]);
  expect(put.code, put.stderr).toBe(0);
  expect((await filex(['put', join(local, 'more/a'), url])).code).toBe(11);
  expect((await filex(['ls', url])).stdout).toBe('a\n');
  expect((await filex(['cat', `${url}a`])).stdout).toBe('first');
  expect((await filex(['mkdir', `${url}folder`])).stderr).toMatch(/no folders/);
  expect((await filex(['rm', `${url}a`])).code).toBe(0);
  expect((await filex(['cat', `${url}a`])).code).toBe(4);
  server.signal('SIGTERM');
  expect((await server.exited).code).toBe(0);
});
