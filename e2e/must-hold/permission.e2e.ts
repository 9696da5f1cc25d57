import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { parts, staged, visible } from '../harness/leftovers.js';
import { giveTo, powerless, stateOf } from '../harness/powerless.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

const NOT_ALLOWED = 7;

test('a folder on the server that cannot be written: exit 7, nothing left behind', async ({ skip }) => {
  const user = powerless();
  if (typeof user === 'string') return skip(user);
  const folder = folderIn(temporaryFolder(), 'served');
  chmodSync(join(folder, '..'), 0o755);
  giveTo(user, folder);
  chmodSync(folderIn(folder, 'closed'), 0o555);
  const server = await startServer({ folder, args: stateOf(user), ...user });
  const local = makeTree(temporaryFolder(), { a: 'content' });
  const exit = await filex(['put', join(local, 'a'), server.url('closed/')]);
  expect(exit.code, exit.stderr).toBe(NOT_ALLOWED);
  expect(exit.stderr).toMatch(/closed\/a/);
  expect(visible(folder)).toEqual(['closed']);
  expect(staged(folder)).toEqual([]);
});

test('a local folder that cannot be written: exit 7', async ({ skip }) => {
  const user = powerless();
  if (typeof user === 'string') return skip(user);
  const server = await startServer();
  makeTree(server.folder, { a: 'content' });
  const destination = temporaryFolder();
  chmodSync(destination, 0o555);
  const exit = await filex(['get', server.url('a'), destination], user);
  expect(exit.code, exit.stderr).toBe(NOT_ALLOWED);
  expect(exit.stderr).toMatch(/permissions/);
  expect([...visible(destination), ...parts(destination)]).toEqual([]);
});

test('a server for reading only refuses what changes it, and says so', async () => {
  const server = await startServer({ args: ['--anonymous', 'read'] });
  makeTree(server.folder, { a: 'content' });
  const local = makeTree(temporaryFolder(), { b: 'b' });
  for (const words of [
    ['put', join(local, 'b'), server.url()],
    ['rm', server.url('a')],
    ['mv', server.url('a'), '/c'],
    ['mkdir', server.url('d')],
  ]) {
    const exit = await filex(words);
    expect(exit.code, exit.stderr).toBe(NOT_ALLOWED);
  }
  expect((await filex(['cat', server.url('a')])).stdout).toBe('content');
  expect(visible(server.folder)).toEqual(['a']);
});

test('a served folder that cannot be written does not start: exit 1 and why', async ({ skip }) => {
  const user = powerless();
  if (typeof user === 'string') return skip(user);
  const folder = folderIn(temporaryFolder(), 'served');
  chmodSync(join(folder, '..'), 0o755);
  chmodSync(folder, 0o555);
  await expect(startServer({ folder, args: stateOf(user), ...user })).rejects.toThrow(/served/);
});
