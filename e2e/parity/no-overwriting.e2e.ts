import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { parts, staged, visible } from '../harness/leftovers.js';
import { type ServerProcess, startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { longAgo, makeTree } from '../harness/tree.js';

const CONFLICT = 11;
const recent = new Date('2020-01-01T00:00:00Z');

/** The two directions, so that both keep to the same rules. */
const directions = {
  upload: {
    there: (server: ServerProcess, _local: string) => server.folder,
    words: (server: ServerProcess, local: string) => ['put', join(local, 'note.txt'), server.url()],
    from: (_server: ServerProcess, local: string) => local,
  },
  download: {
    there: (_server: ServerProcess, local: string) => local,
    words: (server: ServerProcess, local: string) => ['get', server.url('note.txt'), local],
    from: (server: ServerProcess, _local: string) => server.folder,
  },
} as const;

describe.each(['upload', 'download'] as const)('%s', (name) => {
  const direction = directions[name];

  async function conflict(policy: readonly string[], mtime = recent) {
    const server = await startServer();
    const local = temporaryFolder();
    const there = direction.there(server, local);
    makeTree(there, { 'note.txt': 'was here first' });
    makeTree(direction.from(server, local), { 'note.txt': { content: 'came later', mtime } });
    const exit = await filex([...direction.words(server, local), ...policy]);
    expect([...staged(server.folder), ...parts(local)]).toEqual([]);
    return { exit, there, read: (file: string) => readFileSync(join(there, file), 'utf8') };
  }

  test('by default a file that is there stays, and the command says so', async () => {
    const { exit, there, read } = await conflict([]);
    expect(exit.code).toBe(CONFLICT);
    expect(exit.stderr).toMatch(/note\.txt/);
    expect(exit.stderr).toMatch(/--if-exists/);
    expect(read('note.txt')).toBe('was here first');
    expect(visible(there)).toEqual(['note.txt']);
  });

  test('skip keeps it and is a success', async () => {
    const { exit, read } = await conflict(['--if-exists', 'skip']);
    expect(exit.code, exit.stderr).toBe(0);
    expect(read('note.txt')).toBe('was here first');
  });

  test('rename keeps both', async () => {
    const { exit, there, read } = await conflict(['--if-exists', 'rename']);
    expect(exit.code, exit.stderr).toBe(0);
    expect(visible(there)).toEqual(['note (1).txt', 'note.txt']);
    expect(read('note.txt')).toBe('was here first');
    expect(read('note (1).txt')).toBe('came later');
  });

  test('overwrite replaces it when told to', async () => {
    const { exit, there, read } = await conflict(['--if-exists', 'overwrite']);
    expect(exit.code, exit.stderr).toBe(0);
    expect(visible(there)).toEqual(['note.txt']);
    expect(read('note.txt')).toBe('came later');
  });

  test('newer replaces only what is older', async () => {
    const newer = await conflict(['--if-exists', 'newer']);
    expect(newer.exit.code, newer.exit.stderr).toBe(0);
    expect(newer.read('note.txt')).toBe('came later');
    const older = await conflict(['--if-exists', 'newer'], new Date(longAgo.getTime() - 1000));
    expect(older.exit.code, older.exit.stderr).toBe(0);
    expect(older.read('note.txt')).toBe('was here first');
  });
});

test('an identical file that is there is a success under every policy', async () => {
  const server = await startServer();
  const local = makeTree(temporaryFolder(), { same: 'identical' });
  for (const policy of ['fail', 'skip', 'rename', 'overwrite', 'newer']) {
    const exit = await filex(['put', join(local, 'same'), server.url(), '--if-exists', policy]);
    expect(exit.code, `${policy}: ${exit.stderr}`).toBe(0);
  }
  expect(visible(server.folder)).toEqual(['same']);
});

test('a tree with one conflict: that file stays, the others arrive, exit 6', async () => {
  const server = await startServer();
  const local = makeTree(join(temporaryFolder(), 't'), { a: 'new a', b: 'b', c: 'c' });
  makeTree(join(server.folder, 't'), { a: 'old a' });
  const exit = await filex(['put', '-r', local, server.url()]);
  expect(exit.code).toBe(6);
  expect(exit.stderr).toMatch(/t\/a|"a"/);
  expect(readFileSync(join(server.folder, 't', 'a'), 'utf8')).toBe('old a');
  expect(visible(server.folder)).toEqual(['t', 't/a', 't/b', 't/c']);
});

test('mv does not overwrite either', async () => {
  const server = await startServer();
  writeFileSync(join(server.folder, 'a'), 'a');
  writeFileSync(join(server.folder, 'b'), 'b');
  expect((await filex(['mv', server.url('a'), '/b'])).code).toBe(CONFLICT);
  expect(readFileSync(join(server.folder, 'b'), 'utf8')).toBe('b');
  expect((await filex(['mv', server.url('a'), '/c'])).code).toBe(0);
  expect(visible(server.folder)).toEqual(['b', 'c']);
});
