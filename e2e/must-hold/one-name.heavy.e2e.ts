import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

const PROCESSES = 200;

function contentOf(i: number): Buffer {
  return Buffer.alloc(300_000 + i, `racer ${i} `);
}

async function race(policy: string) {
  const server = await startServer();
  const local = temporaryFolder();
  const exits = await Promise.all(
    [...Array(PROCESSES).keys()].map((i) => {
      makeTree(join(local, String(i)), { prize: contentOf(i) });
      // They wait for a processor longer than a connection may take.
      const words = ['put', '--connect-timeout', '300', '--if-exists', policy];
      return filex([...words, join(local, String(i), 'prize'), server.url()]);
    }),
  );
  return { folder: server.folder, codes: exits.map(({ code }) => code) };
}

test('two hundred processes to one name with fail: one exits 0, the others 11', async () => {
  const { folder, codes } = await race('fail');
  expect(codes.toSorted((a, b) => Number(a) - Number(b))).toEqual([
    0,
    ...Array<number>(PROCESSES - 1).fill(11),
  ]);
  expect(readFileSync(join(folder, 'prize')).equals(contentOf(codes.indexOf(0)))).toBe(true);
});

test('two hundred processes to one name with rename: two hundred distinct whole files', async () => {
  const { folder, codes } = await race('rename');
  expect(codes).toEqual(Array<number>(PROCESSES).fill(0));
  const names = readdirSync(folder).filter((name) => name !== '.filex');
  const found = new Set(names.map((name) => readFileSync(join(folder, name)).length - 300_000));
  expect([...found].sort((a, b) => a - b)).toEqual([...Array(PROCESSES).keys()]);
  for (const name of names) {
    const content = readFileSync(join(folder, name));
    expect(content.equals(contentOf(content.length - 300_000))).toBe(true);
  }
});
