import * as net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { messageFrame, rawFrame } from '../../testing/frames.js';
import { greasedHello } from '../../testing/peer.js';
import { PREFACE } from '../../wire/preface.js';
import { turns } from '../testing/deferred.js';
import { RawPeer } from '../testing/raw-peer.js';
import { Rig } from '../testing/rig.js';
import { SlabWatch } from '../testing/slab-watch.js';
import { testKeys } from '../testing/tls-keys.js';

const hello = messageFrame('HELLO', 0, greasedHello);
const auth = messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' });
const ignorable = rawFrame(0xf0, 0, new Uint8Array(50_000));

describe.each([
  ['with TLS', { tls: testKeys.own }],
  ['without', {}],
])('a server %s', (_how, server) => {
  it('takes in plaintext whatever comes with the first byte, however much', async () => {
    const rig = await Rig.start({ server });
    for (const parts of [
      [PREFACE, hello, auth],
      [PREFACE, hello, ignorable, ignorable, ignorable, ignorable, auth],
    ]) {
      const peer = await RawPeer.client(rig.port, false);
      peer.send(...parts);
      expect(await peer.next('AUTH')).toMatchObject({ principal: 'anonymous' });
    }
  });

  it('gives who has not logged in no large buffer', async () => {
    const rig = await Rig.start({ server });
    const watch = new SlabWatch();
    const peers = await Promise.all(Array.from({ length: 20 }, () => RawPeer.client(rig.port, false)));
    for (const peer of peers) {
      peer.send(PREFACE, hello, ignorable, ignorable);
      await peer.next('HELLO');
    }
    await turns(20);
    expect(watch.most).toBe(0);
  });

  it('forgets who goes away without a word, and who does so in the middle of TLS', async () => {
    const rig = await Rig.start({ server });
    for (const bytes of [Buffer.alloc(0), Buffer.from([0x16, 3, 1, 2, 0])]) {
      for (const rudely of [false, true]) {
        const socket = net.connect(rig.port, '127.0.0.1');
        onTestFinished(() => void socket.destroy());
        socket.on('error', () => undefined);
        await new Promise<void>((resolve) => socket.once('connect', resolve));
        socket.write(bytes);
        while (rig.server.connections === 0) await turns();
        if (rudely) socket.resetAndDestroy();
        else socket.end();
        socket.resume();
        while (rig.server.connections > 0) await turns();
      }
    }
    await rig.server.shutdown();
  });
});
