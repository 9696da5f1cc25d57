import { describe, expect, it } from 'vitest';
import { codes } from '../../codes.js';
import { FilexError } from '../../errors.js';
import { dataFrame, messageFrame } from '../../testing/frames.js';
import { op } from '../../testing/peer.js';
import { BLOCK_SIZE, TreeDigest } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { sha256Provider } from '../digests.js';
import { Gate, turns } from '../testing/deferred.js';
import { breaches } from '../testing/memory-handler.js';
import { RawPeer } from '../testing/raw-peer.js';
import { content, Rig, type RigOptions } from '../testing/rig.js';
import { resolveServerLimits, serverLimitTable } from './server-limits.js';
import { type Found, UploadRegistry } from './upload-registry.js';

const file = content(2 * BLOCK_SIZE + 100);
const small = content(50, 2);

function digestOf(data: Uint8Array): Uint8Array {
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(data);
  return tree.digest();
}

const open = (more: Partial<Messages['OPEN']> = {}): Uint8Array =>
  messageFrame('OPEN', 1, {
    operation: op.upload,
    operationId: new Uint8Array(16).fill(9),
    path: 'a',
    size: file.length,
    ...more,
  });

/** The whole of a small file. */
const wholeSmall = (digest = digestOf(small)): Uint8Array[] => [
  open({ size: small.length }),
  dataFrame(1, small),
  messageFrame('END', 1, { length: small.length, digest }),
];

/** Sends a part of the file, under credit. */
async function send(peer: RawPeer, bytes: Uint8Array): Promise<void> {
  let limit = 256 * 1024;
  for (let at = 0; at < bytes.length; ) {
    while (at >= limit) {
      const credit = await peer.next('CREDIT');
      if (credit.stream === 1) limit = Math.max(limit, credit['limit'] as number);
    }
    const part = bytes.subarray(at, Math.min(at + 16_384, limit));
    peer.send(dataFrame(1, part));
    at += part.length;
  }
}

const finish = (peer: RawPeer): void => {
  peer.say('END', 1, { length: file.length, digest: digestOf(file) });
};

/** A server that has `count` bytes of the file, from a client that is gone. */
async function suspended(count: number, options: RigOptions = {}): Promise<Rig> {
  const rig = await Rig.start(options);
  const peer = await RawPeer.client(rig.port);
  peer.send(open());
  expect(await peer.next('ACCEPT')).toMatchObject({ offset: 0 });
  await send(peer, file.subarray(0, count));
  peer.say('PING', 0, { token: 1 });
  await peer.next('PONG');
  while (rig.handler.written < count) await turns();
  peer.socket.destroy();
  await rig.event('operation');
  return rig;
}

describe('an upload whose connection was lost', () => {
  it('goes on at the last block that is there, and proves what it has', async () => {
    const rig = await suspended(BLOCK_SIZE + 5000);
    expect(rig.events.at(-1)).toMatchObject({ code: 'CONNECTION_LOST' });
    const peer = await RawPeer.client(rig.port);
    peer.send(open({ offset: file.length }));
    const accept = await peer.next('ACCEPT');
    expect(accept).toMatchObject({ offset: BLOCK_SIZE, epoch: 2 });
    expect(accept['prefix']).toEqual(new Uint8Array(digestOf(file.subarray(0, BLOCK_SIZE))));
    await send(peer, file.subarray(BLOCK_SIZE));
    finish(peer);
    expect(await peer.next('RESULT')).toMatchObject({ status: 0, effect: 'applied', outcome: 'created' });
    expect(rig.handler.files.get('a')?.content.equals(file)).toBe(true);
    expect(rig.handler.told).toHaveLength(1);
    expect(breaches(rig.handler.told)).toEqual([]);
  });

  it('goes on more than once', async () => {
    const rig = await suspended(BLOCK_SIZE + 5000);
    for (const epoch of [2, 3]) {
      const peer = await RawPeer.client(rig.port);
      peer.send(open({ offset: file.length }));
      expect(await peer.next('ACCEPT')).toMatchObject({ offset: BLOCK_SIZE, epoch });
      if (epoch === 3) {
        await send(peer, file.subarray(BLOCK_SIZE));
        finish(peer);
        expect(await peer.next('RESULT')).toMatchObject({ status: 0 });
      }
      peer.socket.destroy();
    }
    expect(rig.handler.files.get('a')?.content.equals(file)).toBe(true);
  });

  it('starts again when it is not asked to go on', async () => {
    const rig = await suspended(BLOCK_SIZE);
    const peer = await RawPeer.client(rig.port);
    peer.send(open());
    expect(await peer.next('ACCEPT')).toMatchObject({ offset: 0, epoch: 2 });
    expect(rig.handler.told[0]).toMatchObject({ calls: expect.arrayContaining(['abort!']) });
    await send(peer, file);
    finish(peer);
    expect(await peer.next('RESULT')).toMatchObject({ status: 0 });
    expect(breaches(rig.handler.told)).toEqual([]);
  });

  it('is not kept when less than a block of it is there', async () => {
    const rig = await suspended(BLOCK_SIZE - 1);
    expect(rig.handler.told[0]?.calls.at(-1)).toBe('abort!');
  });

  it('is not kept by a server that keeps nothing, which says so', async () => {
    const rig = await suspended(BLOCK_SIZE, { server: { serverLimits: { resumeTimeout: 0 } } });
    expect(rig.handler.told[0]?.calls.at(-1)).toBe('abort!');
    const peer = await RawPeer.client(rig.port);
    peer.send(open({ offset: file.length }));
    expect(await peer.next('ACCEPT')).toMatchObject({ offset: 0, epoch: 0 });
  });

  it('is dropped when nobody comes back, when the server ends, and when it is given up', async () => {
    const waiting = await suspended(BLOCK_SIZE, { server: { serverLimits: { resumeTimeout: 1 } } });
    await waiting.handler.until('abort!');
    const ending = await suspended(BLOCK_SIZE);
    expect(ending.handler.told[0]?.calls).not.toContain('abort');
    await ending.server.destroy();
    expect(ending.handler.told[0]?.calls.at(-1)).toBe('abort!');
    const rig = await suspended(BLOCK_SIZE);
    const peer = await RawPeer.client(rig.port);
    peer.send(open({ offset: file.length }));
    await peer.next('ACCEPT');
    peer.say('RESET', 1, { code: codes.SOURCE_CHANGED.number, finalOffset: 0 });
    expect(await peer.next('RESULT')).toMatchObject({ status: codes.CANCELLED.number, effect: 'none' });
    expect(rig.handler.told[0]?.calls.at(-1)).toBe('abort!');
  });

  it('is another one with other arguments', async () => {
    const rig = await suspended(BLOCK_SIZE);
    const peer = await RawPeer.client(rig.port);
    peer.send(open({ path: 'b', offset: file.length }));
    expect(await peer.next('RESULT')).toMatchObject({
      status: codes.OPERATION_MISMATCH.number,
      effect: 'none',
    });
    expect(rig.handler.told).toHaveLength(1);
  });
});

describe('an older stream of an upload', () => {
  it('is superseded, and writes nothing any more', async () => {
    const rig = await Rig.start();
    const old = await RawPeer.client(rig.port);
    old.send(open());
    await old.next('ACCEPT');
    await send(old, file.subarray(0, BLOCK_SIZE));
    while (rig.handler.written < BLOCK_SIZE) await turns();
    const peer = await RawPeer.client(rig.port);
    peer.send(open({ offset: file.length }));
    expect(await peer.next('ACCEPT')).toMatchObject({ offset: BLOCK_SIZE, epoch: 2 });
    expect(await old.next('RESULT')).toMatchObject({
      status: codes.SUPERSEDED.number,
      effect: 'unknown',
    });
    old.send(dataFrame(1, content(1000, 7)));
    old.say('END', 1, { length: BLOCK_SIZE + 1000, digest: digestOf(small) });
    old.say('PING', 0, { token: 1 });
    await old.next('PONG');
    await send(peer, file.subarray(BLOCK_SIZE));
    finish(peer);
    expect(await peer.next('RESULT')).toMatchObject({ status: 0 });
    expect(rig.handler.files.get('a')?.content.equals(file)).toBe(true);
    expect(breaches(rig.handler.told)).toEqual([]);
  });
});

describe('an upload that was committed', () => {
  it('is told again, and not committed again', async () => {
    const rig = await Rig.start();
    const first = await RawPeer.client(rig.port);
    first.send(...wholeSmall());
    const result = await first.next('RESULT');
    expect(result).toMatchObject({ status: 0, outcome: 'created' });
    rig.handler.files.clear(); // somebody has removed it since
    const again = await RawPeer.client(rig.port);
    again.send(...wholeSmall());
    expect(await again.next('ACCEPT')).toMatchObject({ offset: 0, epoch: 2 });
    const { bytes: _, ...told } = result;
    expect(await again.next('RESULT')).toMatchObject(told);
    const asking = await RawPeer.client(rig.port);
    asking.send(open({ size: small.length, offset: small.length }));
    const accept = await asking.next('ACCEPT');
    expect(accept).toMatchObject({ offset: small.length, epoch: 3 });
    expect(accept['prefix']).toEqual(new Uint8Array(digestOf(small)));
    asking.say('END', 1, { length: small.length, digest: digestOf(small) });
    expect(await asking.next('RESULT')).toMatchObject(told);
    expect(rig.handler.files.size).toBe(0);
    expect(rig.handler.told).toHaveLength(1);
  });

  it('is not taken for another content, nor for nothing', async () => {
    const rig = await Rig.start();
    for (const digest of [digestOf(small), digestOf(file)]) {
      const peer = await RawPeer.client(rig.port);
      peer.send(...wholeSmall(digest));
      const wrong = digest.toString() !== digestOf(small).toString();
      expect(await peer.next('RESULT')).toMatchObject(
        wrong ? { status: codes.OPERATION_MISMATCH.number, effect: 'applied' } : { status: 0 },
      );
    }
    const peer = await RawPeer.client(rig.port);
    peer.send(open({ size: small.length }));
    await peer.next('ACCEPT');
    peer.say('RESET', 1, { code: codes.CANCELLED.number, finalOffset: 0 });
    expect(await peer.next('RESULT')).toMatchObject({ status: codes.CANCELLED.number, effect: 'applied' });
  });

  it('is waited for while the commit is under way', async () => {
    const rig = await Rig.start();
    const gate = new Gate();
    rig.handler.before = (step) => (step === 'commit' ? gate.pass() : undefined);
    const first = await RawPeer.client(rig.port);
    first.send(...wholeSmall());
    await gate.reached;
    first.socket.destroy();
    await rig.event('disconnection');
    const again = await RawPeer.client(rig.port);
    again.send(...wholeSmall());
    again.say('PING', 0, { token: 1 });
    await again.next('PONG');
    expect(again.frames.some(({ name }) => name === 'RESULT')).toBe(false);
    gate.open();
    expect(await again.next('RESULT')).toMatchObject({ status: 0, outcome: 'created' });
    expect(rig.handler.told).toHaveLength(1);
  });

  it('is tried anew after it could not be', async () => {
    const rig = await Rig.start();
    rig.handler.before = (step) => {
      if (step === 'commit') throw new FilexError('NO_SPACE', 'full');
    };
    const first = await RawPeer.client(rig.port);
    first.send(...wholeSmall());
    expect(await first.next('RESULT')).toMatchObject({ status: codes.NO_SPACE.number, effect: 'none' });
    rig.handler.before = undefined;
    const again = await RawPeer.client(rig.port);
    again.send(...wholeSmall());
    expect(await again.next('ACCEPT')).toMatchObject({ epoch: 2 });
    expect(await again.next('RESULT')).toMatchObject({ status: 0 });
    expect(breaches(rig.handler.told)).toEqual([]);
  });
});

describe('what is remembered of uploads', () => {
  it('is bounded: the one that was lost first is dropped first', async () => {
    const registry = new UploadRegistry(resolveServerLimits());
    const dropped: number[] = [];
    for (let i = 0; i <= serverLimitTable.maxSuspendedUploads.standard + 1; i += 1) {
      const { upload, rest } = registry.find('anonymous', `${i}`) as Found;
      const { leave } = upload.enter('', 0, () => undefined);
      upload.receiver = {
        write: () => undefined,
        commit: () => Promise.reject(new Error('nobody asked for it')),
        abort: () => void dropped.push(i),
      };
      leave();
      rest();
    }
    expect(dropped).toEqual([0, 1]);
    await registry.close();
    expect(dropped).toHaveLength(serverLimitTable.maxSuspendedUploads.standard + 2);
  });

  it('belongs to a principal', () => {
    const registry = new UploadRegistry(resolveServerLimits());
    const find = (principal: string) => (registry.find(principal, 'id') as Found).upload;
    const upload = find('one');
    upload.enter('', 0, () => undefined);
    expect(find('one')).toBe(upload);
    expect(find('other')).not.toBe(upload);
  });
});
