import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import type { Scene } from '../harness/scene.js';
import { field, rawFrame, types, u64 } from '../harness/wire.js';

const MiB = 1024 * 1024;
const piece = Buffer.alloc(65_536, 3);

/** A large file in the attack's own folder, taken away again at its end. */
function largeFile(scene: Scene, size = 32 * MiB): string {
  const name = `${scene.folder}/large`;
  const path = join(scene.disk, 'large');
  writeFileSync(path, Buffer.alloc(size, 9));
  scene.onEnd(async () => (await import('node:fs')).rmSync(path));
  return name;
}

/** What came on a stream as DATA so far. */
const came = (client: HostileClient, stream?: number): number =>
  client.kept
    .filter((each) => each.name === 'DATA' && (stream === undefined || each.stream === stream))
    .reduce((sum, { payload }) => sum + payload.length, 0);

export const credit: readonly Attack[] = [
  {
    id: 'credit-stream',
    class: 'credit',
    target: 'server',
    what: 'one byte more than the credit of the stream',
    expected: 'GOAWAY CREDIT_EXCEEDED',
    slice: true,
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      const window = (await client.receive('HELLO')).number('streamWindow');
      await client.anonymous();
      const stream = client.open('upload', { path: `${scene.folder}/x` });
      // In one write, so that nothing can be granted in between.
      const whole = Buffer.alloc(window + 1);
      const frames: Buffer[] = [];
      for (let at = 0; at < whole.length; at += piece.length)
        frames.push(rawFrame(types.DATA, stream, whole.subarray(at, at + piece.length)));
      return client.send(...frames).verdict();
    },
  },
  {
    id: 'credit-many-streams',
    class: 'credit',
    target: 'server',
    what: '200 uploads that use all the credit they begin with, in one write: bounded, and all taken',
    expected: 'alive',
    run: async (scene) => {
      const client = await scene.enter();
      const frames: Buffer[] = [];
      for (let i = 0; i < 200; i += 1) {
        const stream = client.nextStream();
        frames.push(client.opening('upload', { path: `${scene.folder}/${stream}` }, stream));
        for (let sent = 0; sent < 262_144; sent += piece.length)
          frames.push(rawFrame(types.DATA, stream, piece));
      }
      return client.send(...frames).alive();
    },
  },
  {
    id: 'credit-on-receipt',
    class: 'credit',
    target: 'server',
    what: '64 MiB for an upload that was refused: what is dropped is granted again, but nothing of it is kept',
    expected: 'RESULT PARENT_NOT_FOUND',
    growth: 64,
    run: async (scene) => {
      const client = await scene.enter();
      const stream = client.open('upload', { path: `${scene.folder}/missing/x` });
      let sent = 0;
      const initial = 262_144;
      while (sent < 64 * MiB && !client.ended) {
        const grants = client.kept.filter((each) => each.name === 'CREDIT' && each.stream === 0);
        const limit = Math.max(initial, ...grants.map((each) => each.number('limit')));
        if (client.result(stream) !== undefined && sent + piece.length > limit) break;
        if (sent + piece.length > Math.min(limit, initial)) break;
        client.data(stream, piece);
        sent += piece.length;
      }
      return client.answer(stream);
    },
  },
  {
    id: 'credit-never-granted',
    class: 'credit',
    target: 'server',
    what: '100 downloads of 32 MiB at once by a client that never grants credit: no more comes than was offered',
    expected: 'as much as was offered',
    growth: 64,
    slice: true,
    run: async (scene) => {
      const path = largeFile(scene);
      const client = await scene.enter({ hello: { streamWindow: 8192, connectionWindow: 131_072 } });
      for (let i = 0; i < 100; i += 1) client.open('download', { path });
      await client.until(() => came(client) > 131_072 - 4608, 'what was offered');
      if ((await client.alive()) !== 'alive') return client.ending;
      return came(client) <= 131_072 ? 'as much as was offered' : `${came(client)} bytes`;
    },
  },
  {
    id: 'credit-byte-by-byte',
    class: 'credit',
    target: 'server',
    what: 'credit one byte at a time, 3000 times: the server sends no more than that, and stays of use to others',
    expected: 'no more than was granted',
    run: async (scene) => {
      const path = largeFile(scene, MiB);
      const client = await scene.enter({ hello: { streamWindow: 8192 } });
      const stream = client.open('download', { path });
      await client.until(() => came(client, stream) >= 8192 - 4608, 'the first window');
      for (let granted = 1; granted <= 3000; granted += 1)
        client.frame('CREDIT', stream, { limit: 8192 + granted });
      await client.alive();
      return came(client, stream) <= 8192 + 3000 ? 'no more than was granted' : `${came(client)} bytes`;
    },
  },
  {
    id: 'credit-endless-unread',
    class: 'credit',
    target: 'server',
    what: 'all the credit there can be, for 200 downloads, and then not reading: the server must not buffer for it',
    expected: 'a newcomer is served',
    growth: 160,
    run: async (scene) => {
      const path = largeFile(scene);
      const client = await scene.enter();
      client.socket.pause();
      client.frame('CREDIT', 0, { limit: Number.MAX_SAFE_INTEGER });
      for (let i = 0; i < 200; i += 1) {
        const stream = client.open('download', { path });
        client.frame('CREDIT', stream, { limit: Number.MAX_SAFE_INTEGER });
      }
      await scene.arena.honest.newcomer();
      await scene.arena.honest.newcomer();
      return 'a newcomer is served';
    },
  },
  {
    id: 'credit-negative',
    class: 'credit',
    target: 'server',
    what: 'a grant of 2^63, a negative number where numbers are signed',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: async (scene) => {
      const client = await scene.enter();
      return client.send(rawFrame(types.CREDIT, 0, field(2, u64(2n ** 63n)))).verdict();
    },
  },
  {
    id: 'credit-shrinking',
    class: 'credit',
    target: 'server',
    what: 'grants that shrink to nothing: a limit that is not higher changes nothing',
    expected: 'RESULT OK',
    run: async (scene) => {
      const client = await scene.enter();
      const stream = client.nextStream();
      client.send(client.opening('download', { path: 'kept/precious.txt' }, stream));
      client.frame('CREDIT', stream, { limit: 0 }).frame('CREDIT', 0, { limit: 0 });
      return client.answer(stream);
    },
  },
  {
    id: 'credit-for-upload',
    class: 'credit',
    target: 'server',
    what: 'credit for a stream on which the server sends nothing',
    expected: 'GOAWAY STATE_VIOLATION',
    run: async (scene) => {
      const client = await scene.enter();
      const stream = client.open('upload', { path: `${scene.folder}/x` });
      return client.frame('CREDIT', stream, { limit: 1_000_000 }).verdict();
    },
  },
  {
    id: 'credit-settings-flood',
    class: 'credit',
    target: 'server',
    what: '100 000 grants that change nothing',
    expected: 'alive',
    run: async (scene) => {
      const client = await scene.enter();
      const grant = rawFrame(types.CREDIT, 0, field(2, u64(1)));
      await client.pour(Buffer.concat(Array.from({ length: 1000 }, () => grant)), 100_000 * grant.length);
      return client.alive();
    },
  },
];
