import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import type { Scene } from '../harness/scene.js';
import { operations, treeDigest, type Values } from '../harness/wire.js';

const hello = Buffer.from('hello');

/** Opens an upload, inside TLS, does something with it, and tells its answer. */
const upload =
  (values: Values, work: (client: HostileClient, stream: number) => void = () => undefined) =>
  async (scene: Scene): Promise<string> => {
    const client = await scene.enter({ tls: true });
    const stream = client.open('upload', { path: `${scene.folder}/x`, ...values });
    work(client, stream);
    return client.answer(stream);
  };

type Case = readonly [
  id: string,
  what: string,
  expected: string | readonly string[],
  run: (scene: Scene) => Promise<string>,
  slice?: true,
];

const cases: readonly Case[] = [
  [
    'giant-size',
    'an upload that announces 2^53-1 bytes: no room is reserved for it, and there is none',
    ['RESULT NO_SPACE', 'RESULT TOO_LARGE'],
    upload({ size: Number.MAX_SAFE_INTEGER }),
    true,
  ],
  [
    'more-than-announced',
    'more bytes than announced: refused as soon as they come',
    'RESULT LENGTH_MISMATCH',
    upload({ size: 3 }, (client, stream) => client.data(stream, hello)),
    true,
  ],
  [
    'fewer-than-announced',
    'fewer bytes than announced, with the digest of those',
    'RESULT LENGTH_MISMATCH',
    upload({ size: 9 }, (client, stream) => client.data(stream, hello).end(stream, hello)),
    true,
  ],
  [
    'end-lies',
    'an END that claims bytes that were not sent',
    'GOAWAY LENGTH_MISMATCH',
    upload({}, (client, stream) =>
      client.data(stream, hello).frame('END', stream, { length: 500, digest: treeDigest(hello) }),
    ),
  ],
  [
    'wrong-digest',
    'a wrong digest: bytes that changed on their way',
    'RESULT DIGEST_MISMATCH',
    upload({}, (client, stream) =>
      client
        .data(stream, hello)
        .frame('END', stream, { length: 5, digest: treeDigest(Buffer.from('HELLO')) }),
    ),
    true,
  ],
  [
    'digest-of-leaves',
    'a file that poses as a list of block digests (second preimage of the tree)',
    'RESULT DIGEST_MISMATCH',
    upload({}, (client, stream) => {
      const leaf = Buffer.alloc(32, 1);
      client.data(stream, leaf).frame('END', stream, { length: 32, digest: leaf });
    }),
  ],
  [
    'offset-beyond-size',
    'a resumed upload that begins behind its end',
    'GOAWAY MESSAGE_MALFORMED',
    upload({ size: 10, offset: 11 }),
  ],
  [
    'algorithm',
    'a digest algorithm that was not negotiated',
    ['RESULT UNSUPPORTED', 'GOAWAY MESSAGE_MALFORMED'],
    upload({ algorithm: 2 }),
  ],
  [
    'time-beyond',
    'a time of 2^63-1 microseconds',
    'GOAWAY MESSAGE_MALFORMED',
    upload({ mtime: 2n ** 63n - 1n }),
  ],
  [
    'unknown-operation',
    'an operation that there is not, with DATA behind it',
    ['RESULT UNSUPPORTED', 'GOAWAY STATE_VIOLATION'],
    async (scene) => {
      const client = await scene.enter();
      const stream = client.open('stat', { operation: 200, path: 'kept' });
      return client.answer(stream);
    },
  ],
  [
    'download-offset-without-prefix',
    'a download from offset 2^53-1 on, without showing what it has',
    'GOAWAY MESSAGE_MALFORMED',
    async (scene) => {
      const client = await scene.enter();
      return client.answer(
        client.open('download', { path: 'kept/precious.txt', offset: Number.MAX_SAFE_INTEGER }),
      );
    },
  ],
  [
    'download-offset-beyond',
    'a download from offset 2^53-1 on, with the digest of a prefix that nobody has: it starts again at 0',
    'ACCEPT at 0',
    async (scene) => {
      const client = await scene.enter();
      const stream = client.open('download', {
        path: 'kept/precious.txt',
        offset: Number.MAX_SAFE_INTEGER,
        prefix: Buffer.alloc(32, 1),
      });
      const accept = await client.receive('ACCEPT', stream);
      return `ACCEPT at ${accept.number('offset')}`;
    },
  ],
  [
    'cut',
    '60 uploads cut off in the middle, by a reset: nothing is seen of them, and nothing stays',
    'nothing is there',
    async (scene) => {
      const clients = await Promise.all(Array.from({ length: 6 }, () => scene.enter()));
      for (const [i, client] of clients.entries()) {
        for (let j = 0; j < 10; j += 1)
          client.data(client.open('upload', { path: `${scene.folder}/${i}-${j}` }), Buffer.alloc(20_000));
        await client.alive();
        client.socket.resetAndDestroy();
      }
      const other = await scene.enter();
      const stream = other.open('list', { path: scene.folder });
      await other.answer(stream);
      return other.kept.some(({ name, payload }) => name === 'ENTRY' && payload.length > 4)
        ? 'something is there'
        : 'nothing is there';
    },
  ],
  [
    'replace-folder',
    'an upload over a folder, with *overwrite*',
    'RESULT IS_A_DIRECTORY',
    async (scene) => {
      const client = await scene.enter();
      const stream = client.open('upload', { path: 'kept/deep', ifExists: 3 });
      client.data(stream, hello).end(stream, hello);
      return client.answer(stream);
    },
  ],
  [
    'answer-nobody-waits-for',
    '250 recursive listings in one write by a client that resets the connection at once',
    'done',
    async (scene) => {
      const client = await scene.enter();
      const requests: Buffer[] = [];
      for (let i = 0; i < 250; i += 1)
        requests.push(
          client.opening('stat', { operation: operations.list, recursive: true }, client.nextStream()),
        );
      await client.flush(Buffer.concat(requests));
      client.socket.resetAndDestroy();
      return 'done';
    },
  ],
];

export const transfer: readonly Attack[] = cases.map(([id, what, expected, run, slice]) => ({
  id: `transfer-${id}`,
  class: 'transfer',
  target: 'server',
  what,
  expected,
  ...(slice === undefined ? {} : { slice }),
  run,
}));
