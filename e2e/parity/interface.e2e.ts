import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, filex, startClient } from '../harness/client.js';
import { visible } from '../harness/leftovers.js';
import { clientBin } from '../harness/paths.js';
import { startRelay } from '../harness/relay.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { keys, loadPty, Terminal } from '../harness/terminal.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';

const MiB = 1024 * 1024;

/** Six large files on a line that can be held. */
async function underWay() {
  const server = await startServer();
  const relay = await startRelay(server.port);
  const files = Object.fromEntries(
    [...Array(6).keys()].map((i) => [`${i}.bin`, pseudoRandomBytes(8 * MiB, i)]),
  );
  const local = makeTree(join(temporaryFolder(), 'six'), files);
  return { server, relay, local, words: ['put', '-r', local, relay.url()] };
}

test('on a terminal: a total bar with bytes, rate and time left, up to four files, and a summary', async ({
  skip,
}) => {
  const pty = await loadPty();
  if (typeof pty === 'string') return skip(pty);
  const { server, relay, local, words } = await underWay();
  const terminal = new Terminal(pty, [clientBin, ...words], { cwd: local });
  await relay.passed('up', 4 * MiB);
  relay.hold();
  // The total, then four of the six files.
  await terminal.shows(/Uploading +[█▓▒░━─]+ .* of 48 MiB .*0\/6 files[\s\S]*?(?:\d\.bin[\s\S]*?){4}/);
  relay.release();
  await terminal.shows(/✔ Uploaded +6 files, 48 MiB in /);
  expect(await terminal.exited).toBe(0);
  expect(visible(server.folder)).toHaveLength(7);
});

test('Ctrl-C on a terminal ends with exit 130 and the command that goes on', async ({ skip }) => {
  const pty = await loadPty();
  if (typeof pty === 'string') return skip(pty);
  const { relay, local, words } = await underWay();
  const terminal = new Terminal(pty, [clientBin, ...words], { cwd: local });
  await relay.passed('up', 4 * MiB);
  terminal.press(keys.interrupt);
  await terminal.shows(/goes on from here:\s+filex-client put -r /);
  expect(await terminal.exited).toBe(130);
});

test('off a terminal: plain lines that say how far it is', async () => {
  const { relay, words } = await underWay();
  const client = startClient(['-v', ...words, '--transfers', '1']);
  await client.line('stderr', /\d\.bin/); // one has arrived
  relay.hold();
  const line = await client.line('stderr', /^Uploading: /);
  expect(line).toMatch(/^Uploading: \d+%, .* of 48 MiB, \d of 6 files/);
  relay.release();
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(0);
  expect(exit.stderr).toMatch(/✔ Uploaded +6 files/);
});

test('every failure says what, where, why and what to do next', async () => {
  const server = await startServer();
  const local = makeTree(temporaryFolder(), { 'note.txt': 'mine' });
  makeTree(server.folder, { 'note.txt': 'theirs' });
  const { stderr } = await filex(['put', join(local, 'note.txt'), server.url()]);
  expect(stderr).toContain('note.txt');
  expect(stderr).toMatch(/something else|already|taken/);
  expect(stderr).toMatch(/→ .*--if-exists/);
});
