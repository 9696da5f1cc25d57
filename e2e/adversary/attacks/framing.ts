import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import type { Scene } from '../harness/scene.js';
import {
  field,
  header,
  message,
  operations,
  PREFACE,
  rawFrame,
  treeDigest,
  types,
  u16,
  u64,
} from '../harness/wire.js';

/** On an open connection, says `bytes` and tells how the server ends it. */
const says =
  (...bytes: readonly Uint8Array[]) =>
  async (scene: Scene): Promise<string> => {
    const client = await scene.enter();
    return client.send(...bytes).verdict();
  };

/** The same bytes on every kind of transport, however they are cut: the first answer that differs is told. */
async function everyCut(scene: Scene, bytes: Buffer): Promise<string> {
  const answers = new Set<string>();
  for (const tls of [false, true]) {
    for (const size of [1, 3, 7, bytes.length]) {
      const client = await scene.enter({ tls });
      for (let at = 0; at < bytes.length && !client.ended; at += size)
        await client.flush(bytes.subarray(at, at + size));
      answers.add(await client.verdict());
    }
  }
  return [...answers].join(', ');
}

const open = (...fields: readonly (readonly [number, Uint8Array])[]): Buffer =>
  rawFrame(types.OPEN, 1, Buffer.concat(fields.map(([tag, value]) => field(tag, value))));
const id = Buffer.alloc(16, 0x5a);
const stat = Buffer.of(operations.stat);
const upload = Buffer.of(operations.upload);

/** Bytes that a server must not keep: of a frame that is longer than it may be. */
const POURED = 64 * 1024 * 1024;

async function pourBehind(client: HostileClient, head: Buffer): Promise<string> {
  client.send(head);
  await client.pour(Buffer.alloc(256 * 1024), POURED);
  return client.verdict();
}

export const framing: readonly Attack[] = [
  {
    id: 'framing-signed-length',
    class: 'framing',
    target: 'server',
    what: 'a control frame of 0xffffffff bytes, which as a signed number is -1',
    expected: 'GOAWAY FRAME_TOO_LARGE',
    slice: true,
    run: says(header(0xffffffff, types.PING)),
  },
  {
    id: 'framing-signed-minimum',
    class: 'framing',
    target: 'server',
    what: 'a DATA frame of 0x80000000 bytes, the least signed number',
    expected: 'GOAWAY FRAME_TOO_LARGE',
    run: says(header(0x80000000, types.DATA, 1)),
  },
  {
    id: 'framing-limit-after-buffering',
    class: 'framing',
    target: 'server',
    what: 'a control frame one byte too long, and 64 MiB behind its header',
    expected: ['GOAWAY FRAME_TOO_LARGE', 'closed'],
    growth: 48,
    slice: true,
    run: async (scene) => pourBehind(await scene.enter(), header(65_537, types.OPEN, 1)),
  },
  {
    id: 'framing-unknown-after-buffering',
    class: 'framing',
    target: 'server',
    what: 'an ignorable frame of 16 MiB, of which nothing may be kept',
    expected: ['GOAWAY FRAME_TOO_LARGE', 'closed'],
    growth: 48,
    run: async (scene) => pourBehind(await scene.enter(), header(16 * 1024 * 1024, 0xf0)),
  },
  {
    id: 'framing-allocated-by-header',
    class: 'framing',
    target: 'server',
    what: '100 connections that announce the longest DATA frame there may be and send one byte of it',
    expected: 'alive x100',
    growth: 64,
    run: async (scene) => {
      const clients = await Promise.all(Array.from({ length: 100 }, () => scene.enter()));
      for (const client of clients) {
        const stream = client.open('upload', { path: `${scene.folder}/big` });
        client.send(header(262_144, types.DATA, stream), Buffer.of(1));
      }
      // The byte is judged when the next connection is: nothing else tells that it came.
      const other = await scene.enter();
      await other.alive();
      return `alive x${clients.filter((client) => !client.ended).length}`;
    },
  },
  {
    id: 'framing-reused-buffer',
    class: 'framing',
    target: 'server',
    what: 'HELLO, OPEN, DATA and END of many small files in one write, read into one buffer: each keeps its own bytes',
    expected: 'all right',
    slice: true,
    run: async (scene) => {
      const client = await scene.enter();
      const files = Array.from({ length: 40 }, (_, i) => Buffer.alloc(1000 + 37 * i, i + 1));
      const parts: Buffer[] = [];
      const streams = files.map((file, i) => {
        const stream = client.nextStream();
        parts.push(
          client.opening('upload', { path: `${scene.folder}/f${i}` }, stream),
          rawFrame(types.DATA, stream, file),
          rawFrame(types.END, stream, endOf(file)),
        );
        return stream;
      });
      client.send(...parts);
      const answers = await Promise.all(streams.map((stream) => client.answer(stream)));
      const wrong = answers.filter((answer) => answer !== 'RESULT OK');
      for (const [i] of files.entries()) {
        const removal = client.open('remove', { path: `${scene.folder}/f${i}` });
        await client.answer(removal);
      }
      return wrong[0] ?? 'all right';
    },
  },
  {
    id: 'framing-split-reads',
    class: 'framing',
    target: 'server',
    what: 'the same fault cut into reads of 1, 3, 7 and all bytes, plain and TLS: the same answer each time',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    slice: true,
    run: (scene) => everyCut(scene, open([2, stat], [4, id], [6, Buffer.from('a/../b')])),
  },
  {
    id: 'framing-split-header',
    class: 'framing',
    target: 'server',
    what: 'a header that is too long, cut anywhere: judged as soon as its ten bytes are there',
    expected: 'GOAWAY FRAME_TOO_LARGE',
    run: (scene) => everyCut(scene, header(70_000, types.OPEN, 1)),
  },
  {
    id: 'framing-unknown-type',
    class: 'framing',
    target: 'server',
    what: 'a frame of a type that must be understood and is not',
    expected: 'GOAWAY FRAME_UNKNOWN',
    run: says(rawFrame(0x0f, 0, Buffer.alloc(0))),
  },
  {
    id: 'framing-flags',
    class: 'framing',
    target: 'server',
    what: 'a PING with flags that nobody has defined',
    expected: 'GOAWAY FRAME_MALFORMED',
    run: says(rawFrame(types.PING, 0, message('PING', { token: 1 }), 0x80)),
  },
  {
    id: 'framing-empty-data',
    class: 'framing',
    target: 'server',
    what: 'DATA without a byte, which would cost nothing and could go on for ever',
    expected: 'GOAWAY FRAME_MALFORMED',
    run: async (scene) => {
      const client = await scene.enter();
      const stream = client.open('upload', { path: `${scene.folder}/x` });
      return client.send(header(0, types.DATA, stream)).verdict();
    },
  },
  {
    id: 'framing-field-beyond-message',
    class: 'framing',
    target: 'server',
    what: 'an impossible length: a field of 65 535 bytes in a message of thirty',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    slice: true,
    run: says(rawFrame(types.OPEN, 1, Buffer.concat([u16(4), u16(0xffff), Buffer.alloc(26)]))),
  },
  {
    id: 'framing-width',
    class: 'framing',
    target: 'server',
    what: 'a number in fewer bytes than its kind has: there is one way to write it',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: says(rawFrame(types.PING, 0, field(2, Buffer.of(1)))),
  },
  {
    id: 'framing-wide-number',
    class: 'framing',
    target: 'server',
    what: 'a number in more bytes than its kind has, zeros in front',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: says(rawFrame(types.PING, 0, field(2, Buffer.concat([Buffer.alloc(8), u64(1)])))),
  },
  {
    id: 'framing-doubled-field',
    class: 'framing',
    target: 'server',
    what: 'a path twice in one OPEN: one to check, one to use',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    slice: true,
    run: says(open([2, stat], [4, id], [6, Buffer.from('kept')], [6, Buffer.from('outside')])),
  },
  {
    id: 'framing-field-order',
    class: 'framing',
    target: 'server',
    what: 'fields out of order',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: says(open([4, id], [2, stat])),
  },
  {
    id: 'framing-bytes-behind',
    class: 'framing',
    target: 'server',
    what: 'three bytes behind the last field',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: says(rawFrame(types.PING, 0, Buffer.concat([field(2, u64(1)), Buffer.alloc(3)]))),
  },
  {
    id: 'framing-even-field',
    class: 'framing',
    target: 'server',
    what: 'an unknown field that must be understood',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: says(open([2, stat], [4, id], [6, Buffer.from('kept')], [0x7ffe, id])),
  },
  {
    id: 'framing-u64-overflow',
    class: 'framing',
    target: 'server',
    what: 'an upload whose size is 2^64-1, a negative number in many languages',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    slice: true,
    run: says(open([2, upload], [4, id], [6, Buffer.from('play/x')], [10, u64(-1)])),
  },
  {
    id: 'framing-u64-unsafe',
    class: 'framing',
    target: 'server',
    what: 'an upload whose size is 2^53, one more than every language holds exactly',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: says(open([2, upload], [4, id], [6, Buffer.from('play/x')], [10, u64(2n ** 53n)])),
  },
  {
    id: 'framing-utf8',
    class: 'framing',
    target: 'server',
    what: 'a path with an overlong `/` (0xc0 0xaf) that a lax decoder would turn into one',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: says(open([2, stat], [4, id], [6, Buffer.from('..\xc0\xaf..\xc0\xafoutside', 'latin1')])),
  },
  {
    id: 'framing-preface-again',
    class: 'framing',
    target: 'server',
    what: 'the preface a second time, in the middle of an open connection',
    expected: 'GOAWAY FRAME_TOO_LARGE',
    run: says(PREFACE, Buffer.alloc(8)),
  },
];

function endOf(file: Buffer): Buffer {
  return message('END', { length: file.length, digest: treeDigest(file) });
}
