import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { staged } from '../harness/leftovers.js';
import { peakMemory, startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, mixedTree, pseudoRandomBytes } from '../harness/tree.js';

const CLIENTS = 50;
/** As many processes wait for a processor longer than a connection may take, at either end. */
const patient = ['--connect-timeout', '120'];
const patience = ['--limit', 'handshakeTimeout=120s'];
/** MiB. An idle server has about 65. */
const BOUND = 400;

test('fifty clients at once, mixed up and down: nothing is lost and the memory of the server is bounded', async () => {
  const server = await startServer({ args: patience });
  const local = temporaryFolder();
  const size = 8 * 1024 * 1024;
  makeTree(join(server.folder, 'there'), { ...mixedTree(1, 20), large: pseudoRandomBytes(size, 0) });
  const clients = [...Array(CLIENTS).keys()].map(async (i) => {
    const name = `client-${i}`;
    if (i % 2 === 0) {
      const tree = makeTree(join(local, name), { ...mixedTree(i, 20), large: pseudoRandomBytes(size, i) });
      const exit = await filex(['put', ...patient, '-r', tree, server.url()]);
      return { exit, pair: [tree, join(server.folder, name)] as const };
    }
    const destination = folderIn(local, name);
    const exit = await filex(['get', ...patient, '-r', server.url('there'), destination]);
    return { exit, pair: [join(server.folder, 'there'), join(destination, 'there')] as const };
  });
  for (const { exit, pair } of await Promise.all(clients)) {
    expect(exit.code, exit.stderr).toBe(0);
    expect(differences(...pair)).toEqual([]);
  }
  if (process.platform === 'linux') {
    const peak = peakMemory(server.command.pid);
    console.info(`peak memory of the server with ${CLIENTS} clients at once: ${peak.toFixed(0)} MiB`);
    expect(peak).toBeLessThan(BOUND);
  }
  expect(staged(server.folder)).toEqual([]);
});
