import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import { type Frame, told, treeDigest } from '../harness/wire.js';

const MiB = 1024 * 1024;
const file = Buffer.alloc(2 * MiB + 5, 0x2a);
const piece = 64 * 1024;
/** Milliseconds between two bytes of an upload that waits for what was sent to be durable. */
const DRIP = 100;

/** Sends as much of the file as is wanted, as credit allows. */
async function sendPart(client: HostileClient, stream: number, from: number, to: number): Promise<void> {
  const limits = { stream: 262_144, connection: 262_144 };
  let sent = 0;
  const look = (): void => {
    for (const each of client.kept) {
      if (each.name !== 'CREDIT') continue;
      const limit = each.number('limit');
      if (each.stream === 0) limits.connection = Math.max(limits.connection, limit);
      if (each.stream === stream) limits.stream = Math.max(limits.stream, limit);
    }
  };
  for (let at = from; at < to; ) {
    await client.until(() => {
      look();
      return client.ended || Math.min(limits.stream, limits.connection) > sent;
    }, 'credit');
    const room = Math.min(limits.stream, limits.connection) - sent;
    const bytes = file.subarray(at, Math.min(to, at + Math.min(piece, room)));
    client.data(stream, bytes);
    at += bytes.length;
    sent += bytes.length;
    if (client.ended) return;
  }
}

/** Begins an upload, and has the line cut when so many bytes are durable. */
async function cutUpload(
  client: HostileClient,
  path: string,
  operationId: Buffer,
  bytes = MiB + 70_000,
): Promise<void> {
  const stream = client.open('upload', { path, operationId, size: file.length, algorithm: 1 });
  await sendPart(client, stream, 0, bytes);
  // What is durable is told now and then while more comes.
  let at = bytes;
  const drip = setInterval(() => {
    client.data(stream, file.subarray(at, at + 1));
    at += 1;
  }, DRIP);
  try {
    await client.until(
      () => client.kept.some((each) => each.name === 'ACK' && each.number('offset') >= MiB),
      'an ACK of a block',
    );
  } finally {
    clearInterval(drip);
  }
  client.socket.resetAndDestroy();
}

const resumption = (path: string, operationId: Buffer) => ({
  path,
  operationId,
  size: file.length,
  offset: file.length,
  algorithm: 1,
});

/** The ACCEPT of an upload that is to go on, or what was answered instead. */
async function accepted(client: HostileClient, stream: number): Promise<Frame | string> {
  const answer = await client.any(['ACCEPT', 'RESULT', 'RESET', 'GOAWAY'], stream);
  return typeof answer === 'string' || answer.name === 'ACCEPT' ? answer : told(answer);
}

const offsetOf = (answer: Frame | string): string =>
  typeof answer === 'string' ? answer : `ACCEPT at ${answer.number('offset')}`;

export const resuming: readonly Attack[] = [
  {
    id: 'resume-stolen-id',
    class: 'resuming',
    target: 'server',
    what: "somebody else's operation id: another principal learns nothing of that upload, and takes nothing of it over",
    expected: 'ACCEPT at 0, and its owner goes on at 1048576',
    run: async (scene) => {
      const id = randomBytes(16);
      const path = `${scene.folder}/x`;
      await cutUpload(await scene.enter({ user: 'writer' }), path, id);
      const thief = await scene.enter({ user: 'other' });
      const stolen = offsetOf(await accepted(thief, thief.open('upload', resumption(path, id))));
      const owner = await scene.enter({ user: 'writer' });
      const own = await accepted(owner, owner.open('upload', resumption(path, id)));
      return `${stolen}, and its owner goes on at ${typeof own === 'string' ? own : own.number('offset')}`;
    },
  },
  {
    id: 'resume-old-writer',
    class: 'resuming',
    target: 'server',
    what: 'the older of two writers of one operation goes on all the same: it is told, and not one byte of it is stored',
    expected: 'RESULT SUPERSEDED, the file of the newer one',
    slice: true,
    run: async (scene) => {
      const id = randomBytes(16);
      const path = `${scene.folder}/x`;
      const old = await scene.enter({ user: 'writer' });
      const first = old.open('upload', { path, operationId: id });
      old.data(first, Buffer.from('old '));
      await old.alive();
      const newer = await scene.enter({ user: 'writer' });
      const second = newer.open('upload', { path, operationId: id });
      newer.data(second, Buffer.from('new'));
      await newer.alive();
      old.data(first, Buffer.from('bytes')).end(first, Buffer.from('old bytes'));
      const told = await old.answer(first);
      newer.end(second, Buffer.from('new'));
      await newer.answer(second);
      const stored = readFileSync(join(scene.disk, 'x'), 'utf8');
      rmSync(join(scene.disk, 'x'));
      return `${told}, ${stored === 'new' ? 'the file of the newer one' : stored}`;
    },
  },
  {
    id: 'resume-other-arguments',
    class: 'resuming',
    target: 'server',
    what: 'an operation id again, for another path',
    expected: 'RESULT OPERATION_MISMATCH',
    run: async (scene) => {
      const id = randomBytes(16);
      await cutUpload(await scene.enter({ user: 'writer' }), `${scene.folder}/x`, id);
      const client = await scene.enter({ user: 'writer' });
      return client.answer(client.open('upload', resumption(`${scene.folder}/y`, id)));
    },
  },
  {
    id: 'resume-tombstone-other-bytes',
    class: 'resuming',
    target: 'server',
    what: 'a retry of what was committed, with other bytes: they are not stored',
    expected: 'RESULT OPERATION_MISMATCH, the file of the first',
    run: async (scene) => {
      const values = { path: `${scene.folder}/x`, operationId: randomBytes(16) };
      const client = await scene.enter({ user: 'writer' });
      const first = client.open('upload', values);
      client.data(first, Buffer.from('first')).end(first, Buffer.from('first'));
      await client.answer(first);
      const second = client.open('upload', values);
      client.data(second, Buffer.from('other')).end(second, Buffer.from('other'));
      const answer = await client.answer(second);
      const stored = readFileSync(join(scene.disk, 'x'), 'utf8');
      rmSync(join(scene.disk, 'x'));
      return `${answer}, ${stored === 'first' ? 'the file of the first' : stored}`;
    },
  },
  {
    id: 'resume-source-changed',
    class: 'resuming',
    target: 'server',
    what: 'an upload that goes on with another file behind the kept prefix: the digest of the whole tells',
    expected: 'RESULT DIGEST_MISMATCH',
    run: async (scene) => {
      const id = randomBytes(16);
      const path = `${scene.folder}/x`;
      await cutUpload(await scene.enter({ user: 'writer' }), path, id);
      const client = await scene.enter({ user: 'writer' });
      const stream = client.open('upload', resumption(path, id));
      const accept = await accepted(client, stream);
      if (typeof accept === 'string') return accept;
      await sendPart(client, stream, accept.number('offset'), file.length);
      const other = Buffer.alloc(file.length, 0x2b);
      client.frame('END', stream, { length: file.length, digest: treeDigest(other) });
      return client.answer(stream);
    },
  },
  {
    id: 'resume-prefix-lie',
    class: 'resuming',
    target: 'server',
    what: "a download that goes on behind a prefix that is not the file's: it begins at 0, lest the two be mixed",
    expected: 'ACCEPT at 0',
    run: async (scene) => {
      writeFileSync(join(scene.disk, 'x'), file);
      scene.onEnd(() => rmSync(join(scene.disk, 'x')));
      const client = await scene.enter();
      const prefix = treeDigest(Buffer.alloc(MiB, 1));
      const stream = client.open('download', { path: `${scene.folder}/x`, offset: MiB, prefix });
      return offsetOf(await accepted(client, stream));
    },
  },
  {
    id: 'resume-guessed',
    class: 'resuming',
    target: 'server',
    what: '800 operation ids at random, with a wrong claim of what was sent',
    expected: 'ACCEPT at 0',
    run: async (scene) => {
      const client = await scene.enter({ user: 'writer' });
      const answers = new Set<string>();
      for (let i = 0; i < 800; i += 100) {
        const streams = Array.from({ length: 100 }, () =>
          client.open('upload', resumption(`${scene.folder}/x`, randomBytes(16))),
        );
        for (const stream of streams) answers.add(offsetOf(await accepted(client, stream)));
        for (const stream of streams) client.frame('RESET', stream, { code: 0x20, finalOffset: 0 });
        await Promise.all(streams.map((stream) => client.answer(stream)));
      }
      return [...answers].join(', ');
    },
  },
  {
    id: 'resume-suspended-flood',
    class: 'resuming',
    target: 'server',
    what: "600 suspended uploads by one user: another user's is kept all the same, and memory and disk stay bounded",
    expected: 'ACCEPT at 1048576',
    duration: 30_000,
    run: async (scene) => {
      const id = randomBytes(16);
      const path = `${scene.folder}/mine`;
      await cutUpload(await scene.enter({ user: 'other' }), path, id);
      for (let i = 0; i < 3; i += 1) {
        const client = await scene.enter({ user: 'writer' });
        for (let j = 0; j < 200; j += 1)
          client.data(client.open('upload', { path: `${scene.folder}/${i}-${j}` }), Buffer.alloc(1000));
        await client.alive();
        client.socket.resetAndDestroy();
      }
      const other = await scene.enter({ user: 'other' });
      return offsetOf(await accepted(other, other.open('upload', resumption(path, id))));
    },
  },
];
