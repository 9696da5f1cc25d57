import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, eventsOf, filex, startClient } from '../harness/client.js';
import { staged, visible } from '../harness/leftovers.js';
import { giveTo, powerless, stateOf } from '../harness/powerless.js';
import { startRelay } from '../harness/relay.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';

const SOME_FAILED = 6;

test('a name that is not valid UTF-8 fails alone', async ({ skip }) => {
  const server = await startServer();
  const local = makeTree(join(temporaryFolder(), 't'), { a: 'a', z: 'z' });
  const path = Buffer.concat([Buffer.from(`${local}/caf`), Buffer.of(0xe9), Buffer.from('.txt')]);
  try {
    writeFileSync(path, 'latin1');
  } catch {
    skip('this file system takes only UTF-8');
  }
  const exit = await filex(['put', '-r', local, server.url()]);
  expect(exit.code, exit.stderr).toBe(SOME_FAILED);
  // What, where, why: the byte that is wrong is shown as one.
  expect(exit.stderr).toContain('caf\\xe9.txt');
  expect(exit.stderr).toMatch(/UTF-8/);
  expect(visible(server.folder)).toEqual(['t', 't/a', 't/z']);
});

test('an unreadable file and an unreadable folder fail alone', async ({ skip }) => {
  const user = powerless();
  if (typeof user === 'string') return skip(user);
  const server = await startServer();
  const top = temporaryFolder();
  chmodSync(top, 0o755);
  const local = makeTree(join(top, 't'), { a: 'a', secret: 's', 'closed/b': 'b', z: 'z' });
  chmodSync(join(local, 'secret'), 0);
  chmodSync(join(local, 'closed'), 0);
  const exit = await filex(['put', '-r', local, server.url()], user);
  chmodSync(join(local, 'closed'), 0o755);
  expect(exit.code, exit.stderr).toBe(SOME_FAILED);
  expect(exit.stderr).toMatch(/secret.*(?:permission|not allowed)/i);
  expect(exit.stderr).toMatch(/closed.*(?:permission|not allowed)/i);
  const arrived = visible(server.folder).filter((path) => path !== 't/closed');
  expect(arrived).toEqual(['t', 't/a', 't/z']);
});

test('a file that vanishes while others are on their way fails alone', async () => {
  const server = await startServer();
  const relay = await startRelay(server.port);
  const local = makeTree(temporaryFolder(), {
    large: pseudoRandomBytes(16 * 1024 * 1024, 1),
    vanishes: 'soon gone',
    stays: 'here',
  });
  // One at a time, in this order: the large one is on its way, the others were found and wait.
  const sources = ['large', 'vanishes', 'stays'].map((name) => join(local, name));
  const client = startClient(['put', '--json', '--transfers', '1', ...sources, relay.url()]);
  await relay.passed('up', 1024 * 1024);
  relay.hold();
  await client.line('stdout', /"event":"progress","complete":true/);
  rmSync(join(local, 'vanishes'));
  relay.release();
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(SOME_FAILED);
  expect(exit.stderr).toMatch(/vanishes/);
  const failed = exit.events().filter((event) => event['status'] === 'failed');
  expect(failed).toMatchObject([{ event: 'file', code: 'NOT_FOUND' }]);
  expect(visible(server.folder)).toEqual(['large', 'stays']);
});

test('a file that changes while it is read fails alone and nothing of it is stored', async () => {
  const server = await startServer();
  const relay = await startRelay(server.port);
  const size = 32 * 1024 * 1024;
  const local = makeTree(join(temporaryFolder(), 't'), {
    '1 changes': pseudoRandomBytes(size, 2),
    '2 stays': 'here',
  });
  const client = startClient(['put', '-r', '--json', '--transfers', '1', local, relay.url()]);
  await relay.passed('up', 1024 * 1024);
  relay.hold();
  writeFileSync(join(local, '1 changes'), pseudoRandomBytes(size, 3));
  relay.release();
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(SOME_FAILED);
  expect(eventsOf(exit.stdout).filter((event) => event['status'] === 'failed')).toMatchObject([
    { code: 'SOURCE_CHANGED' },
  ]);
  expect(visible(server.folder)).toEqual(['t', 't/2 stays']);
  await server.stop();
  expect(staged(server.folder)).toEqual([]);
});

test('files that the server may not read fail alone on the way down', async ({ skip }) => {
  const user = powerless();
  if (typeof user === 'string') return skip(user);
  const folder = folderIn(temporaryFolder(), 'served');
  chmodSync(join(folder, '..'), 0o755);
  giveTo(user, folder);
  makeTree(join(folder, 't'), { a: 'a', secret: 's', z: 'z' });
  chmodSync(join(folder, 't/secret'), 0);
  const server = await startServer({ folder, args: stateOf(user), ...user });
  const destination = temporaryFolder();
  const exit = await filex(['get', '-r', server.url('t'), destination]);
  expect(exit.code, exit.stderr).toBe(SOME_FAILED);
  expect(exit.stderr).toMatch(/secret/);
  expect(visible(destination)).toEqual(['t', 't/a', 't/z']);
});

test('a file that vanishes on the server after it was found fails alone', async () => {
  const server = await startServer();
  makeTree(server.folder, {
    large: pseudoRandomBytes(16 * 1024 * 1024, 4),
    vanishes: 'soon gone',
    stays: 'here',
  });
  const relay = await startRelay(server.port);
  const destination = temporaryFolder();
  const urls = ['large', 'vanishes', 'stays'].map((name) => relay.url(name));
  const client = startClient(['get', '--json', '--transfers', '1', ...urls, destination]);
  await relay.passed('down', 4 * 1024 * 1024);
  relay.hold();
  await client.line('stdout', /"event":"progress","complete":true/);
  rmSync(join(server.folder, 'vanishes'));
  relay.release();
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(SOME_FAILED);
  expect(exit.events().filter((event) => event['status'] === 'failed')).toMatchObject([
    { event: 'file', code: 'NOT_FOUND' },
  ]);
  expect(visible(destination)).toEqual(['large', 'stays']);
});
