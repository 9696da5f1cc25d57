// node proxy/check.mjs [RTT] [RATE] [BYTES]: is the proxy what it says? A sender that knows nothing of windows sends through
// it to a server that only counts. Prints what was reached of the rate, and how long an answer to one byte takes.
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ServerProcess } from '../lib/processes.mjs';
import { median } from '../lib/statistics.mjs';

const [rtt = 50, rate = 1e9, size = 2 ** 29] = process.argv.slice(2).map(Number);
const PINGS = 9;

const server = net.createServer((socket) => {
  let received = 0;
  let first;
  socket.on('data', (bytes) => {
    first ??= performance.now();
    received += bytes.length;
    if (received === 1) socket.write('.');
    if (received === size + 1) socket.write(`${performance.now() - first}\n`);
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const proxy = await ServerProcess.start({
  argv: [
    process.execPath,
    join(import.meta.dirname, 'proxy.mjs'),
    ...[server.address().port, rtt, rate].map(String),
  ],
});
const { port } = proxy.told;

async function connectAndPing() {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  const began = performance.now();
  socket.write('.');
  await once(socket, 'data');
  return { socket, ms: performance.now() - began };
}

const pings = [];
for (let i = 0; i < PINGS; i += 1) {
  const { socket, ms } = await connectAndPing();
  pings.push(ms);
  socket.destroy();
}

const { socket } = await connectAndPing();
const chunk = Buffer.alloc(2 ** 20);
const began = performance.now();
for (let left = size; left > 0; left -= chunk.length) {
  if (!socket.write(chunk.subarray(0, Math.min(left, chunk.length)))) await once(socket, 'drain');
}
await once(socket, 'data');
// From the first byte that is sent to the answer that the last one has come.
const seconds = (performance.now() - began - rtt) / 1000;
console.log(`${median(pings).toFixed(1)} ms to connect and to get an answer: ${2 * rtt} were asked for`);
console.log(
  `rate: ${((size * 8) / seconds / 1e6).toFixed(0)} Mbit/s, ${((size * 8) / seconds / rate).toFixed(3)} of what was asked for`,
);
socket.destroy();
await proxy.stop();
server.close();
