import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex, startClient } from '../harness/client.js';
import { startNetwork } from '../harness/network.js';
import { type ServerProcess, spawnServer, startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { pseudoRandomBytes } from '../harness/tree.js';

const MiB = 1024 * 1024;
const two = ['--workers', '2'];

/** The processes that have logged what clients did. */
function atWork({ command }: ServerProcess): number[] {
  const whole = command.text('stderr').split('\n').slice(0, -1);
  const lines = whole.filter((line) => line.startsWith('{'));
  return [...new Set(lines.map((line) => Number((JSON.parse(line) as { pid: number }).pid)))];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('two workers: both serve, one killed -9 in the middle is replaced, the clients go on, the end is in good order', async () => {
  const server = await startServer({ args: two });
  expect(server.command.text('stdout').split('"listening"')).toHaveLength(2);
  const network = await startNetwork({ upstream: server.port });
  const files = [1, 2, 3, 4].map((i) => {
    const path = join(temporaryFolder(), `file ${i}`);
    writeFileSync(path, pseudoRandomBytes(12 * MiB, i));
    return path;
  });
  const uploads = files.map((path) => startClient(['put', path, network.url()]));
  await network.passed('up', 16 * MiB);
  const workers = await server.command.until(() => {
    const pids = atWork(server);
    return pids.length === 2 ? pids : undefined;
  }, 'lines of two workers');
  expect(workers).not.toContain(server.command.pid);
  process.kill(workers[0] as number, 'SIGKILL');
  for (const upload of uploads) {
    const { code, stderr } = await upload.exited;
    expect(code, stderr).toBe(0);
  }
  for (const [i, path] of files.entries())
    expect(readFileSync(join(server.folder, `file ${i + 1}`)).equals(readFileSync(path))).toBe(true);
  expect(server.command.text('stderr')).toContain(`worker ${workers[0]} has ended unexpectedly (SIGKILL)`);

  const into = temporaryFolder();
  const downloads = files.map((_, i) => filex(['get', server.url(`file%20${i + 1}`), into]));
  for (const { code, stderr } of await Promise.all(downloads)) expect(code, stderr).toBe(0);
  for (const [i, path] of files.entries())
    expect(readFileSync(join(into, `file ${i + 1}`)).equals(readFileSync(path))).toBe(true);

  const exit = await server.stop();
  expect(exit.code, exit.stderr).toBe(0);
  const all = atWork(server);
  expect(all.length).toBeGreaterThanOrEqual(2);
  expect(all.filter(isAlive)).toEqual([]);
});

test('Ctrl-C, which a terminal sends to all of them: what runs comes to its end; once more forces it', async () => {
  const server = await startServer({ args: two, group: true });
  const network = await startNetwork({ upstream: server.port });
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, pseudoRandomBytes(4 * MiB, 1));
  const upload = startClient(['put', '--bwlimit', '4M', '--retries', '0', path, network.url()]);
  await network.passed('up', 1 * MiB);
  server.command.signal('SIGINT');
  const { code, stderr } = await upload.exited;
  expect(code, stderr).toBe(0);
  expect((await server.command.exited).code).toBe(0);

  const forced = await startServer({ args: two, group: true });
  const through = await startNetwork({ upstream: forced.port });
  const cut = startClient(['put', '--bwlimit', '1M', '--retries', '0', path, through.url()]);
  await through.passed('up', 1 * MiB);
  forced.command.signal('SIGINT');
  await forced.command.line('stderr', /once more forces it/);
  forced.command.signal('SIGINT');
  const exit = await forced.command.exited;
  expect(exit.code).toBe(130);
  expect((await cut.exited).code).not.toBe(0);
});

test('what keeps them from starting is told once, and with the right exit code', async () => {
  const first = await startServer();
  const taken = await spawnServer(folderIn(temporaryFolder(), 'served'), { port: first.port, args: two })
    .exited;
  expect(taken.code).toBe(1);
  expect(taken.stderr.split(`port ${first.port} is taken`)).toHaveLength(2);
  expect(taken.stdout).toBe('');

  const words = [...two, '--limit', 'loginFailuresBeforeBan=1'];
  const small = await spawnServer(folderIn(temporaryFolder(), 'served'), { args: words }).exited;
  expect(small.code).toBe(2);
  expect(small.stderr).toMatch(/--workers 2 is too many for the limit loginFailuresBeforeBan/);
});

test('a quota, of which only one process can keep count, is refused with what to do', async () => {
  const state = folderIn(temporaryFolder(), 'state');
  const users = join(temporaryFolder(), 'users.json');
  const before = await startServer({ anonymous: 'none', args: ['--state', state, '--users', users] });
  expect((await before.stop()).code).toBe(0);
  const document = JSON.parse(readFileSync(users, 'utf8'));
  document.users.guest.quota = { bytes: 1000 };
  writeFileSync(users, JSON.stringify(document));
  const args = ['--state', state, '--users', users, ...two];
  const exit = await spawnServer(folderIn(temporaryFolder(), 'served'), { anonymous: 'none', args }).exited;
  expect(exit.code).toBe(1);
  expect(exit.stderr).toMatch(/the user "guest" has a quota.*--workers 1/);
});
