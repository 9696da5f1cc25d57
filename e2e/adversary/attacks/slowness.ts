import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as dialTls } from 'node:tls';
import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import { clientFirst, freshNonce } from '../harness/scram.js';
import { frame, PREFACE } from '../harness/wire.js';

/** Sends bytes one by one until the connection has ended. */
function drip(client: HostileClient, bytes: Uint8Array, interval = 40): void {
  let at = 0;
  const timer = setInterval(() => {
    if (client.ended || at >= bytes.length) clearInterval(timer);
    else client.send(bytes.subarray(at, at + 1));
    at += 1;
  }, interval);
}

/** What a TLS client says first. */
function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const said: Buffer[] = [];
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        said.push(chunk);
        done();
        resolve(Buffer.concat(said));
      },
    });
    dialTls({ socket: wire, ALPNProtocols: ['filex/1'] }).on('error', () => undefined);
  });
}

/** Milliseconds that the server of these attacks gives to a handshake. */
export const HASTE = 1000;

/** The answer, when it came in time: later than that it would be of no use. */
async function inTime(run: () => Promise<string>): Promise<string> {
  const begun = performance.now();
  const answer = await run();
  const took = performance.now() - begun;
  return took <= 4 * HASTE ? answer : `${answer}, after ${Math.round(took)} ms`;
}

export const slowness: readonly Attack[] = [
  {
    id: 'slow-hello',
    class: 'slowness',
    target: 'server',
    what: 'preface and HELLO that drip, plain',
    expected: 'GOAWAY TIMEOUT',
    run: async (scene) => {
      const client = await scene.connect();
      drip(client, Buffer.concat([PREFACE, client.helloBytes()]));
      return inTime(() => client.verdict());
    },
  },
  {
    id: 'slow-client-hello',
    class: 'slowness',
    target: 'server',
    what: 'a TLS ClientHello that drips',
    expected: 'closed',
    run: async (scene) => {
      const client = await scene.connect();
      drip(client, await clientHello());
      return inTime(() => client.verdict());
    },
  },
  {
    id: 'slow-after-tls',
    class: 'slowness',
    target: 'server',
    what: 'TLS, and then not a word',
    expected: 'GOAWAY TIMEOUT',
    run: async (scene) => {
      const client = await scene.connect({ tls: true });
      return inTime(() => client.verdict());
    },
  },
  {
    id: 'slow-hello-inside-tls',
    class: 'slowness',
    target: 'server',
    what: 'a HELLO that drips inside TLS',
    expected: 'GOAWAY TIMEOUT',
    run: async (scene) => {
      const client = await scene.connect({ tls: true });
      drip(client, Buffer.concat([PREFACE, client.helloBytes()]));
      return inTime(() => client.verdict());
    },
  },
  {
    id: 'slow-silence',
    class: 'slowness',
    target: 'server',
    what: 'a connection on which nothing is said at all',
    expected: ['GOAWAY TIMEOUT', 'closed'],
    run: async (scene) => {
      const client = await scene.connect();
      return inTime(() => client.verdict());
    },
  },
  {
    id: 'slow-auth',
    class: 'slowness',
    target: 'server',
    what: 'an AUTH that drips',
    expected: 'GOAWAY TIMEOUT',
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      await client.receive('HELLO');
      drip(client, frame('AUTH', 0, { mechanism: 'ANONYMOUS', data: Buffer.alloc(200) }));
      return inTime(() => client.verdict());
    },
  },
  {
    id: 'slow-scram',
    class: 'slowness',
    target: 'server',
    what: 'a login that stops after the challenge',
    expected: 'GOAWAY TIMEOUT',
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      await client.receive('HELLO');
      const proof = { user: 'honest', passcode: '', header: 'n,,', nonce: freshNonce() };
      client.frame('AUTH', 0, { mechanism: 'SCRAM-SHA-256', data: clientFirst(proof) });
      await client.challenge();
      return inTime(() => client.verdict());
    },
  },
  {
    id: 'slow-many',
    class: 'slowness',
    target: 'server',
    what: '200 handshakes that drip at once, from one address: a newcomer gets in meanwhile',
    expected: 'GOAWAY TIMEOUT, a newcomer is served',
    run: async (scene) => {
      const clients = await Promise.all(Array.from({ length: 200 }, () => scene.connect()));
      for (const client of clients) drip(client, Buffer.concat([PREFACE, client.helloBytes()]), 100);
      await scene.arena.honest.newcomer();
      const verdicts = new Set(await Promise.all(clients.map((client) => client.verdict())));
      return `${[...verdicts].join(' and ')}, a newcomer is served`;
    },
  },
  {
    id: 'slow-upload',
    class: 'slowness',
    target: 'server',
    what: 'an upload of a byte each 100 ms, which would hold its stream for ever',
    expected: 'RESULT TIMEOUT',
    run: async (scene) => {
      const client = await scene.enter();
      const stream = client.open('upload', { path: `${scene.folder}/x` });
      const timer = setInterval(() => client.data(stream, Buffer.of(1)), 100);
      scene.onEnd(() => clearInterval(timer));
      return client.answer(stream);
    },
  },
  {
    id: 'slow-upload-nothing',
    class: 'slowness',
    target: 'server',
    what: 'uploads that are begun and never get a byte, on all streams',
    expected: 'RESULT TIMEOUT',
    run: async (scene) => {
      const client = await scene.enter();
      const streams = Array.from({ length: 256 }, (_, i) =>
        client.open('upload', { path: `${scene.folder}/${i}` }),
      );
      return [...new Set(await Promise.all(streams.map((stream) => client.answer(stream))))].join(', ');
    },
  },
  {
    id: 'slow-download',
    class: 'slowness',
    target: 'server',
    what: 'a download whose client takes nothing of it any more',
    expected: ['RESET TIMEOUT', 'RESULT TIMEOUT'],
    run: async (scene) => {
      const path = join(scene.disk, 'file');
      writeFileSync(path, Buffer.alloc(1024 * 1024));
      scene.onEnd(() => rmSync(path));
      const client = await scene.enter({ hello: { streamWindow: 8192 } });
      return client.answer(client.open('download', { path: `${scene.folder}/file` }));
    },
  },
  {
    id: 'slow-dead',
    class: 'slowness',
    target: 'server',
    what: 'a client that answers no PING any more',
    expected: 'GOAWAY TIMEOUT',
    run: async (scene) => {
      const client = await scene.enter();
      client.answersPings = false;
      return client.verdict();
    },
  },
];
