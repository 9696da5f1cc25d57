import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codes } from '../../codes.js';
import { BLOCK_SIZE, TreeDigest } from '../../wire/digest.js';
import { connect } from '../connect.js';
import { sha256Provider } from '../digests.js';
import { Cable } from '../testing/cable.js';
import { failureOf, turns } from '../testing/deferred.js';
import { breaches } from '../testing/memory-handler.js';
import { hostileServer } from '../testing/raw-peer.js';
import { content, Rig } from '../testing/rig.js';
import type { Session } from '../types.js';

const operationId = 'ab'.repeat(16);
// More than any window: nothing is sent whole before the cut.
const file = content(10 * BLOCK_SIZE + 777);

/** A session over a cable that is cut after so many bytes. */
async function over(rig: Rig, direction: 'up' | 'down', bytes = Number.POSITIVE_INFINITY): Promise<Session> {
  const cable = await Cable.start(rig.port);
  const session = await connect(cable.url);
  cable.cutAfter(direction, bytes);
  onTestFinished(() => session.destroy());
  return session;
}

function leavesOf(bytes: Uint8Array): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  const tree = new TreeDigest(sha256Provider.create, (leaf) => leaves.push(Buffer.from(leaf)));
  tree.update(bytes);
  return leaves;
}

describe('an upload that was cut', () => {
  it.each(['a file', 'bytes in memory'])('goes on with the same id, from %s', async (what) => {
    const rig = await Rig.start();
    const folder = await mkdtemp(join(tmpdir(), 'filex-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'source');
    await writeFile(path, file);
    const source = what === 'a file' ? path : file;
    const first = await over(rig, 'up', 2.5 * BLOCK_SIZE);
    expect(await failureOf(first.upload(source, 'x', { operationId }))).toMatchObject({
      code: 'CONNECTION_LOST',
      effect: 'none',
    });
    await rig.event('operation');
    const before = rig.handler.written;
    expect(before).toBeGreaterThan(BLOCK_SIZE);
    const seen: number[] = [];
    const again = await rig.connect();
    const result = await again.upload(source, 'x', {
      operationId,
      earlierAttempts: 1,
      onProgress: ({ transferred }) => void seen.push(transferred),
    });
    expect(result).toMatchObject({ outcome: 'created', size: file.length });
    expect(rig.handler.files.get('x')?.content.equals(file)).toBe(true);
    expect(rig.handler.written - before).toBeLessThan(file.length - BLOCK_SIZE + 1);
    expect(seen[0]).toBeGreaterThan(BLOCK_SIZE);
    expect(breaches(rig.handler.told)).toEqual([]);
  });

  it('is told what became of it when only the answer was lost', async () => {
    const rig = await Rig.start();
    rig.handler.before = async (step) => {
      if (step === 'commit') cable.cut();
      await turns(3);
    };
    const cable = await Cable.start(rig.port);
    const first = await connect(cable.url);
    onTestFinished(() => first.destroy());
    expect(await failureOf(first.upload(file, 'x', { operationId }))).toMatchObject({
      code: 'CONNECTION_LOST',
      effect: 'unknown',
    });
    await rig.event('operation');
    rig.handler.before = undefined;
    const { written } = rig.handler;
    const again = await rig.connect();
    expect(await again.upload(file, 'x', { operationId, earlierAttempts: 1 })).toMatchObject({
      outcome: 'created',
      path: 'x',
    });
    expect(rig.handler.written).toBe(written);
    expect(rig.handler.told).toHaveLength(1);
  });

  it('is given up when the source is another one by now', async () => {
    const rig = await Rig.start();
    const first = await over(rig, 'up', 2.5 * BLOCK_SIZE);
    await failureOf(first.upload(file, 'x', { operationId }));
    await rig.event('operation');
    const other = content(file.length, 5);
    const again = await rig.connect();
    expect(await failureOf(again.upload(other, 'x', { operationId, earlierAttempts: 1 }))).toMatchObject({
      code: 'SOURCE_CHANGED',
    });
    await rig.handler.until('abort!');
    expect(rig.handler.files.size).toBe(0);
  });

  it('is not said to have had no effect by a server that does not remember it', async () => {
    const rig = await Rig.start();
    rig.handler.put('x', content(5));
    const session = await rig.connect();
    const attempt = (earlierAttempts: number): Promise<unknown> =>
      failureOf(session.upload(file, 'x', { operationId: operationId.replace('a', 'c'), earlierAttempts }));
    expect(await attempt(5)).toMatchObject({ code: 'ALREADY_EXISTS', effect: 'unknown' });
    expect(await failureOf(session.upload(file, 'x'))).toMatchObject({ effect: 'none' });
  });

  it('has an id of 32 hexadecimal digits', async () => {
    const rig = await Rig.start();
    const session = await rig.connect();
    expect(await failureOf(session.upload(file, 'x', { operationId: 'me' }))).toMatchObject({
      code: 'UNSUPPORTED',
    });
  });
});

describe('a download that goes on', () => {
  const sink = () => {
    const parts: Buffer[] = [];
    let from = -1;
    return {
      parts,
      from: () => from,
      open: async (_entry: unknown, offset: number) => {
        from = offset;
      },
      write: (bytes: Uint8Array) => void parts.push(Buffer.from(bytes)),
    };
  };

  it('gets the rest, verified with what is there', async () => {
    const rig = await Rig.start();
    rig.handler.put('x', file);
    const session = await rig.connect();
    const into = sink();
    const leaves = leavesOf(file.subarray(0, 2 * BLOCK_SIZE));
    const result = await session.download('x', into, { leaves });
    expect(into.from()).toBe(2 * BLOCK_SIZE);
    expect(Buffer.concat(into.parts).equals(file.subarray(2 * BLOCK_SIZE))).toBe(true);
    expect(result.size).toBe(file.length);
    expect((await rig.event('operation')).bytes).toBe(file.length - 2 * BLOCK_SIZE);
  });

  it.each([
    ['has changed', content(file.length, 3)],
    ['is shorter now', file.subarray(0, BLOCK_SIZE)],
  ])('starts again when the file %s', async (_, now) => {
    const rig = await Rig.start();
    rig.handler.put('x', now);
    const session = await rig.connect();
    const into = sink();
    await session.download('x', into, { leaves: leavesOf(file.subarray(0, 2 * BLOCK_SIZE)) });
    expect(into.from()).toBe(0);
    expect(Buffer.concat(into.parts).equals(now)).toBe(true);
  });

  it('goes to a sink only', async () => {
    const rig = await Rig.start();
    rig.handler.put('x', file);
    const session = await rig.connect();
    expect(await failureOf(session.download('x', '/nowhere/x', { leaves: [] }))).toMatchObject({
      code: 'UNSUPPORTED',
    });
  });
});

describe('a server that goes away', () => {
  it('has had no effect on what it says it never saw', async () => {
    const { url } = await hostileServer(async (peer) => {
      await peer.next('OPEN');
      await peer.next('OPEN');
      peer.say('GOAWAY', 0, { code: codes.OK.number, lastStream: 1 });
      peer.socket.end();
    });
    const session = await connect(url);
    onTestFinished(() => session.destroy());
    const [seen, unseen] = await Promise.all([
      failureOf(session.makeDirectory('a')),
      failureOf(session.makeDirectory('b')),
    ]);
    expect(seen).toMatchObject({ code: 'CONNECTION_LOST', effect: 'unknown' });
    expect(unseen).toMatchObject({ code: 'CONNECTION_LOST', effect: 'none' });
  });
});
