import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree, mixedTree } from '../harness/tree.js';

test('several clients upload and download different trees at the same time', async () => {
  const server = await startServer();
  const local = temporaryFolder();
  const names = ['north', 'south', 'east', 'west'];
  const trees = names.map((name, i) => makeTree(join(local, name), mixedTree(10 + i)));
  makeTree(join(server.folder, 'there'), mixedTree(20));
  const exits = await Promise.all([
    ...trees.map((tree) => filex(['put', '-r', tree, server.url()])),
    ...names.map((name) => filex(['get', '-r', server.url('there'), join(local, `got-${name}`)])),
  ]);
  for (const { code, stderr } of exits) expect(code, stderr).toBe(0);
  for (const name of names) {
    expect(differences(join(local, name), join(server.folder, name))).toEqual([]);
    expect(differences(join(server.folder, 'there'), join(local, `got-${name}`, 'there'))).toEqual([]);
  }
});
