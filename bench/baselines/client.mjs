// node client.mjs put|get PATH PORT DIGEST [DEST]: the connecting half of the bare pair. `put` sends the file or folder
// PATH; `get` asks for PATH of the server's folder and stores it in the folder DEST. Prints {"ms":…}: from before the
// connection to the last byte on disk, without the start of this process.
import { once } from 'node:events';
import net from 'node:net';
import { basename, dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ANSWER } from './framing.mjs';
import { Receiver } from './receive.mjs';
import { sendFiles } from './send.mjs';
import { digestNamed, filesBelow } from './shared.mjs';

const [verb, path, port, algorithm, destination] = process.argv.slice(2);
const createHash = await digestNamed(algorithm);
const start = performance.now();

if (verb === 'put') {
  const [folder, names] = filesBelow(dirname(path), basename(path));
  const socket = net.connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
  const answered = answerOf(socket);
  await once(socket, 'connect');
  await sendFiles(socket, folder, names, createHash);
  const stored = await answered;
  if (stored !== names.length) throw new Error(`${stored} of ${names.length} files were stored`);
} else {
  const receiver = new Receiver(destination, createHash);
  const socket = net.connect({ host: '127.0.0.1', port: Number(port), onread: receiver.onread });
  receiver.attach(socket);
  socket.write(`${path}\n`);
  await receiver.done;
  socket.destroy();
}
console.log(JSON.stringify({ ms: performance.now() - start }));

async function answerOf(socket) {
  const parts = [];
  for await (const part of socket) parts.push(part);
  const answer = Buffer.concat(parts);
  if (answer.length !== ANSWER) throw new Error('the server gave up');
  return answer.readUInt32BE(0);
}
