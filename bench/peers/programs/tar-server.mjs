// node tar-server.mjs DIR NAME: starts `nc -l | tar -x` and `tar -c NAME | nc -l` again and again, and moves no byte
// itself. Prints {"up":port,"down":port,"unpacked":port}: who connects to the last one is let go when as many uploads are
// unpacked as have asked so far.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { freePort } from '../../lib/ports.mjs';

const [root, name] = process.argv.slice(2);
const up = await freePort();
const down = await freePort();

async function repeat(script, args, after) {
  for (;;) {
    const child = spawn('/bin/sh', ['-c', script, 'sh', ...args.map(String)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await once(child, 'exit');
    after();
  }
}

let unpacked = 0;
let asked = 0;
const waiting = new Map();
const letGo = () => {
  unpacked += 1;
  waiting.get(unpacked)?.end();
};
const server = net.createServer((socket) => {
  socket.on('error', () => undefined);
  asked += 1;
  if (asked <= unpacked) socket.end();
  else waiting.set(asked, socket);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

void repeat('nc -l 127.0.0.1 "$1" | tar -x -C "$2"', [up, root], letGo);
void repeat('tar -c -C "$2" "$3" | nc -N -l 127.0.0.1 "$1"', [down, root, name], () => undefined);
console.log(JSON.stringify({ up, down, unpacked: server.address().port }));
