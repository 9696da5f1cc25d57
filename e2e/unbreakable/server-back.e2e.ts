import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, startClient } from '../harness/client.js';
import { startServer } from '../harness/server.js';
import { pseudoRandomBytes } from '../harness/tree.js';
import { downloadScene, uploadScene } from './scenes.js';

/** Lines that are cut and servers that come back: the client goes on by itself, or says why not. */

const MiB = 1024 * 1024;
const large = pseudoRandomBytes(64 * MiB, 66);
/** So that something is left to do when it is cut. */
const slowly = ['--bwlimit', '24M'];
/** At 0% nothing may be safe yet, and then nothing is said of it. */
const SOME_IS_THERE = /Downloading: [1-9]\d*%/;

test('a server that is killed and started again: an upload goes on by itself', async () => {
  const { server, state, local } = await uploadScene(large);
  const client = startClient(['put', ...slowly, '--json', local, server.url()], { env: state.env });
  await client.line('stdout', /"event":"progress"/);
  server.command.signal('SIGKILL');
  await server.command.exited;
  await client.line('stdout', /"event":"connection","state":"waiting","attempt":1,"retries":30,"delay":\d+/);
  const again = await startServer({ folder: server.folder, port: server.port });
  await client.line('stdout', /"event":"connection","state":"connected"/);
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(0);
  expect(readFileSync(join(again.folder, 'large')).equals(large)).toBe(true);
  expect(state.files()).toEqual([]);
});

test('a server that is stopped and started again: a download goes on by itself', async () => {
  const { server, state, destination } = await downloadScene(large);
  const client = startClient(['get', ...slowly, server.url('large'), destination], { env: state.env });
  await client.line('stderr', SOME_IS_THERE);
  server.command.signal('SIGKILL');
  await server.command.exited;
  await client.line('stderr', /^Reconnecting in \d+ s \(attempt \d+ of 30\): .+\. \d+% safe$/);
  await startServer({ folder: server.folder, port: server.port });
  await client.line('stderr', /^Connected again\.$/);
  const exit = await client.exited;
  expect(exit.code, exit.stderr).toBe(0);
  expect(readFileSync(join(destination, 'large')).equals(large)).toBe(true);
  expect(state.files()).toEqual([]);
});

test('--retries 0: the first cut is the end, exit 5, with the command that goes on', async () => {
  const { relay, state, local } = await uploadScene(large);
  const client = startClient(['put', '--retries', '0', local, relay.url()], { env: state.env });
  await relay.passed('up', 16 * MiB);
  relay.cut();
  const exit = await client.exited;
  expect(exit.code, exit.stderr).toBe(5);
  expect(exit.stderr).toMatch(
    /This goes on from here:\n {2}filex-client put --retries 0 .*large filex\+tcp:/,
  );
  expect(state.records()).toMatchObject([{ attempts: 1 }]);
});

test('used up retries: exit 5, what is safe and the command that goes on', async () => {
  const { server, state, destination } = await downloadScene(large);
  const words = ['get', ...slowly, '--retries', '2', server.url('large'), destination];
  const client = startClient(words, { env: state.env });
  await client.line('stderr', SOME_IS_THERE);
  server.command.signal('SIGKILL');
  const exit = await client.exited;
  expect(exit.code, exit.stderr).toBe(5);
  expect(exit.stderr).toMatch(/gave up after 2 attempts to connect again: /);
  expect(exit.stderr).toMatch(/ of 64 MiB safe\. This goes on from here:\n {2}filex-client get /);
});

test('--timeout: exit 10, the state is kept, and the command goes on', async () => {
  const { server, state, local } = await uploadScene(large);
  const words = ['put', '--bwlimit', '12M', '--timeout', '3', '--json', local, server.url()];
  const client = startClient(words, { env: state.env });
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(10);
  expect(exit.events().find(({ event }) => event === 'error')).toMatchObject({ code: 'TIMEOUT', exit: 10 });
  expect(exit.events().at(-1)).toMatchObject({ event: 'summary', exit: 10 });
  expect(exit.stderr).toMatch(/This goes on from here:\n {2}filex-client put /);
  expect(state.records()).toHaveLength(1);
  const again = await startClient(['put', local, server.url()], { env: state.env }).exited;
  expect(again.code, again.stderr).toBe(0);
  expect(readFileSync(join(server.folder, 'large')).equals(large)).toBe(true);
});

test('Ctrl-C during an upload: the server keeps what it has, and the next run goes on with it', async () => {
  const { server, relay, state, local } = await uploadScene(large);
  const client = startClient(['put', local, relay.url()], { env: state.env });
  await relay.passed('up', 48 * MiB);
  client.signal('SIGINT');
  expect((await client.exited).code).toBe(130);
  const before = relay.total('up');
  const again = await startClient(['put', local, relay.url()], { env: state.env }).exited;
  expect(again.code, again.stderr).toBe(0);
  expect(readFileSync(join(server.folder, 'large')).equals(large)).toBe(true);
  expect(relay.total('up') - before).toBeLessThan(40 * MiB);
});

test('two runs of the same command at once do not disturb each other', async () => {
  const { server, state, destination } = await downloadScene(large);
  // So slowly that it is still at work when the second one has started, however busy the machine is.
  const words = ['get', '--bwlimit', '8M', '--if-exists', 'overwrite', server.url('large'), destination];
  const first = startClient(words, { env: state.env });
  await first.line('stderr', /Downloading: \d+%/);
  const second = await startClient(['get', ...words.slice(3)], { env: state.env }).exited;
  expect(second.code, second.stderr).toBe(0);
  expect(second.stderr).toMatch(/Another run is at work on/);
  const exit = await first.exited;
  expect(exit.code, exit.stderr).toBe(0);
  expect(readFileSync(join(destination, 'large')).equals(large)).toBe(true);
  expect(state.files()).toEqual([]);
});
