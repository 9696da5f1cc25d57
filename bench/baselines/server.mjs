// node server.mjs DIR DIGEST: the listening half of the bare pair. Prints {"up":port,"down":port}: one port takes files
// into DIR, the other sends the file or folder of DIR that the client names.
import net from 'node:net';
import { ANSWER } from './framing.mjs';
import { Receiver } from './receive.mjs';
import { sendFiles } from './send.mjs';
import { digestNamed, filesBelow } from './shared.mjs';

const [root, algorithm] = process.argv.slice(2);
const createHash = await digestNamed(algorithm);

const listen = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

const up = net.createServer({ pauseOnConnect: true }, (accepted) => {
  const receiver = new Receiver(root, createHash);
  // Node offers `onread` to outgoing connections only; a new socket around the same handle has it too.
  const handle = accepted._handle;
  accepted._handle = null;
  accepted.destroy();
  const socket = new net.Socket({ handle, onread: receiver.onread, readable: true, writable: true });
  receiver.attach(socket);
  socket.resume();
  socket.read(0);
  receiver.done.then(
    (files) => {
      const answer = Buffer.alloc(ANSWER);
      answer.writeUInt32BE(files);
      socket.end(answer);
    },
    (error) => {
      console.error(error);
      socket.destroy();
    },
  );
});

const down = net.createServer((socket) => {
  socket.setNoDelay(true);
  socket.once('data', async (request) => {
    const [folder, names] = filesBelow(root, request.toString().trimEnd());
    await sendFiles(socket, folder, names, createHash);
    socket.end();
  });
});

console.log(JSON.stringify({ up: await listen(up), down: await listen(down) }));
process.on('SIGTERM', () => process.exit(0));
