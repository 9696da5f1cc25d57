import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { Command } from '../harness/command.js';
import { visible } from '../harness/leftovers.js';
import { otherMachine } from '../harness/network-namespace.js';
import { clientBin, serverBin } from '../harness/paths.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

const NOT_ALLOWED = 7;
const IDENTITY = 13;

/** The home of somebody who has never run anything of ours. */
function freshHome(): Record<string, string | undefined> {
  const home = temporaryFolder();
  const unset = { XDG_STATE_HOME: undefined, XDG_CONFIG_HOME: undefined, XDG_DATA_HOME: undefined };
  return { HOME: home, ...unset };
}

test('a server with nothing configured prints a command that works from elsewhere, and a passcode', async () => {
  const cwd = temporaryFolder();
  const server = new Command(process.execPath, [serverBin, './share', '--port', '0'], {
    cwd,
    env: freshHome(),
  });
  const line = await server.line('stdout', /npx filex-client put/);
  const [, passcode = ''] = /passcode\W+([\w-]{10,})/.exec(server.text('stdout')) ?? [];
  expect(passcode).not.toBe('');
  expect(server.text('stdout')).toMatch(/sha256:[\w-]{43}/);
  const [, printed = ''] = /npx filex-client (put .+)$/.exec(line.trim()) ?? [];
  expect(printed).toMatch(/'filex:\/\/guest@[^']+\?fp=sha256:[\w-]{43}'$/);

  // Pasted into a shell, in another folder with another home.
  const elsewhere = makeTree(temporaryFolder(), { 'FOLDER/report.txt': 'a report' });
  const script = `exec '${process.execPath}' '${clientBin}' ${printed}`;
  const paste = (env: Record<string, string | undefined>) =>
    new Command('/bin/sh', ['-c', script], { cwd: elsewhere, env }).exited;
  const exit = await paste({ ...freshHome(), FILEX_PASSCODE: passcode });
  expect(exit.code, exit.stderr).toBe(0);
  expect(readFileSync(join(cwd, 'share/FOLDER/report.txt'), 'utf8')).toBe('a report');

  const refused = await paste({ ...freshHome(), FILEX_PASSCODE: `${passcode}x` });
  expect(refused.code, refused.stderr).toBe(NOT_ALLOWED);
  expect(refused.stderr + refused.stdout).not.toContain(passcode);
  const without = await paste(freshHome());
  expect(without.code, without.stderr).toBe(NOT_ALLOWED);
  expect(without.stderr).toMatch(/FILEX_PASSCODE/);
});

test('the second start has the same key and users, and does not know the passcode any more', async () => {
  const env = freshHome();
  const first = await startServer({ anonymous: 'default', env });
  const { guest, fingerprint } = first.listening;
  expect(guest?.user).toBe('guest');
  await first.stop();
  const second = await startServer({ anonymous: 'default', env });
  expect(second.listening.fingerprint).toBe(fingerprint);
  expect(second.listening.guest).toBeUndefined();
  const exit = await filex(['ls', second.secureUrl('', 'guest')], {
    env: { FILEX_PASSCODE: guest?.passcode },
  });
  expect(exit.code, exit.stderr).toBe(0);
});

test('a server that was known and shows another key is refused, and hears nothing', async () => {
  const home = freshHome();
  const first = await startServer();
  expect((await filex(['ls', first.secureUrl()], { env: home })).code).toBe(0);
  // Known from now on, by host and port.
  const bare = first.secureUrl().replace(/\?.*/, '');
  expect((await filex(['ls', bare], { env: home })).code).toBe(0);
  await first.stop();
  const second = await startServer({ port: first.port, env: freshHome() });
  const exit = await filex(['ls', bare], { env: home });
  expect(exit.code, exit.stderr).toBe(IDENTITY);
  expect(exit.stderr).toContain(first.listening.fingerprint);
  expect(exit.stderr).toContain(second.listening.fingerprint);
  const pinned = await filex(['ls', first.secureUrl()], { env: freshHome() });
  expect(pinned.code, pinned.stderr).toBe(IDENTITY);
});

test('a server that is not known is not guessed to be the right one without a terminal', async () => {
  const server = await startServer();
  const exit = await filex(['ls', server.secureUrl().replace(/\?.*/, '')], { env: freshHome() });
  expect(exit.code, exit.stderr).toBe(IDENTITY);
  expect(exit.stderr).toContain(`?fp=${server.listening.fingerprint}`);
});

test('from another machine: plaintext is refused, TLS is not', async ({ skip }) => {
  const machine = otherMachine();
  if (typeof machine === 'string') return skip(machine);
  const server = await startServer();
  makeTree(server.folder, { 'a.txt': 'from the server' });
  const remote = (words: readonly string[]) => {
    const [program = '', ...prefix] = machine.prefix;
    return new Command(program, [...prefix, process.execPath, clientBin, ...words], { env: freshHome() })
      .exited;
  };
  const at = (url: string): string => url.replace('127.0.0.1', machine.host);
  const plain = await remote(['put', serverBin, at(server.url('b'))]);
  expect(plain.code, plain.stderr).toBe(NOT_ALLOWED);
  expect(plain.stderr).toMatch(/filex:\/\//);
  const secure = await remote(['cat', at(server.secureUrl('a.txt'))]);
  expect(secure.code, secure.stderr).toBe(0);
  expect(secure.stdout).toBe('from the server');
  expect(visible(server.folder)).toEqual(['a.txt']);

  const open = await startServer({
    folder: folderIn(temporaryFolder(), 'open'),
    args: ['--plaintext', 'on'],
  });
  expect((await remote(['ls', at(open.url())])).code).toBe(0);
});
