import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, filex, startClient } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { stagedAfterExpiry } from '../harness/expiry.js';
import { parts, visible } from '../harness/leftovers.js';
import { listen } from '../harness/raw-peer.js';
import { startRelay } from '../harness/relay.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';

const GONE = 5;
const large = pseudoRandomBytes(24 * 1024 * 1024, 5);

/** A port at which nothing listens: one that was free a moment ago. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await listen(server);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('nothing listens: exit 5, and the message says where', async () => {
  const port = await deadPort();
  const exit = await filex(['ls', `filex+tcp://127.0.0.1:${port}/`]);
  expect(exit.code).toBe(GONE);
  expect(exit.stderr).toContain(`127.0.0.1:${port}`);
  expect(exit.stderr).toMatch(/nothing listens/);
});

test('a host that does not exist: exit 5', async () => {
  const exit = await filex(['ls', 'filex+tcp://no-such-host.invalid/']);
  expect(exit.code, exit.stderr).toBe(GONE);
  expect(exit.stderr).toMatch(/no-such-host\.invalid/);
});

test('killed during an upload: exit 5; restarted, the same command ends what was begun', async () => {
  const server = await startServer();
  const relay = await startRelay(server.port);
  const local = makeTree(join(temporaryFolder(), 't'), { large, small: 'small' });
  const client = startClient(['put', '-r', '--retries', '0', local, relay.url()]);
  await relay.passed('up', 4 * 1024 * 1024);
  relay.hold();
  server.command.signal('SIGKILL');
  await server.command.exited;
  relay.cut();
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(GONE);
  expect(exit.stderr).toMatch(/again/);
  expect(visible(server.folder)).not.toContain('t/large');

  const again = await startServer({ folder: server.folder });
  expect(await filex(['put', '-r', local, again.url()])).toMatchObject({ code: 0 });
  expect(differences(local, join(server.folder, 't'))).toEqual([]);
  // What the killed one had staged is kept, as its address might come back, and goes with time.
  await again.stop();
  expect(await stagedAfterExpiry(server.folder)).toEqual([]);
});

test('the line is cut for good during a download: exit 5, nothing under the name, and what came is kept', async () => {
  const server = await startServer();
  makeTree(server.folder, { large });
  const relay = await startRelay(server.port);
  const destination = temporaryFolder();
  const client = startClient(['get', '--retries', '0', relay.url('large'), destination]);
  await relay.passed('down', 4 * 1024 * 1024);
  relay.cut();
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(GONE);
  expect(parts(destination)).toHaveLength(1);
  expect(visible(destination)).toEqual(parts(destination));
});

test('a client that is killed and does not come back leaves nothing on the server', async () => {
  const server = await startServer();
  const relay = await startRelay(server.port);
  const local = makeTree(temporaryFolder(), { large });
  const client = startClient(['put', join(local, 'large'), relay.url()]);
  await relay.passed('up', 4 * 1024 * 1024);
  relay.hold();
  client.signal('SIGKILL');
  await client.exited;
  relay.cut();
  await server.command.line('stderr', /"msg":"disconnected"/);
  await server.stop();
  expect(visible(server.folder)).toEqual([]);
  expect(await stagedAfterExpiry(server.folder)).toEqual([]);
});
