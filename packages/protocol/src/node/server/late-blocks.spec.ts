import { describe, expect, it } from 'vitest';
import { op } from '../../testing/peer.js';
import { BLOCK_SIZE, TreeDigest } from '../../wire/digest.js';
import { sha256Provider } from '../digests.js';
import { Gate, turns } from '../testing/deferred.js';
import { RawPeer } from '../testing/raw-peer.js';
import { content, Rig } from '../testing/rig.js';
import type { Handler, UploadReceiver } from '../types.js';

const FILE = content(3 * BLOCK_SIZE);
const PIECE = 16 * 1024;

/** Writes down which blocks it is told; the write that completes the first one waits at a gate. */
class Recorder implements UploadReceiver {
  readonly told: number[] = [];
  readonly gate = new Gate();
  /** What the first `blockWritten` does. */
  fails: Error | undefined;
  #length = 0;

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    const end = offset + bytes.length;
    if (end >= BLOCK_SIZE && this.#length < BLOCK_SIZE) await this.gate.pass();
    this.#length = end;
  }

  async sync(): Promise<number> {
    return this.#length;
  }

  async truncate(length: number): Promise<void> {
    this.#length = length;
  }

  async blockWritten(_leaf: Uint8Array, index: number): Promise<void> {
    const failure = this.fails;
    this.fails = undefined;
    if (failure !== undefined) throw failure;
    this.told.push(index);
  }

  async commit(): Promise<{ outcome: 'created'; path: string }> {
    return { outcome: 'created', path: 'a' };
  }

  async abort(): Promise<void> {}
}

async function open(port: number, more: Record<string, unknown> = {}): Promise<RawPeer> {
  const peer = await RawPeer.client(port);
  const operationId = new Uint8Array(16).fill(9);
  peer.say('OPEN', 1, { operation: op.upload, operationId, path: 'a', size: FILE.length, ...more });
  return peer;
}

async function send(peer: RawPeer, bytes: Uint8Array): Promise<void> {
  for (let at = 0, limit = 256 * 1024; at < bytes.length; ) {
    while (at >= limit) {
      const credit = await peer.next('CREDIT');
      if (credit.stream === 1) limit = Math.max(limit, Number(credit.limit));
    }
    const part = bytes.subarray(at, Math.min(at + PIECE, limit));
    peer.data(1, part);
    at += part.length;
  }
}

/** Cuts in while the first block is being completed. @returns where it was told to go on, and which blocks the receiver knows. */
async function supersede(
  fails?: Error,
): Promise<{ readonly offset: number; readonly told: readonly number[] }> {
  const receivers: Recorder[] = [];
  const handler: Pick<Handler, 'upload'> = {
    upload: async () => {
      const receiver = new Recorder();
      if (receivers.length === 0) receiver.fails = fails;
      receivers.push(receiver);
      return receiver;
    },
  };
  const rig = await Rig.start({ server: { handler: handler as Handler } });
  const first = await open(rig.port);
  await first.next('ACCEPT');
  await send(first, FILE.subarray(0, BLOCK_SIZE));
  const [receiver] = receivers as [Recorder];
  await receiver.gate.reached;
  const second = await open(rig.port, { offset: FILE.length });
  // The second stream is taken in before the write ends: its OPEN is a few turns away.
  await turns(20);
  receiver.gate.open();
  const offset = Number((await second.next('ACCEPT')).offset);
  for (const each of receivers) each.gate.open();
  await send(second, FILE.subarray(offset));
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(FILE);
  second.say('END', 1, { length: FILE.length, digest: tree.digest() });
  expect((await second.next('RESULT')).status).toBe(0);
  return { offset, told: (receivers.at(-1) as Recorder).told };
}

describe('a block that was being written when its stream was superseded', () => {
  it('is told all the same, before another stream goes on after it', async () => {
    expect(await supersede()).toEqual({ offset: BLOCK_SIZE, told: [0, 1, 2] });
  });

  it('does not count when it could not be told', async () => {
    const { offset, told } = await supersede(new Error('no room'));
    expect(offset).toBe(0);
    expect(told).toEqual([0, 1, 2]);
  });
});
