// `npm run conformance`: every case against our own server and our own client, as the programs that are installed. What
// follows -- goes to both runs, such as --only FX-13.
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const options = process.argv.slice(2);
const program = (name) => join(import.meta.dirname, '../packages', name, 'dist/bin.js');
const root = mkdtempSync(join(tmpdir(), 'filex-conformance-'));
const passcodes = { ann: randomUUID(), bob: randomUUID() };
const env = {
  ...process.env,
  FILEX_STATE: join(root, 'state'),
  FILEX_PASSCODE: passcodes.ann,
  FILEX_SECOND_PASSCODE: passcodes.bob,
};
const run = (words, more) => spawnSync(process.execPath, words, { env, ...more });
const suite = (...args) =>
  run([program('conformance'), ...options, ...args], { stdio: 'inherit' }).status ?? 1;

let server;
try {
  for (const [name, passcode] of Object.entries(passcodes)) {
    const added = run([program('server'), 'user', 'add', name, '--passcode-stdin'], {
      input: `${passcode}\n`,
    });
    if (added.status !== 0) throw new Error(String(added.stderr));
  }
  // Many cases log in wrongly on purpose.
  const patience = ['loginFailuresBeforeDelay=1000', 'loginFailuresBeforeBan=1000'];
  const limits = patience.flatMap((limit) => ['--limit', limit]);
  const where = ['--host', '127.0.0.1', '--port', '0', '--json', '--log-level', 'error'];
  server = spawn(process.execPath, [program('server'), join(root, 'served'), ...where, ...limits], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = new URL((await listening(server)).urls[0]);
  url.username = 'ann';
  const status = suite('--second-user', 'bob', url.href);
  process.exitCode = suite('--client', '--', process.execPath, program('cli'), '--retries', '0') || status;
} finally {
  server?.kill();
  rmSync(root, { recursive: true, force: true });
}

async function listening({ stdout }) {
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line);
  throw new Error('the server did not say where it listens');
}
