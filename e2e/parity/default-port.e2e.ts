import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { startServer } from '../harness/server.js';
import { makeTree } from '../harness/tree.js';

const DEFAULT_PORT = 12_345;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}

test('without --port the server is on 12345, and an address without a port means that', async ({ skip }) => {
  if (!(await isFree(DEFAULT_PORT))) skip('port 12345 is taken on this machine');
  const server = await startServer({ port: 'default' });
  expect(server.port).toBe(DEFAULT_PORT);
  makeTree(server.folder, { 'hello.txt': 'hello' });
  const { code, stdout } = await filex(['cat', 'filex+tcp://127.0.0.1/hello.txt']);
  expect(code).toBe(0);
  expect(stdout).toBe('hello');
});
