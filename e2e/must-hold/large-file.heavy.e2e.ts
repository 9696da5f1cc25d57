import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { startServer } from '../harness/server.js';
import { roomyFolder } from '../harness/space.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';

const SIZE = 5 * 1024 ** 3 + 321;

test('a sparse file of 5 GiB goes up, is stored, comes down, and is the same', async ({ skip }) => {
  const base = roomyFolder(2 * SIZE);
  if (base === undefined) return skip('no room for two files of 5 GiB');
  const folder = temporaryFolder(base);
  const local = folderIn(folder, 'local');
  const path = join(local, 'sparse');
  writeFileSync(path, 'begin');
  truncateSync(path, SIZE - 3);
  writeFileSync(path, 'end', { flag: 'a' });
  const server = await startServer({ folder: folderIn(folder, 'served') });
  const put = await filex(['put', path, server.url('folder/'), '-r']);
  expect(put.code, put.stderr).toBe(3);
  expect(await filex(['mkdir', server.url('folder')])).toMatchObject({ code: 0 });
  expect(await filex(['put', path, server.url('folder/')])).toMatchObject({ code: 0 });
  const got = folderIn(folder, 'got');
  expect(await filex(['get', server.url('folder/sparse'), got])).toMatchObject({ code: 0 });
  expect(differences(local, got)).toEqual([]);
});
