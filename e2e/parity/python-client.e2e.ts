import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Command, type Exit } from '../harness/command.js';
import { staged } from '../harness/leftovers.js';
import { repository } from '../harness/paths.js';
import { startRelay } from '../harness/relay.js';
import { type ServerProcess, startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { longAgo, makeTree, pseudoRandomBytes } from '../harness/tree.js';

// The second implementation of the protocol, written from PROTOCOL.md alone: what it and ours disagree about, one of
// the three is wrong about.

const folder = join(repository, 'examples/python-client');
const python = ['python3', 'python'].find(isRecentEnough);

/** Python 3.9 is what the example asks for. Where there is none, the tests are reported as skipped. */
function isRecentEnough(program: string): boolean {
  const check = 'import sys; sys.exit(sys.version_info < (3, 9))';
  return spawnSync(program, ['-c', check], { stdio: 'ignore' }).status === 0;
}

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  const quiet = { PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' };
  return new Command(python as string, words, { cwd: folder, env: { ...quiet, ...env } });
}

const client = (...words: readonly string[]): Command => start(['filex.py', ...words]);

/** A server as it is by default, with the user that its first start makes. */
interface Guarded {
  readonly server: ServerProcess;
  readonly user: string;
  /** What the user's passcode comes in. */
  readonly env: { readonly FILEX_PASSCODE: string };
}

async function startGuarded(): Promise<Guarded> {
  const args = ['--state', join(temporaryFolder(), 'state')];
  const server = await startServer({ anonymous: 'default', args });
  const { guest } = server.listening;
  if (guest === undefined) throw new Error('the first start made no user');
  return { server, user: guest.user, env: { FILEX_PASSCODE: guest.passcode } };
}

function succeeded(exit: Exit): Exit {
  expect(exit.code, exit.stderr).toBe(0);
  return exit;
}

/** Three blocks and a bit: more than any window, so that credit has to come back on the way. */
const content = pseudoRandomBytes(3 * 1024 * 1024 + 17, 31);

describe.skipIf(python === undefined)('the client in Python', () => {
  test('reads and writes every vector as it says', async () => {
    const { stdout } = succeeded(
      await client('vectors', join(repository, 'packages/protocol/vectors')).exited,
    );
    const files = stdout.trimEnd().split('\n');
    expect(files.length).toBeGreaterThanOrEqual(12);
    for (const file of files) expect(file).toMatch(/ [1-9]\d* passed +0 failed /);
  });

  test('passes its own tests, also those that need a real server', async () => {
    const server = await startServer();
    const env = {
      FILEX_URL: server.url(),
      FILEX_ROOT: server.folder,
      FILEX_VECTORS: temporaryFolder(), // none: they have a test of their own
    };
    const { stderr } = succeeded(await start(['-m', 'unittest', '-v', 'test_filex'], env).exited);
    expect(stderr).toMatch(/^test_round_trip \(.*\) \.\.\. ok$/m);
  });

  test('puts a file, sees it in the listing, and gets it back', async () => {
    const server = await startServer();
    const local = makeTree(temporaryFolder(), { 'a file': { content, executable: true } });
    const put = succeeded(await client('put', join(local, 'a file'), server.url()).exited);
    expect(put.stderr).toBe('created: a file\n');
    const listing = succeeded(await client('ls', server.url()).exited);
    expect(listing.stdout.trim().split(/ +/)).toEqual([
      'file*',
      String(content.length),
      longAgo.toISOString().replace(/\.\d+/, ''),
      'a',
      'file',
    ]);
    succeeded(await client('get', server.url('a%20file'), join(local, 'back')).exited);
    expect(readFileSync(join(local, 'back')).equals(content)).toBe(true);
  });

  test('goes on with an upload and a download that were cut in the middle', async () => {
    const server = await startServer();
    const relay = await startRelay(server.port);
    const local = makeTree(temporaryFolder(), { file: content });
    const retries = ['--retries', '5', '--retry-delay', '0.1'];

    const put = client('put', join(local, 'file'), relay.url(), ...retries);
    await relay.passed('up', 2 * 1024 * 1024);
    relay.cut();
    const { stderr } = succeeded(await put.exited);
    expect(stderr).toMatch(/trying again\n(?:.*\n)*created: file\n$/);
    expect(readFileSync(join(server.folder, 'file')).equals(content)).toBe(true);
    expect(staged(server.folder)).toEqual([]);

    const get = client('get', relay.url('file'), join(local, 'back'), ...retries);
    await relay.passed('down', 2 * 1024 * 1024);
    relay.cut();
    // A server is free to begin again at 0 (FX-12.4-3); what counts is that nothing is lost or doubled.
    expect(succeeded(await get.exited).stderr).toMatch(/trying again\n/);
    expect(readFileSync(join(local, 'back')).equals(content)).toBe(true);
  });

  test('logs in inside TLS: puts, lists and gets as a user', async () => {
    const { server, user, env } = await startGuarded();
    const local = makeTree(temporaryFolder(), { 'a file': { content, executable: true } });
    const url = server.secureUrl('', user);
    succeeded(await start(['filex.py', 'put', join(local, 'a file'), url], env).exited);
    expect(readFileSync(join(server.folder, 'a file')).equals(content)).toBe(true);
    const listing = succeeded(await start(['filex.py', 'ls', url], env).exited);
    expect(listing.stdout).toMatch(/^file\* .* a file\n$/);
    const from = server.secureUrl('a%20file', user);
    succeeded(await start(['filex.py', 'get', from, join(local, 'back')], env).exited);
    expect(readFileSync(join(local, 'back')).equals(content)).toBe(true);
  });

  test('passes its tests with a real server as a user, too', async () => {
    const { server, user, env } = await startGuarded();
    const about = { FILEX_URL: server.secureUrl('', user), FILEX_ROOT: server.folder, ...env };
    const { stderr } = succeeded(
      await start(['-m', 'unittest', '-v', 'test_filex.RealServer'], about).exited,
    );
    expect(stderr.match(/ \.\.\. ok$/gm)).toHaveLength(4);
  });

  test('goes on inside TLS with an upload that was cut in the middle', async () => {
    const { server, user, env } = await startGuarded();
    const relay = await startRelay(server.port);
    const local = makeTree(temporaryFolder(), { file: content });
    const url = server.secureUrl('', user).replace(`:${server.port}/`, `:${new URL(relay.url()).port}/`);

    const put = start(
      ['filex.py', 'put', join(local, 'file'), url, '--retries', '5', '--retry-delay', '0.1'],
      env,
    );
    await relay.passed('up', 2 * 1024 * 1024);
    relay.cut();
    expect(succeeded(await put.exited).stderr).toMatch(/trying again\n(?:.*\n)*created: file\n$/);
    expect(readFileSync(join(server.folder, 'file')).equals(content)).toBe(true);
    expect(staged(server.folder)).toEqual([]);
  });

  test('is not let in without the passcode, and nobody is told more than that', async () => {
    const { server, user, env } = await startGuarded();
    const ls = (who: string | undefined, passcode: string): Promise<Exit> =>
      start(['filex.py', 'ls', server.secureUrl('', who)], { FILEX_PASSCODE: passcode }).exited;
    const wrong = await ls(user, `${env.FILEX_PASSCODE}x`);
    const unknown = await ls('nobody', env.FILEX_PASSCODE);
    expect([wrong.code, unknown.code]).toEqual([7, 7]);
    expect(unknown.stderr).toBe(wrong.stderr);
    expect((await ls(undefined, env.FILEX_PASSCODE)).code).toBe(7);
    succeeded(await ls(user, env.FILEX_PASSCODE));
  });

  test('talks to nobody but the server that it was told', async () => {
    const { server, user, env } = await startGuarded();
    const url = server.secureUrl('', user);
    const other = await start(['filex.py', 'ls', url.replace(/sha256:.*/, `sha256:${'A'.repeat(43)}`)], env)
      .exited;
    expect([other.code, other.stderr]).toEqual([13, expect.stringContaining('IDENTITY_CHANGED')]);
    const unknown = await start(['filex.py', 'ls', url.replace(/\?.*/, '')], env).exited;
    expect([unknown.code, unknown.stderr]).toEqual([13, expect.stringContaining('IDENTITY_UNKNOWN')]);
  });
});
