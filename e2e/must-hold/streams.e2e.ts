import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shared } from '../harness/clean-up.js';
import { filex } from '../harness/client.js';
import { environment } from '../harness/environment.js';
import { clientBin } from '../harness/paths.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';

describe('data to stdout, everything else to stderr', () => {
  const served = shared(async () => {
    const server = await startServer();
    makeTree(server.folder, { 't/a': 'a', 't/b': 'b', large: pseudoRandomBytes(8 * 1024 * 1024, 1) });
    return server;
  });

  test('put and get write nothing to stdout', async () => {
    const local = makeTree(temporaryFolder(), { 'up/x': 'x' });
    for (const words of [
      ['put', '-r', join(local, 'up'), served().url()],
      ['get', '-r', served().url('t'), local],
    ]) {
      const exit = await filex(words);
      expect(exit).toMatchObject({ code: 0, stdout: '' });
      expect(exit.stderr).toMatch(/Uploaded|Downloaded/);
    }
  });

  test('-q says nothing when all is well, and errors all the same', async () => {
    expect(await filex(['get', '-q', served().url('t/a'), temporaryFolder()])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    const exit = await filex(['get', '-q', served().url('missing'), temporaryFolder()]);
    expect(exit.code).toBe(4);
    expect(exit.stderr).toMatch(/missing/);
  });

  test.each([
    ['ls', () => ['ls', served().url('t')]],
    ['ls -r', () => ['ls', '-r', served().url()]],
    ['stat', () => ['stat', served().url('t/a')]],
    ['get', () => ['get', '-r', served().url('t'), temporaryFolder()]],
    ['get -n', () => ['get', '-n', '-r', served().url('t'), temporaryFolder()]],
    ['ping', () => ['ping', '-c', '2', served().url()]],
    ['a failure', () => ['get', served().url('missing'), temporaryFolder()]],
    ['no server', () => ['ls', 'filex+tcp://127.0.0.1:1/']],
  ])('with --json every line of %s is an event', async (_title, words) => {
    const exit = await filex(['--json', ...words()]);
    const events = exit.events();
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) expect(event).toMatchObject({ v: 1, event: expect.any(String) });
    // The last word of every run says how it ended.
    expect(events.at(-1)).toMatchObject({ exit: exit.code });
  });

  test('without a terminal there are no colours and no cursor movements, unless asked for', async () => {
    const plain = await filex(['get', '-r', served().url('t'), temporaryFolder()]);
    expect(plain.stderr).not.toContain('\x1b');
    const colourful = await filex(['get', '-r', '--color', 'always', served().url('t'), temporaryFolder()]);
    expect(colourful.stderr).toContain('\x1b[');
  });

  test('a question without a terminal fails at once and names what to pass', async () => {
    for (const words of [[], ['--no-input']]) {
      const exit = await filex(words);
      expect(exit.code, exit.stderr).toBe(2);
      expect(exit.stderr).toMatch(/put|get/);
      expect(exit.stdout).toBe('');
    }
  });

  test('a reader that goes away early is no error', async () => {
    const child = spawn(process.execPath, [clientBin, 'cat', served().url('large')], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stderr: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'close');
    expect(code, String(Buffer.concat(stderr))).toBe(0);
    expect(String(Buffer.concat(stderr))).toBe('');
  });

  test('--help and --version go to stdout', async () => {
    expect(await filex(['--version'])).toMatchObject({ code: 0, stderr: '', stdout: '0.1.0\n' });
    const help = await filex(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/Exit codes/);
  });
});

test('the server: with --json one line on stdout, logs as JSON lines on stderr', async () => {
  const server = await startServer();
  await filex(['ls', server.url()]);
  const { stdout, stderr } = await server.stop();
  expect(stdout.split('\n')).toHaveLength(2);
  const { urls, fingerprint, ...more } = JSON.parse(stdout);
  expect(urls[0]).toBe(server.secureUrl());
  expect(fingerprint).toMatch(/^sha256:[\w-]{43}$/);
  expect(more).toEqual({ event: 'listening', plaintextUrls: [server.url()] });
  const logged = stderr.split('\n').filter((line) => line.startsWith('{'));
  expect(logged.map((line) => JSON.parse(line).msg)).toEqual(['connected', 'list', 'disconnected']);
});
