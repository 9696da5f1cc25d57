import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two looks at a port, and after which a server is given up. */
const STEP = 2;
const PATIENCE = 10_000;
/** How the kernel writes down that a socket listens. */
const LISTENING = '0A';

/** A port of loopback that nobody uses, for a server that cannot choose one by itself and tell it. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until something listens there, without connecting: a server that takes one connection only would take that one. */
export async function untilListening(port) {
  for (let waited = 0; waited < PATIENCE; waited += STEP) {
    if (await listens(port)) return;
    await pause(STEP);
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function listens(port) {
  if (!existsSync('/proc/net/tcp')) return accepts(port);
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .some((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return state === LISTENING && local.endsWith(wanted);
    });
}

async function accepts(port) {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
