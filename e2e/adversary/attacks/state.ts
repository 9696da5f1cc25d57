import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import type { Scene } from '../harness/scene.js';
import { frame, rawFrame, types } from '../harness/wire.js';

type Work = (client: HostileClient, scene: Scene) => unknown;

/** Does something on an open connection, inside TLS, and tells how the server ends it. */
const faults =
  (work: Work) =>
  async (scene: Scene): Promise<string> => {
    const client = await scene.enter({ tls: true });
    await work(client, scene);
    return client.verdict();
  };

const file = Buffer.from('hello');
const violation = 'GOAWAY STATE_VIOLATION';

/** What is done and what must come of it; all the rest is the same. */
const cases: readonly (readonly [id: string, what: string, expected: string, work: Work, slice?: true])[] = [
  [
    'hello-on-stream',
    'HELLO on a stream',
    'GOAWAY FRAME_MALFORMED',
    (client) => client.send(rawFrame(types.HELLO, 1, Buffer.alloc(0))),
  ],
  [
    'open-on-connection',
    'OPEN on stream 0',
    'GOAWAY FRAME_MALFORMED',
    (client) => client.send(client.opening('stat', {}, 0)),
    true,
  ],
  [
    'even-stream',
    "an even stream id, which is not the client's to use",
    'GOAWAY STREAM_LIMIT',
    (client) => client.send(client.opening('stat', {}, 2)),
  ],
  [
    'stream-again',
    'a stream id a second time',
    'GOAWAY STREAM_LIMIT',
    async (client) => {
      await client.answer(client.open('stat'));
      client.send(client.opening('stat', {}, 1));
    },
    true,
  ],
  [
    'stream-lower',
    'a stream id that is lower than the last one',
    'GOAWAY STREAM_LIMIT',
    (client) => client.send(client.opening('stat', {}, 9), client.opening('stat', {}, 7)),
  ],
  [
    'stream-highest',
    'the highest odd stream id, and then the one after it, which wraps',
    'GOAWAY STREAM_LIMIT',
    (client) => client.send(client.opening('stat', {}, 0xffffffff), client.opening('stat', {}, 1)),
  ],
  [
    'too-many-streams',
    '300 uploads at once where 256 may be',
    'GOAWAY STREAM_LIMIT',
    (client, { folder }) => {
      for (let i = 0; i < 300; i += 1) client.open('upload', { path: `${folder}/${i}` });
    },
  ],
  [
    'data-unopened',
    'DATA on a stream that was never opened',
    violation,
    (client) => client.data(5, file),
    true,
  ],
  [
    'data-on-call',
    'DATA on a *stat*',
    violation,
    (client) => {
      client.data(client.open('stat'), file);
    },
  ],
  [
    'data-on-download',
    'DATA on a download',
    violation,
    (client) => {
      client.data(client.open('download', { path: 'kept/precious.txt' }), file);
    },
  ],
  [
    'end-twice',
    'END twice: a commit of what was committed',
    violation,
    (client, { folder }) => {
      const stream = client.open('upload', { path: `${folder}/x`, ifExists: 3 });
      // Of other bytes, so that nothing can be stored.
      client.data(stream, file).end(stream, Buffer.from('HELLO')).end(stream, Buffer.from('HELLO'));
    },
    true,
  ],
  [
    'data-after-end',
    'DATA after END: bytes that nobody has verified',
    violation,
    (client, { folder }) => {
      const stream = client.open('upload', { path: `${folder}/x` });
      client.data(stream, file).end(stream, Buffer.from('HELLO')).data(stream, file);
    },
    true,
  ],
  [
    'data-while-resuming',
    'DATA before a resumed upload was ACCEPTed',
    violation,
    (client, { folder }) => {
      const stream = client.open('upload', { path: `${folder}/x`, size: 100, offset: 100 });
      client.data(stream, file);
    },
  ],
  [
    'end-of-download',
    'END from the client on a download',
    violation,
    (client) => client.end(client.open('download', { path: 'kept/precious.txt' }), file),
  ],
  [
    'frame-of-server',
    'RESULT with success, from the client: forged for its own upload',
    violation,
    (client, { folder }) => {
      const stream = client.open('upload', { path: `${folder}/x` });
      client.frame('RESULT', stream, { status: 0, effect: 1 });
    },
  ],
  [
    'auth-again',
    'AUTH once more, to become somebody else',
    violation,
    (client) => client.frame('AUTH', 0, { mechanism: 'ANONYMOUS' }),
  ],
  [
    'pong-unasked',
    'a PONG that nobody asked for',
    violation,
    (client) => client.frame('PONG', 0, { token: 1 }),
  ],
  [
    'reset-unopened',
    'RESET of a stream that was never opened',
    violation,
    (client) => client.frame('RESET', 7, { code: 0x20, finalOffset: 0 }),
  ],
  [
    'reset-and-data',
    'DATA after RESET',
    violation,
    (client, { folder }) => {
      const stream = client.open('upload', { path: `${folder}/x` });
      client.frame('RESET', stream, { code: 0x20, finalOffset: 0 }).data(stream, file);
    },
  ],
  [
    'reset-of-an-id-that-was-skipped',
    'a frame on an id that was left out',
    violation,
    (client) =>
      client.send(client.opening('stat', {}, 9), frame('END', 3, { length: 0, digest: Buffer.alloc(32) })),
  ],
];

export const state: readonly Attack[] = cases.map(([id, what, expected, work, slice]) => ({
  id: `state-${id}`,
  class: 'state',
  target: 'server',
  what,
  expected,
  ...(slice === undefined ? {} : { slice }),
  run: faults(work),
}));
