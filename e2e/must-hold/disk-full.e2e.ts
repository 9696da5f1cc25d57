import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { parts, staged, visible } from '../harness/leftovers.js';
import { startServer } from '../harness/server.js';
import { smallDisk } from '../harness/small-disk.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';

const LIMIT = 8;
const SOME_FAILED = 6;
const WHY_NOT = 'only root can mount a small file system';

test('the disk of the server is full: exit 8, nothing left, the next small file fits', async ({ skip }) => {
  const disk = smallDisk(16);
  if (disk === undefined) return skip(WHY_NOT);
  const server = await startServer({ folder: folderIn(disk, 'served') });
  const local = makeTree(temporaryFolder(), {
    large: pseudoRandomBytes(24 * 1024 * 1024, 1),
    small: 'small',
  });
  const exit = await filex(['put', join(local, 'large'), server.url()]);
  expect(exit.code, exit.stderr).toBe(LIMIT);
  expect(exit.stderr).toMatch(/large/);
  expect(exit.stderr).toMatch(/room/);
  expect(visible(server.folder)).toEqual([]);
  expect(await filex(['put', join(local, 'small'), server.url()])).toMatchObject({ code: 0 });
  expect(visible(server.folder)).toEqual(['small']);
  expect(staged(server.folder)).toEqual([]);
});

test('it fills up while a stream of unknown size arrives: the same', async ({ skip }) => {
  const disk = smallDisk(16);
  if (disk === undefined) return skip(WHY_NOT);
  const server = await startServer({ folder: folderIn(disk, 'served') });
  const input = pseudoRandomBytes(24 * 1024 * 1024, 2);
  const exit = await filex(['put', '-', server.url('stream')], { input });
  expect(exit.code, exit.stderr).toBe(LIMIT);
  expect(visible(server.folder)).toEqual([]);
  await server.stop();
  expect(staged(server.folder)).toEqual([]);
});

test('it fills up in the middle of a tree: what fits is there whole, the rest is not there', async ({
  skip,
}) => {
  const disk = smallDisk(16);
  if (disk === undefined) return skip(WHY_NOT);
  const server = await startServer({ folder: folderIn(disk, 'served') });
  const size = 3 * 1024 * 1024;
  const files = Object.fromEntries([...Array(8).keys()].map((i) => [`f${i}`, pseudoRandomBytes(size, i)]));
  const local = makeTree(join(temporaryFolder(), 't'), files);
  const exit = await filex(['put', '-r', '--json', local, server.url()]);
  expect(exit.code, exit.stderr).toBe(SOME_FAILED);
  const stored = visible(server.folder).filter((path) => path !== 't');
  expect(exit.events().at(-1)).toMatchObject({
    files: { created: stored.length, failed: 8 - stored.length },
  });
  for (const path of stored) {
    const { bytes } = await filex(['cat', server.url(path)]);
    expect(bytes.equals(files[path.slice(2)] as Buffer)).toBe(true);
  }
});

test('the disk of the client is full: exit 8, nothing left', async ({ skip }) => {
  const disk = smallDisk(16);
  if (disk === undefined) return skip(WHY_NOT);
  const server = await startServer();
  makeTree(server.folder, { large: pseudoRandomBytes(24 * 1024 * 1024, 3) });
  const exit = await filex(['get', server.url('large'), disk]);
  expect(exit.code, exit.stderr).toBe(LIMIT);
  expect(exit.stderr).toMatch(/on this machine/);
  expect([...visible(disk), ...parts(disk)]).toEqual([]);
});
