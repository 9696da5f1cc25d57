import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, filex, startClient } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { startNetwork } from '../harness/network.js';
import { startServer } from '../harness/server.js';
import { smallDisk } from '../harness/small-disk.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';

const MiB = 1024 * 1024;

test('the disk of the server is full for a while: what failed is done when the command runs again', async ({
  skip,
}) => {
  const disk = smallDisk(40);
  if (disk === undefined) return skip('only root can mount a small file system');
  const filler = join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc(26 * MiB));
  const server = await startServer({ folder: folderIn(disk, 'served') });
  const network = await startNetwork({ upstream: server.port });
  const files = Object.fromEntries([...Array(8).keys()].map((i) => [`f${i}`, pseudoRandomBytes(3 * MiB, i)]));
  const local = makeTree(join(temporaryFolder(), 't'), files);
  const words = ['put', '-r', '--json', local, network.url()];
  const client = startClient(words);
  // Two of these fit at once; whoever finds no room either tries again or says so.
  await Promise.race([client.exited, network.passed('up', 12 * MiB)]);
  rmSync(filler);
  const exit = clientExit(await client.exited);
  expect([0, 6], exit.stderr).toContain(exit.code);
  const failures = exit.events().filter(({ event, status }) => event === 'file' && status === 'failed');
  expect(failures.filter(({ code }) => code !== 'NO_SPACE')).toEqual([]);
  // What is there is whole.
  const wrong = differences(local, join(server.folder, 't'), { times: false });
  expect(wrong.filter((difference) => !difference.endsWith(': is missing'))).toEqual([]);
  const again = await filex(words);
  expect(again.code, again.stderr).toBe(0);
  expect(differences(local, join(server.folder, 't'))).toEqual([]);
});
