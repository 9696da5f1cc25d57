import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, expect, it } from 'vitest';
import { ServerProcess } from '../lib/processes.mjs';

const RTT = 60;
const RATE = 200e6;
const started = [];

afterEach(async () => {
  for (const stop of started.splice(0)) await stop();
});

/** A way to a server that answers with the digest of all it was sent. */
async function throughProxy() {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256');
    socket.on('data', (bytes) => hash.update(bytes));
    socket.on('end', () => socket.end(hash.digest()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const args = [server.address().port, RTT, RATE].map(String);
  const proxy = await ServerProcess.start({
    argv: [process.execPath, join(import.meta.dirname, 'proxy.mjs'), ...args],
  });
  started.push(
    () => proxy.stop(),
    () => server.close(),
  );
  return proxy.told.port;
}

async function send(port, bytes) {
  const began = performance.now();
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(bytes);
  const answer = [];
  for await (const part of socket) answer.push(part);
  return { answer: Buffer.concat(answer), ms: performance.now() - began };
}

it('brings every byte and the end, and no sooner than the way allows', async () => {
  const port = await throughProxy();
  for (const size of [0, 1, 4_000_000]) {
    const bytes = randomBytes(size);
    const { answer, ms } = await send(port, bytes);
    expect(answer).toEqual(createHash('sha256').update(bytes).digest());
    // There and back to connect, and once more for the end and the answer. Timers of Node count whole milliseconds.
    expect(ms).toBeGreaterThan(2 * RTT + (size * 8 * 1000) / RATE - 2);
  }
});
