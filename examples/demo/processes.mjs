import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The commands as they are published: `npx filex-server` and `npx filex-client` run the same files. */
const serverBin = fileURLToPath(new URL('dist/bin.js', import.meta.resolve('filex-server/package.json')));
const clientBin = fileURLToPath(new URL('dist/bin.js', import.meta.resolve('filex-client/package.json')));

const running = new Set();

function start(bin, words, env) {
  const child = spawn(process.execPath, [bin, ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stderr = [];
  child.stderr.on('data', (chunk) => stderr.push(chunk));
  const exited = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      running.delete(handle);
      resolve({ code, stderr: Buffer.concat(stderr).toString() });
    });
  });
  const handle = { child, exited };
  running.add(handle);
  return handle;
}

/**
 * Starts a server on a free port, with nothing configured: it makes a key, and a user with a passcode. What both sides
 * remember goes below `home` instead of the home of whoever runs this. Resolves when it says that it listens.
 */
export async function startServer(folder, home) {
  const state = { XDG_STATE_HOME: join(home, 'state'), XDG_CONFIG_HOME: join(home, 'config') };
  const words = [folder, '--port', '0', '--json', '--log-level', 'warn'];
  const { child, exited } = start(serverBin, words, state);
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, urls, guest } = JSON.parse(line);
    if (event === 'listening') {
      const [url] = urls;
      // As whoever starts the server would hand them out: the address with the fingerprint, and the passcode.
      return {
        url,
        at: (path) => url.replace('/?', `/${path}?`),
        env: { ...state, FILEX_PASSCODE: guest.passcode },
      };
    }
  }
  throw new Error(`the server did not start:\n${(await exited).stderr}`);
}

/** Runs a client of that server to its end, tells its progress, and returns its summary. */
export async function runClient(server, words, onProgress) {
  const { child, exited } = start(clientBin, [...words, '--json'], server.env);
  let summary;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.event === 'progress') onProgress(event);
    if (event.event === 'summary') summary = event;
  }
  const { code, stderr } = await exited;
  if (code !== 0 || summary === undefined) {
    throw new Error(`filex-client ${words.join(' ')}\nexited with ${code}:\n${stderr}`);
  }
  return summary;
}

/** Ends what still runs, in good order. */
export async function stopAll() {
  const handles = [...running];
  for (const { child } of handles) child.kill('SIGTERM');
  await Promise.all(handles.map(({ exited }) => exited.catch(() => undefined)));
}
