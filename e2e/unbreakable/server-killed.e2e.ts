import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, startClient } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { startNetwork } from '../harness/network.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes, type TreeSpec } from '../harness/tree.js';

const KiB = 1024;
const MiB = 1024 * KiB;

function thousandFiles(): TreeSpec {
  const files = [...Array(1000).keys()].map((i) => {
    return [`d${i % 20}/f${i}`, pseudoRandomBytes((i * 7919) % (40 * KiB), i)] as const;
  });
  return Object.fromEntries(files);
}

test('killed -9 and started again in the middle of 1,000 files: the client ends by itself', async () => {
  const state = folderIn(temporaryFolder(), 'state');
  const args = ['--state', state];
  const server = await startServer({ args });
  const network = await startNetwork({ upstream: server.port });
  const local = makeTree(join(temporaryFolder(), 't'), thousandFiles());
  const client = startClient(['put', '-r', '--json', local, network.url()]);
  await network.passed('up', 6 * MiB);
  await server.command.kill();
  const again = await startServer({ folder: server.folder, port: server.port, args });
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(0);
  expect(exit.events().at(-1)).toMatchObject({ event: 'summary', files: { failed: 0, notTried: 0 } });
  expect(differences(local, join(server.folder, 't'))).toEqual([]);
  expect(network.connections).toBeGreaterThan(1);
  expect(await again.stop()).toMatchObject({ code: 0 });
});

test('killed -9 in the middle of one large file: only what it had not flushed is sent again', async () => {
  const state = folderIn(temporaryFolder(), 'state');
  const args = ['--state', state];
  const server = await startServer({ args });
  const network = await startNetwork({ upstream: server.port });
  const size = 64 * MiB;
  const local = makeTree(temporaryFolder(), { large: pseudoRandomBytes(size, 6) });
  const client = startClient(['put', join(local, 'large'), network.url()]);
  await network.passed('up', 48 * MiB);
  await server.command.kill();
  await startServer({ folder: server.folder, port: server.port, args });
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(0);
  expect(differences(local, server.folder).filter((line) => !line.includes('.filex: '))).toEqual([]);
  expect(network.bytes.up).toBeLessThan(size + 48 * MiB);
});
