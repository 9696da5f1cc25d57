import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, startClient } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { startNetwork } from '../harness/network.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes, type TreeSpec } from '../harness/tree.js';

const MiB = 1024 * 1024;
/** Milliseconds; a server by default notices after 40 s that a connection is dead. */
const IMMEDIATELY = 15_000;

function tree(): TreeSpec {
  const small = [...Array(100).keys()].map((i) => [`small/${i}`, pseudoRandomBytes(i * 100, i)] as const);
  return { ...Object.fromEntries(small), large: pseudoRandomBytes(48 * MiB, 7) };
}

test('two servers on one folder, one killed -9 in the middle: the client ends on the other', async () => {
  const args = ['--state', folderIn(temporaryFolder(), 'state')];
  const first = await startServer({ args });
  const second = await startServer({ folder: first.folder, args });
  const network = await startNetwork({ upstream: first.port });
  const local = makeTree(join(temporaryFolder(), 't'), tree());
  const client = startClient(['put', '-r', local, network.url()]);
  await network.passed('up', 24 * MiB);
  network.upstream = second.port;
  await first.command.kill();
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(0);
  expect(differences(local, join(first.folder, 't'))).toEqual([]);
});

test('the server still holds the dead connection: the upload goes on at once over a new one', async () => {
  const server = await startServer();
  const network = await startNetwork({ upstream: server.port });
  const local = makeTree(join(temporaryFolder(), 't'), tree());
  const client = startClient(['put', '-r', local, network.url()]);
  await network.passed('up', 24 * MiB);
  const cut = performance.now();
  network.cut('half-open');
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(0);
  expect(performance.now() - cut).toBeLessThan(IMMEDIATELY);
  expect(differences(local, join(server.folder, 't'))).toEqual([]);
});

test('another server takes the upload over from one that lives and holds the dead connection', async () => {
  const args = ['--state', folderIn(temporaryFolder(), 'state')];
  const first = await startServer({ args });
  const second = await startServer({ folder: first.folder, args });
  const network = await startNetwork({ upstream: first.port });
  const local = makeTree(join(temporaryFolder(), 't'), tree());
  const client = startClient(['put', '-r', local, network.url()]);
  await network.passed('up', 24 * MiB);
  const cut = performance.now();
  network.upstream = second.port;
  network.cut('half-open');
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(0);
  expect(performance.now() - cut).toBeLessThan(IMMEDIATELY);
  expect(differences(local, join(first.folder, 't'))).toEqual([]);
});
