import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, filex, startClient } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { stagedAfterExpiry } from '../harness/expiry.js';
import { parts, visible } from '../harness/leftovers.js';
import { startRelay } from '../harness/relay.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';

const INTERRUPTED = 130;
const MiB = 1024 * 1024;

/** A client in the middle of an upload, held there. */
async function uploadUnderWay() {
  const server = await startServer();
  const relay = await startRelay(server.port);
  const local = makeTree(temporaryFolder(), { large: pseudoRandomBytes(24 * MiB, 1) });
  const client = startClient(['put', '--retries', '0', join(local, 'large'), relay.url()]);
  await relay.passed('up', 4 * MiB);
  relay.hold();
  return { server, relay, local, client };
}

test('SIGTERM lets a transfer in flight complete, and takes nothing new', async () => {
  const { server, relay, local, client } = await uploadUnderWay();
  server.command.signal('SIGTERM');
  await server.command.line('stderr', /stopping: waiting for 1 connection/);
  expect((await filex(['ls', server.url()])).code).toBe(5);
  relay.release();
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(0);
  expect(await server.command.exited).toMatchObject({ code: 0, signal: null });
  expect(differences(local, server.folder, { times: false })).toEqual([
    `${join(server.folder, '.filex')}: is extra`,
  ]);
  expect(await stagedAfterExpiry(server.folder)).toEqual([]);
});

test('a second SIGTERM ends the server at once; nothing half is visible', async () => {
  const { server, client, relay } = await uploadUnderWay();
  server.command.signal('SIGTERM');
  await server.command.line('stderr', /stopping: waiting for 1 connection/);
  server.command.signal('SIGTERM');
  expect(await server.command.exited).toMatchObject({ code: 143 });
  relay.cut();
  expect((await client.exited).code).toBe(5);
  expect(visible(server.folder)).toEqual([]);
  expect(await stagedAfterExpiry(server.folder)).toEqual([]);
});

test('without connections SIGTERM and SIGINT end the server with exit 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const server = await startServer();
    server.command.signal(signal);
    expect(await server.command.exited).toMatchObject({ code: 0, signal: null });
  }
});

test('SIGINT during an upload: exit 130, how to go on, and nothing visible on the server', async () => {
  const { server, relay, client } = await uploadUnderWay();
  const pressed = performance.now();
  client.signal('SIGINT');
  const exit = clientExit(await client.exited);
  // Although the server says nothing any more.
  expect(performance.now() - pressed).toBeLessThan(15_000);
  expect(exit.code, exit.stderr).toBe(INTERRUPTED);
  expect(exit.stderr).toMatch(/goes on from here:\n.*filex-client put .*large filex\+tcp:/);
  relay.cut();
  await server.stop();
  expect(visible(server.folder)).toEqual([]);
  expect(await stagedAfterExpiry(server.folder)).toEqual([]);
});

test('SIGINT during a download: exit 130, nothing under the name, and what came is kept', async () => {
  const server = await startServer();
  makeTree(server.folder, { large: pseudoRandomBytes(24 * MiB, 2) });
  const relay = await startRelay(server.port);
  const destination = temporaryFolder();
  const client = startClient(['get', relay.url('large'), destination]);
  await relay.passed('down', 4 * MiB);
  relay.hold();
  client.signal('SIGINT');
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(INTERRUPTED);
  expect(parts(destination)).toHaveLength(1);
  expect(visible(destination)).toEqual(parts(destination));
});

test('what was interrupted goes on with the same command', async () => {
  const { server, local, client } = await uploadUnderWay();
  client.signal('SIGINT');
  await client.exited;
  const exit = await filex(['put', join(local, 'large'), server.url()]);
  expect(exit.code, exit.stderr).toBe(0);
  expect(differences(local, server.folder, { times: false })).toEqual([
    `${join(server.folder, '.filex')}: is extra`,
  ]);
});
