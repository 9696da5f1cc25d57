import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FilexError } from '@filex/protocol';
import { connect, type TransferResult } from '@filex/protocol/node';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { staged, visible } from '../harness/leftovers.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

const RACERS = 200;
const PROCESSES = 20;

/** What racer `i` writes: longer than a block, and different in every byte. */
function contentOf(i: number): Buffer {
  return Buffer.alloc(300_000 + i, `racer ${i} `);
}

/** Uploads to one name from many connections at once; each is told how it went. */
async function race(url: string, path: string, ifExists: 'fail' | 'rename') {
  const sessions = await Promise.all([...Array(RACERS)].map(() => connect(url)));
  try {
    return await Promise.allSettled(sessions.map((s, i) => s.upload(contentOf(i), path, { ifExists })));
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

function winners(results: PromiseSettledResult<TransferResult>[]): number[] {
  return results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
}

test('two hundred uploads to one name with fail: exactly one wins, and its file is whole', async () => {
  const server = await startServer();
  const results = await race(server.url(), 'prize', 'fail');
  const won = winners(results);
  expect(won).toHaveLength(1);
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    expect(result.reason).toBeInstanceOf(FilexError);
    expect(result.reason).toMatchObject({ code: 'ALREADY_EXISTS' });
  }
  expect(visible(server.folder)).toEqual(['prize']);
  expect(readFileSync(join(server.folder, 'prize')).equals(contentOf(won[0] as number))).toBe(true);
  expect(staged(server.folder)).toEqual([]);
});

test('two hundred uploads to one name with rename: two hundred distinct whole files', async () => {
  const server = await startServer();
  const results = await race(server.url(), 'prize.bin', 'rename');
  expect(winners(results)).toHaveLength(RACERS);
  const names = readdirSync(server.folder).filter((name) => name !== '.filex');
  const wanted = ['prize.bin', ...[...Array(RACERS - 1).keys()].map((i) => `prize (${i + 1}).bin`)];
  expect(names.sort()).toEqual(wanted.sort());
  // Each was told where its own file is.
  results.forEach((result, i) => {
    if (result.status !== 'fulfilled') return;
    expect(readFileSync(join(server.folder, result.value.path)).equals(contentOf(i))).toBe(true);
  });
  expect(staged(server.folder)).toEqual([]);
});

test('twenty processes: one exits 0, the others 11', async () => {
  const server = await startServer();
  const local = temporaryFolder();
  const exits = await Promise.all(
    [...Array(PROCESSES).keys()].map((i) => {
      makeTree(join(local, String(i)), { prize: contentOf(i) });
      return filex(['put', join(local, String(i), 'prize'), server.url()]);
    }),
  );
  const codes = exits.map(({ code }) => code);
  expect(codes.toSorted()).toEqual([0, ...Array<number>(PROCESSES - 1).fill(11)]);
  const winner = contentOf(codes.indexOf(0));
  expect(readFileSync(join(server.folder, 'prize')).equals(winner)).toBe(true);
});
