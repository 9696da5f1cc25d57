import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { run } from './run.js';
import { startOwnServer } from './testing/own-server.js';
import { startSecureServer, users } from './testing/secure-server.js';

function command(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  return commandIn({}, ...argv);
}

async function commandIn(env: Record<string, string>, ...argv: string[]) {
  let [out, err] = ['', ''];
  const code = await run({
    argv,
    env,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

it('tests a server, with the reports that were asked for', async () => {
  const { port } = await startOwnServer();
  const folder = mkdtempSync(join(tmpdir(), 'filex-conformance-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const url = `filex+tcp://127.0.0.1:${port}/`;
  const text = await command(url, '--only', 'FX-18.1', '--junit', join(folder, 'junit.xml'));
  expect(text).toMatchObject({ code: 0, err: '' });
  expect(text.out).toMatch(/filex-server\/[\d.]+\): \d+ passed, 0 failed/);
  expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toContain('failures="0"');

  const json = await command(url, '--only', 'FX-3.1-1', '--only', '*barrier*', '--json');
  expect(JSON.parse(json.out).totals).toMatchObject({ passed: 1, failed: 0 });
});

it('tests a server under TLS, as two of its users', async () => {
  const { port, fingerprint } = await startSecureServer();
  const [{ user, passcode }, second] = users;
  const [rule, only] = ['FX-12.1-1', ['--only', 'FX-12.1-1', '--only', 'FX-6.4-7']];
  const env = { FILEX_PASSCODE: passcode, FILEX_SECOND_PASSCODE: second.passcode };
  const url = `filex://${encodeURIComponent(user)}@127.0.0.1:${port}/?fp=${fingerprint}`;
  const both = await commandIn(env, url, '--second-user', second.user, ...only);
  expect(both).toMatchObject({ code: 0, err: '' });
  expect(both.out).not.toContain('Not run');

  // Whoever is not told of a user says what it could not do, and why.
  const one = await commandIn(env, url, ...only);
  expect(one.out).toContain('Not run');
  expect(one.out).toContain(`${rule}\n    needs a second user: --second-user NAME`);
  const none = await command(`filex://127.0.0.1:${port}/`, ...only);
  expect(none.out).toContain('FX-6.4-7\n    needs a user: an address with USER@');

  const other = await commandIn(env, url.replace(/fp=sha256:.{8}/, 'fp=sha256:AAAAAAAA'));
  expect(other.code).toBe(5);
  expect(other.err).toContain('the server has the key sha256:');
});

it('works below the path of the address', async () => {
  const { port, left } = await startOwnServer();
  // Nothing is there: the cases say so, and the command does not fail in another way.
  const { code } = await command(`filex+tcp://127.0.0.1:${port}/a%20b/`, '--only', 'FX-11.2-1');
  expect(code).toBe(0);
  expect(left()).toEqual(['a b']);
});

it.each([
  [[], 'one address is needed'],
  [['filex+tcp://a/', 'filex+tcp://b/'], 'one address is needed'],
  [['http://a/'], 'it should look like filex://'],
  [['filex://a/?fp=x'], '"fp" should be sha256:'],
  [['filex://a/?fq=x'], '"fp" is the only parameter'],
  [['filex://ann:secret@a/'], 'cannot understand the address "…": a secret does not belong'],
  [['filex://ann@a/'], 'FILEX_PASSCODE should hold the passcode of the user "ann"'],
  [['--second-user', 'bob', 'filex://a/'], 'FILEX_SECOND_PASSCODE should hold the passcode'],
  [['--timeout', '0', 'filex+tcp://a/'], '--timeout must be'],
  [['--known', '/none/at/all', 'filex+tcp://a/'], 'cannot read the known failures'],
  [['--client'], 'say how the client is run'],
  [['--client', '--put', 'client put {file}'], 'lacks {url}'],
  [['--client', '--ls', "client 'ls {url}"], 'is not closed'],
  [['--client', '--ls', 'client {url} {port}'], 'has {port}; there are {url}, {file}, {dir}'],
  [['--client', '--ls', ''], 'a command is empty'],
  [['--whatever'], "Unknown option '--whatever'"],
])('%j is wrong usage', async (argv, message) => {
  const { code, err } = await command(...argv);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

it('says when nobody is there', async () => {
  const { code, err } = await command('filex+tcp://127.0.0.1:1/');
  expect(code).toBe(5);
  expect(err).toContain('cannot connect to 127.0.0.1 port 1');
});

it('tests a client, and says what was skipped for want of a command', async () => {
  // A client that does nothing, whatever it is asked to do.
  const { code, out } = await command(
    '--client',
    '--ls',
    'node -e 0 {url}',
    '--only',
    'FX-18.1',
    '--only',
    'FX-8.2-3',
  );
  expect(code).toBe(1);
  expect(out).toContain('the client did not connect: exit code 0');
  expect(out).toMatch(/node: 0 passed, \d+ failed, 1 skipped/);
});

it('lists its cases and its options', async () => {
  const { code, out } = await command('--list', '--only', 'FX-4.2-3');
  expect(code).toBe(0);
  expect(out).toContain('FX-4.2-3/data-longer-than-maxdatapayload-by-one-byte');
  expect((await command('--help')).out).toContain('--known FILE');
});
