import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, filex, startClient } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { parts, visible } from '../harness/leftovers.js';
import { startNetwork } from '../harness/network.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';
import { honestBound, transferWithCuts } from './cutting.js';

const MiB = 1024 * 1024;

test.each(['up', 'down'] as const)(
  '96 MiB %s a line that is cut every 16 MiB: done unattended, and little is sent twice',
  async (direction) => {
    const cutting = { direction, size: 96 * MiB, every: 16 * MiB, rate: 24 * MiB };
    const { wire, connections } = await transferWithCuts(cutting);
    expect(connections).toBeGreaterThanOrEqual(6);
    expect(wire).toBeGreaterThan(cutting.size);
    expect(wire).toBeLessThan(honestBound(cutting));
  },
);

test('a client that is killed during an upload goes on where it was when it is run again', async () => {
  const server = await startServer();
  const network = await startNetwork({ upstream: server.port });
  const local = makeTree(join(temporaryFolder(), 't'), { large: pseudoRandomBytes(48 * MiB, 3), small: 's' });
  const words = ['put', '-r', local, network.url()];
  const client = startClient(words);
  await network.passed('up', 32 * MiB);
  client.signal('SIGKILL');
  await client.exited;
  const before = network.bytes.up;
  expect(visible(server.folder)).not.toContain('t/large');
  const exit = await filex(words);
  expect(exit.code, exit.stderr).toBe(0);
  expect(differences(local, join(server.folder, 't'))).toEqual([]);
  // Acknowledged was what is flushed; half of what had come is modest.
  expect(network.bytes.up - before).toBeLessThan(32 * MiB);
});

test('a client that is killed during a download goes on where it was when it is run again', async () => {
  const server = await startServer();
  makeTree(server.folder, { large: pseudoRandomBytes(48 * MiB, 4) });
  const network = await startNetwork({ upstream: server.port });
  const destination = folderIn(temporaryFolder(), 'got');
  const words = ['get', network.url('large'), destination];
  const client = startClient(words);
  await network.passed('down', 32 * MiB);
  client.signal('SIGKILL');
  await client.exited;
  const before = network.bytes.down;
  expect(visible(destination)).not.toContain('large');
  const exit = await filex(words);
  expect(exit.code, exit.stderr).toBe(0);
  expect(differences(server.folder, destination).filter((line) => !line.includes('.filex: '))).toEqual([]);
  expect(parts(destination)).toEqual([]);
  expect(network.bytes.down - before).toBeLessThan(32 * MiB);
});

test('told not to, it does not connect again: exit 5 at the first cut', async () => {
  const server = await startServer();
  const network = await startNetwork({
    upstream: server.port,
    faults: () => [{ kind: 'reset', after: { direction: 'up', bytes: MiB } }],
  });
  const local = makeTree(temporaryFolder(), { large: pseudoRandomBytes(8 * MiB, 5) });
  const exit = clientExit(
    await startClient(['put', '--retries', '0', join(local, 'large'), network.url()]).exited,
  );
  expect(exit.code, exit.stderr).toBe(5);
  expect(network.connections).toBe(1);
});
