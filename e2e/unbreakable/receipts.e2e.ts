import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { type ServerProcess, startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

const WRONG = 12;
const UNKNOWN_KEY = 13;
const USAGE = 2;

/** The home of somebody who knows no server yet. */
function freshHome(): Record<string, string | undefined> {
  const home = temporaryFolder();
  return { HOME: home, XDG_STATE_HOME: undefined, XDG_CONFIG_HOME: undefined, XDG_DATA_HOME: undefined };
}

const files = {
  'photos/a.jpg': 'the first',
  'photos/deep/b.jpg': 'the second '.repeat(200_000),
  'photos/empty': '',
};

/** Receipts of a tree that was uploaded, and the server that has given them. */
async function delivered() {
  const server = await startServer({ env: freshHome() });
  const env = freshHome();
  const folder = makeTree(temporaryFolder(), files);
  const receipts = join(folder, 'receipts');
  const run = (...words: string[]) => filex(words, { env, cwd: folder });
  const exit = await run('put', '-r', '--receipts', receipts, 'photos', server.secureUrl());
  expect(exit.code, exit.stderr).toBe(0);
  return { server, env, folder, receipts, run };
}

/** Ends the server: from here on only what is on this machine counts. */
async function gone(server: ServerProcess): Promise<void> {
  expect((await server.stop()).code).toBe(0);
}

test('a receipt verifies with the server stopped, and says who received what and when', async () => {
  const { server, folder, receipts, run } = await delivered();
  const after = Date.now();
  await gone(server);
  const exit = await run('verify', receipts, 'photos');
  expect(exit.code, exit.stderr).toBe(0);
  const lines = exit.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(Object.keys(files).length);
  for (const line of lines)
    expect(line).toMatch(
      new RegExp(
        `^good {3}photos/\\S+ .*received by 127\\.0\\.0\\.1:${server.port} from anonymous at \\S+Z; the file is the same$`,
      ),
    );
  const json = await run('verify', '--json', receipts, 'photos');
  const told = json.events().filter(({ event }) => event === 'receipt');
  expect(told.map(({ path }) => path).sort()).toEqual(Object.keys(files).sort());
  for (const { key, time, content, size, path } of told) {
    expect({ key, content }).toEqual({ key: server.listening.fingerprint, content: 'same' });
    expect(size).toBe(readFileSync(join(folder, String(path))).length);
    expect(Math.abs(Date.parse(String(time)) - after)).toBeLessThan(60_000);
  }
});

test('a changed byte does not verify: neither in a file nor anywhere in a receipt', async () => {
  const { server, folder, receipts, run } = await delivered();
  await gone(server);
  const file = join(folder, 'photos/deep/b.jpg');
  const content = readFileSync(file);
  content[1_500_000] = (content[1_500_000] as number) ^ 1;
  writeFileSync(file, content);
  const changed = await run('verify', receipts, 'photos');
  expect(changed.code, changed.stderr).toBe(WRONG);
  expect(changed.stdout).toMatch(/^WRONG {2}photos\/deep\/b\.jpg .*the file is another one$/m);
  expect((await run('verify', receipts)).code).toBe(0);

  const [first = ''] = readFileSync(receipts, 'utf8').split('\n');
  const { receipt, size } = JSON.parse(first) as { receipt: string; size: number };
  const whole = Buffer.from(receipt, 'base64');
  const forged = [Math.floor(whole.length / 2), 5, whole.length - 1].map((at) => {
    const copy = Buffer.from(whole);
    copy[at] = (copy[at] as number) ^ 1;
    return first.replace(receipt, copy.toString('base64'));
  });
  forged.push(first.replace(`"size":${size}`, `"size":${size + 1}`));
  for (const line of forged) {
    writeFileSync(receipts, `${line}\n`);
    const exit = await run('verify', receipts);
    expect(exit.code, line).toBe(WRONG);
  }
});

test('the key has to be one that is known for that server', async () => {
  const { server, receipts, run } = await delivered();
  const other = await startServer({ env: freshHome() });
  const { fingerprint } = server.listening;
  await gone(server);

  const stranger = await filex(['verify', receipts], { env: freshHome() });
  expect(stranger.code, stranger.stderr).toBe(UNKNOWN_KEY);
  expect((await filex(['verify', '--fp', fingerprint, receipts], { env: freshHome() })).code).toBe(0);
  const another = await run('verify', '--fp', other.listening.fingerprint, receipts);
  expect(another.code, another.stderr).toBe(UNKNOWN_KEY);
  expect((await run('verify', '--fp', 'nonsense', receipts)).code).toBe(USAGE);

  // What another server has signed is not made to be this one's by writing so.
  const [line = ''] = readFileSync(receipts, 'utf8').split('\n');
  const { server: address } = JSON.parse(line) as { server: string };
  rmSync(receipts);
  const put = await run('put', '--receipts', receipts, 'photos/a.jpg', other.secureUrl());
  expect(put.code, put.stderr).toBe(0);
  expect((await run('verify', receipts)).code).toBe(0);
  const [theirs = ''] = readFileSync(receipts, 'utf8').split('\n');
  writeFileSync(receipts, theirs.replace(/"server":"[^"]*"/, `"server":"${address}"`));
  const posing = await run('verify', receipts);
  expect(posing.code, posing.stderr).toBe(UNKNOWN_KEY);
  expect(posing.stdout).toContain(other.listening.fingerprint);
});

test('put again, of what is there: another receipt, and both are good', async () => {
  const { server, receipts, run } = await delivered();
  const again = await run('put', '-r', '--receipts', receipts, 'photos', server.secureUrl());
  expect(again.code, again.stderr).toBe(0);
  await gone(server);
  const exit = await run('verify', receipts, 'photos');
  expect(exit.code, exit.stderr).toBe(0);
  expect(exit.stdout.trimEnd().split('\n')).toHaveLength(2 * Object.keys(files).length);
});

test('sum says the same of a file here and there, and compares whole trees', async () => {
  const { server, folder, run } = await delivered();
  const here = await run('sum', 'photos/a.jpg', server.secureUrl('photos/a.jpg'));
  expect(here.code, here.stderr).toBe(0);
  const [one, other] = here.stdout.split('\n').map((line) => line.split(' ')[0]);
  expect(one).toMatch(/^(sha256|blake3):[0-9a-f]{64}$/);
  expect(other).toBe(one);
  const there = await run('sum', '-r', server.secureUrl('photos'));
  expect(there.stdout.trimEnd().split('\n')).toHaveLength(Object.keys(files).length);

  const compare = () => run('sum', '-r', '--compare', 'photos', server.secureUrl('photos'));
  const equal = await compare();
  expect({ code: equal.code, stdout: equal.stdout }, equal.stderr).toEqual({ code: 0, stdout: '' });

  writeFileSync(join(server.folder, 'photos/a.jpg'), 'the fir5t');
  rmSync(join(server.folder, 'photos/empty'));
  makeTree(server.folder, { 'photos/deep/more': 'x' });
  makeTree(folder, { 'photos/new': 'n' });
  const different = await compare();
  expect(different.code, different.stderr).toBe(WRONG);
  expect(different.stdout.trimEnd().split('\n').sort()).toEqual([
    'differs  a.jpg',
    'missing on the server  empty',
    'missing on the server  new',
    'only on the server  deep/more',
  ]);
});

test('who may not read a file is told neither its digest nor whether it is the same', async () => {
  const server = await startServer({ anonymous: 'drop' });
  const folder = makeTree(temporaryFolder(), { a: 'content' });
  makeTree(server.folder, { secret: 'content' });
  const put = await filex(['put', '--receipts', 'receipts', 'a', server.secureUrl()], { cwd: folder });
  expect(put.code, put.stderr).toBe(0);
  const verified = await filex(['verify', '--fp', server.listening.fingerprint, 'receipts', 'a'], {
    cwd: folder,
  });
  expect(verified.code, verified.stderr).toBe(0);
  const sum = await filex(['sum', '--compare', 'a', server.secureUrl('secret')], { cwd: folder });
  expect(sum.code, sum.stderr).toBe(7);
});
