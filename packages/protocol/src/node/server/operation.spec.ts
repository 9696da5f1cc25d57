import { expect, it } from 'vitest';
import { codes } from '../../codes.js';
import { messageFrame } from '../../testing/frames.js';
import { op } from '../../testing/peer.js';
import { sha256Provider } from '../digests.js';
import { RawPeer } from '../testing/raw-peer.js';
import { Rig } from '../testing/rig.js';

// Found by filex-conformance (FX-7.2-6).
it.each(['upload', 'download'] as const)(
  'refuses a digest for an %s that the client has not listed',
  async (operation) => {
    const other = { algorithm: 'blake3', create: sha256Provider.create } as const;
    const rig = await Rig.start({ server: { digests: [other] } });
    rig.handler.files.set('a', { content: Buffer.from('x'), mtime: 0, executable: false } as never);
    const ask = (peer: RawPeer): void =>
      peer.send(
        messageFrame('OPEN', 1, {
          operation: op[operation],
          operationId: new Uint8Array(16),
          path: 'a',
          algorithm: 'blake3',
        }),
      );

    const peer = await RawPeer.client(rig.port, { digests: [1] });
    ask(peer);
    expect(await peer.next('RESULT')).toMatchObject({ status: codes.UNSUPPORTED.number, effect: 'none' });

    const better = await RawPeer.client(rig.port, { digests: [1, 2] });
    ask(better);
    expect(await better.next('ACCEPT')).toMatchObject({ algorithm: 'blake3' });
  },
);
