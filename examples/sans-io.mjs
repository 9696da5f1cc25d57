// The protocol without a network: a client and a server in one program, joined by function calls. Over a WebSocket, a
// serial line or in a test, only `carry` is different.
import { createHash } from 'node:crypto';
import { createConnection, digestsEqual, TreeDigest } from '@filex/protocol';

const random = (size) => crypto.getRandomValues(new Uint8Array(size));
const now = () => performance.now();
// The only thing the core wants from outside besides time and randomness: a hash. In a browser, from a library.
const sha256 = () => createHash('sha256');

const client = createConnection({ role: 'client', now: now(), random });
const server = createConnection({ role: 'server', now: now(), random });
const content = new TextEncoder().encode('Hello, no network!\n'.repeat(1000));

/** Bytes that one end has to send go into the other, and what happened there is answered. */
function carry(from, to, answer) {
  const output = from.takeOutput();
  for (const bytes of output) to.receive(bytes, now());
  for (const event of to.events()) answer(event);
  return output.length > 0;
}

const stored = new TreeDigest(sha256);

function onServerEvent(event) {
  switch (event.type) {
    case 'auth':
      server.authenticated('anonymous');
      break;
    case 'open':
      console.log(`server: ${event.request.operation} of ${event.request.path}, ${event.request.size} bytes`);
      server.accept(event.stream, { offset: 0 });
      break;
    case 'data':
      stored.update(event.bytes);
      server.consume(event.stream, event.bytes.length); // lets the client send more
      break;
    case 'end': {
      const whole = digestsEqual(stored.digest(), event.digest);
      server.result(event.stream, {
        status: whole ? 'OK' : 'DIGEST_MISMATCH',
        effect: whole ? 'applied' : 'none',
        outcome: whole ? 'created' : undefined,
      });
    }
  }
}

function onClientEvent(event) {
  switch (event.type) {
    case 'negotiated':
      client.authenticate('ANONYMOUS');
      break;
    case 'ready': {
      const stream = client.open({ operation: 'upload', path: 'hello.txt', size: content.length });
      // A file larger than `sendable` goes on whenever a `writable` event says that there is room.
      client.write(stream, content.subarray(0, client.sendable(stream)));
      const digest = new TreeDigest(sha256);
      digest.update(content);
      client.end(stream, content.length, digest.digest());
      break;
    }
    case 'result':
      console.log(`client: ${event.result.status}, ${event.result.outcome}`);
  }
}

let moved = true;
while (moved) {
  const there = carry(client, server, onServerEvent);
  const back = carry(server, client, onClientEvent);
  moved = there || back;
}
