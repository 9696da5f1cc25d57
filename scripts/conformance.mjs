// `npm run conformance`: every case against our own server and our own client, as the programs that are installed. What
// follows -- goes to both runs, such as --only FX-13.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const options = process.argv.slice(2);
const program = (name) => join(import.meta.dirname, '../packages', name, 'dist/bin.js');
const suite = (...args) =>
  spawnSync(process.execPath, [program('conformance'), ...options, ...args], { stdio: 'inherit' }).status ??
  1;

const root = mkdtempSync(join(tmpdir(), 'filex-conformance-'));
const server = spawn(process.execPath, [program('server'), root, '--host', '127.0.0.1', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const status = suite(await addressOf(server));
  process.exitCode = suite('--client', '--', process.execPath, program('cli')) || status;
} finally {
  server.kill();
  rmSync(root, { recursive: true, force: true });
}

async function addressOf({ stdout }) {
  for await (const line of createInterface({ input: stdout })) {
    const address = /filex\+tcp:\/\/\S+/.exec(line)?.[0];
    if (address !== undefined) return address;
  }
  throw new Error('the server did not say where it listens');
}
