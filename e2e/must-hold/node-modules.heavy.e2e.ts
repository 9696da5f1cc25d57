import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { differences, measure } from '../harness/differences.js';
import { modules, repository } from '../harness/paths.js';
import { peakMemory, startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, mixedTree } from '../harness/tree.js';

test('the whole node_modules of this repository goes up while two others go up and down, and comes down the same', async () => {
  const server = await startServer();
  const local = temporaryFolder();
  const { files, bytes, symlinks } = measure(modules);
  const packages = join(repository, 'packages');
  makeTree(join(server.folder, 'there'), mixedTree(2, 500));

  const [up, up2, down2] = await Promise.all([
    filex(['put', '-r', '--json', modules, server.url()]),
    filex(['put', '-r', packages, server.url()]),
    filex(['get', '-r', server.url('there'), local]),
  ]);
  for (const { code, stderr } of [up, up2, down2]) expect(code, stderr).toBe(0);
  expect(up.events().at(-1)).toMatchObject({ files: { created: files, skipped: { symlink: symlinks } } });
  const down = await filex(['get', '-r', server.url('node_modules'), folderIn(local, 'got')]);
  expect(down.code, down.stderr).toBe(0);

  expect(differences(modules, join(local, 'got/node_modules'), { topTime: true })).toEqual([]);
  expect(differences(packages, join(server.folder, 'packages'), { topTime: true })).toEqual([]);
  expect(differences(join(server.folder, 'there'), join(local, 'there'))).toEqual([]);
  const mebibytes = (bytes / 1024 ** 2).toFixed(0);
  console.info(`${files} files, ${mebibytes} MiB, ${symlinks} symlinks skipped`);
  if (process.platform === 'linux') {
    console.info(`peak memory of the server: ${peakMemory(server.command.pid).toFixed(0)} MiB`);
  }
});
