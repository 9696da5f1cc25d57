import { createConnection } from '../../index.js';

const now = () => performance.now();
const random = (size: number) => crypto.getRandomValues(new Uint8Array(size));
const client = createConnection({ role: 'client', now: now(), random });
const server = createConnection({ role: 'server', now: now(), random });

// Bytes in, bytes and events out, until nobody has anything to say. Over a network, only the bytes go another way.
while (client.outputSize + server.outputSize > 0) {
  for (const bytes of client.takeOutput()) server.receive(bytes, now());
  for (const event of server.events()) {
    if (event.type === 'auth') server.authenticated('anonymous');
    if (event.type === 'open') server.result(event.stream, { status: 'NOT_FOUND', effect: 'none' });
  }
  for (const bytes of server.takeOutput()) client.receive(bytes, now());
  for (const event of client.events()) {
    if (event.type === 'negotiated') client.authenticate('ANONYMOUS');
    if (event.type === 'ready') client.open({ operation: 'stat', path: 'notes.txt' });
    if (event.type === 'result') console.log(event.result.status); // NOT_FOUND
  }
}
