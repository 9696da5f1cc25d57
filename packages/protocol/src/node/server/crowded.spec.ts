import { describe, expect, it, onTestFinished } from 'vitest';
import { op } from '../../testing/peer.js';
import { MANY_RECEIVED_SLABS } from '../bounds.js';
import { slabs } from '../slab-pool.js';
import { RawPeer } from '../testing/raw-peer.js';
import { Rig } from '../testing/rig.js';

const KiB = 1024;
const WINDOW = 64 * KiB;
const PIECE = new Uint8Array(16 * KiB);

/** Uploads as much as `total` bytes, as credit allows. @returns the most that the connection was ever promised ahead. */
async function promisedWhileUploading(peer: RawPeer, total: number): Promise<number> {
  peer.say('OPEN', 1, { operation: op.upload, operationId: new Uint8Array(16).fill(1), path: 'a' });
  let [stream, connection, sent, most] = [WINDOW, WINDOW, 0, 0];
  while (sent < total) {
    while (sent < total && Math.min(stream, connection) - sent >= PIECE.length) {
      peer.data(1, PIECE);
      sent += PIECE.length;
    }
    const { stream: of, limit } = await peer.next('CREDIT');
    if (of === 0) connection = Number(limit);
    else stream = Number(limit);
    most = Math.max(most, connection - sent);
  }
  return most;
}

async function server(): Promise<RawPeer> {
  const rig = await Rig.start({
    server: { limits: { initialConnectionWindow: WINDOW, initialStreamWindow: WINDOW } },
  });
  return RawPeer.client(rig.port);
}

describe('the window of a connection', () => {
  it('grows while its reader keeps up', async () => {
    expect(await promisedWhileUploading(await server(), 1024 * KiB)).toBeGreaterThan(4 * WINDOW);
  });

  it('grows whatever the process holds that it sends', async () => {
    const taken = Array.from({ length: MANY_RECEIVED_SLABS }, () => slabs.take('send'));
    onTestFinished(() => {
      for (const slab of taken) slab.release();
    });
    expect(await promisedWhileUploading(await server(), 1024 * KiB)).toBeGreaterThan(4 * WINDOW);
  });

  // The last: growth rests for a while after it.
  it('does not while the process holds much that is not stored yet, and the connection goes on all the same', async () => {
    const taken = Array.from({ length: MANY_RECEIVED_SLABS }, () => slabs.take('receive'));
    onTestFinished(() => {
      for (const slab of taken) slab.release();
    });
    // What its stream holds is granted on top.
    expect(await promisedWhileUploading(await server(), 1024 * KiB)).toBeLessThanOrEqual(2 * WINDOW);
  });
});
