import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { differences, measure } from '../harness/differences.js';
import { modules } from '../harness/paths.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, mixedTree } from '../harness/tree.js';

/** A slice of what is installed here: the large, the many, dotfiles, symlinks. All of it: node-modules.heavy.e2e.ts. */
const slice = ['typescript', 'knip', '@typescript-eslint', 'function-bind', '.bin'];

test('real packages go up while two others go up and down, come down again, and are the same', async () => {
  const server = await startServer();
  const local = temporaryFolder();
  const real = folderIn(local, 'node_modules');
  for (const name of slice) {
    const source = join(modules, name);
    cpSync(source, join(real, name), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
  const { files, symlinks } = measure(real);
  expect(files).toBeGreaterThan(1000);
  expect(symlinks).toBeGreaterThan(10);
  const other = makeTree(join(local, 'other'), mixedTree(1));
  makeTree(join(server.folder, 'there'), mixedTree(2));

  const [up, up2, down2] = await Promise.all([
    filex(['put', '-r', '--json', real, server.url()]),
    filex(['put', '-r', other, server.url()]),
    filex(['get', '-r', server.url('there'), local]),
  ]);
  for (const { code, stderr } of [up, up2, down2]) expect(code, stderr).toBe(0);
  expect(up.events().at(-1)).toMatchObject({ files: { created: files, skipped: { symlink: symlinks } } });
  const down = await filex(['get', '-r', server.url('node_modules'), folderIn(local, 'got')]);
  expect(down.code, down.stderr).toBe(0);

  expect(differences(real, join(local, 'got/node_modules'), { topTime: true })).toEqual([]);
  expect(differences(other, join(server.folder, 'other'), { topTime: true })).toEqual([]);
  expect(differences(join(server.folder, 'there'), join(local, 'there'))).toEqual([]);
});
