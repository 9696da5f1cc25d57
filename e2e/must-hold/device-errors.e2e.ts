import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { Command } from '../harness/command.js';
import { visible } from '../harness/leftovers.js';
import { repository, serverBin } from '../harness/paths.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';

/** What keeps strace from being used here; undefined when nothing does. */
function whyNoStrace(): string | undefined {
  if (process.platform !== 'linux') return 'strace is for Linux';
  const probe = spawnSync('strace', ['-f', '-e', 'inject=fsync:error=EIO:when=1000', 'true']);
  if (probe.error !== undefined) return 'strace is not installed';
  return probe.status === 0 ? undefined : `strace cannot be used here: ${String(probe.stderr)}`;
}

const missing = whyNoStrace();
const MiB = 1024 * 1024;

interface Faulty {
  readonly command: Command;
  readonly folder: string;
  readonly url: string;
}

async function listening(command: Command, folder: string): Promise<Faulty> {
  const line = await command.line('stdout', /"event":"listening"/);
  const { urls } = JSON.parse(line) as { urls: string[] };
  return { command, folder, url: urls[0] as string };
}

const serverArgs = (folder: string): string[] => [folder, '--port', '0', '--json', '--anonymous', 'write'];

/** The server as it ships, under strace: calls on files below the folder fail from when it listens. */
async function startUnderStrace(inject: string): Promise<Faulty & { log(): string }> {
  const folder = folderIn(temporaryFolder(), 'served');
  const log = join(temporaryFolder(), 'strace.log');
  const command = new Command(process.execPath, [serverBin, ...serverArgs(folder)]);
  const server = await listening(command, folder);
  // Attached when it listens, so that the n-th call is one of an upload. Only the threads that call on files matter, which `-f` finds.
  const tracer = new Command('strace', [
    '-f',
    '-p',
    String(command.pid),
    '-o',
    log,
    '-e',
    `inject=${inject}`,
  ]);
  await tracer.line('stderr', /attached/);
  return { ...server, log: () => readFileSync(log, 'utf8') };
}

/** The real server, with the n-th call of a kind failing. */
async function startWithFaults(plan: Readonly<Record<string, unknown>>): Promise<Faulty> {
  const folder = folderIn(temporaryFolder(), 'served');
  const preload = join(repository, 'packages/server/src/store/testing/faults/preload.mjs');
  const args = ['--import', pathToFileURL(preload).href, serverBin, ...serverArgs(folder)];
  const command = new Command(process.execPath, args, {
    env: { FILEX_FAULTS: JSON.stringify({ folder, ...plan }) },
  });
  return listening(command, folder);
}

/** Uploads a tree until it is there, and looks whether anything wrong is seen meanwhile. */
async function expectToRecover({ command, folder, url }: Faulty): Promise<void> {
  const files = Object.fromEntries(
    Array.from({ length: 6 }, (_, i) => [`f${i}`, pseudoRandomBytes(i === 0 ? 2 * MiB + 5 : 3000 + i, i)]),
  );
  const local = makeTree(join(temporaryFolder(), 't'), files);
  const put = async (): Promise<boolean> => {
    const { code, signal, stderr } = await filex(['put', '-r', local, url]);
    if (code === 0) return true;
    expect(signal, stderr).toBe(null);
    expect(stderr).toMatch(/cannot|failed/);
    return false;
  };
  const look = (): void => {
    for (const path of visible(folder).filter((name) => name !== 't'))
      expect(readFileSync(join(folder, path)).equals(files[path.slice(2)] as Buffer), path).toBe(true);
  };
  let tries = 1;
  // strace counts the calls of each thread by itself: each may fail once.
  while (!(await put())) {
    look();
    tries += 1;
    expect(tries, 'tries').toBeLessThan(10);
  }
  for (const [name, bytes] of Object.entries(files))
    expect(readFileSync(join(folder, 't', name)).equals(bytes), name).toBe(true);
  expect(command.running).toBe(true);
  command.signal('SIGTERM');
  const exit = await command.exited;
  expect(exit.code, exit.stderr).toBe(0);
}

describe(`a call of the server on its files fails once, by strace${missing === undefined ? '' : ` (skipped: ${missing})`}:`, () => {
  test
    .skipIf(missing !== undefined)
    .each([
      'fsync:error=EIO:when=1',
      'fdatasync:error=EIO:when=1',
      'pwrite64:error=ENOSPC:when=2',
      'openat:error=EMFILE:when=3',
      'link,linkat:error=EIO:when=1',
      'unlink,unlinkat:error=EIO:when=1',
    ])('%s: a clear error or none, nothing wrong is seen, the server goes on', async (inject) => {
    const server = await startUnderStrace(inject);
    await expectToRecover(server);
    expect(server.log()).toMatch(/INJECTED/);
  });
});

describe('a call of the server on its files fails once, from inside:', () => {
  test.each([
    { kinds: ['fsync'], errno: 'EIO', nth: 5 },
    { kinds: ['fdatasync'], errno: 'EIO', nth: 3 },
    { kinds: ['write'], errno: 'ENOSPC', nth: 4, short: true },
    { kinds: ['open'], errno: 'EMFILE', nth: 20 },
    { kinds: ['link'], errno: 'EIO', nth: 2 },
    { kinds: ['lstat'], errno: 'EIO', nth: 14 },
    { kinds: ['mkdir'], errno: 'EACCES', nth: 5 },
  ])('%o: a clear error or none, nothing wrong is seen, the server goes on', async (plan) => {
    const server = await startWithFaults(plan);
    await expectToRecover(server);
    expect(server.command.text('stderr')).toMatch(new RegExp(`^fault: ${plan.errno} `, 'm'));
  });

  test.each(['EIO', 'EROFS'])(
    '%s when it is stopped: it says so in a line, and the next one knows all',
    async (errno) => {
      const { command, folder, url } = await startWithFaults({
        kinds: ['rename'],
        errno,
        nth: 1,
        lasting: true,
      });
      const local = makeTree(join(temporaryFolder(), 't'), { a: pseudoRandomBytes(3000, 1) });
      expect((await filex(['put', join(local, 'a'), url])).code).toBe(0);
      command.signal('SIGTERM');
      const exit = await command.exited;
      expect(exit.code, exit.stderr).toBe(0);
      expect(exit.stderr).toMatch(
        /^\{.*"could not tidy up what is staged; it is kept for the next server"\}$/m,
      );
      expect(exit.stderr).not.toMatch(/^ +at /m);
      const next = await startServer({ folder });
      expect((await next.stop()).stderr).toMatch(/took over/);
      expect(readFileSync(join(folder, 'a')).length).toBe(3000);
    },
  );
});
