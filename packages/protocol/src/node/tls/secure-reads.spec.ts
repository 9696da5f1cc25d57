import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slabs } from '../slab-pool.js';
import { Deferred } from '../testing/deferred.js';
import { testKeys } from '../testing/tls-keys.js';
import { acceptTls, secureContext } from './accept.js';
import { readSecure } from './secure-reads.js';
import { ALPN } from './settings.js';

let server: Server;

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  server.close();
});

/** Both ends of a connection whose handshake is done; the accepted one has not been read. */
async function connection() {
  const accepting = once(server, 'connection').then(([socket]: Socket[]) =>
    acceptTls(socket as Socket, secureContext(testKeys.own)),
  );
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, ALPNProtocols: [ALPN], rejectUnauthorized: false });
  const [accepted] = await Promise.all([accepting, once(client, 'secureConnect')]);
  return { client, accepted };
}

describe('reading an accepted TLS socket', () => {
  it('tells all bytes in order, up to the end, in whatever pieces they are written', async () => {
    const writes = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(2048, 16_383, 16_384, 16_385, 600_000)),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(writes, fc.boolean(), fc.boolean(), async (sizes, mayFillSlabs, early) => {
        const { client, accepted } = await connection();
        const sent = Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i + 1)));
        const got: Buffer[] = [];
        // Views are good for the call only.
        const onRead = (bytes: Uint8Array): void => void got.push(Buffer.from(bytes));
        const ended = once(accepted, 'end');
        // What comes before it is read waits in the socket, as that of a client that is quick to say hello.
        if (early) {
          const readable = once(accepted, 'readable');
          client.write(sent.subarray(0, 1));
          await readable;
          got.push(accepted.read() as Buffer);
        }
        readSecure(accepted, onRead, { mayFillSlabs: () => mayFillSlabs });
        accepted.resume();
        accepted.read(0);
        let at = early ? 1 : 0;
        for (const size of sizes) {
          client.write(sent.subarray(at, at + size));
          at = Math.min(sent.length, at + size);
        }
        client.end();
        await ended;
        expect(Buffer.concat(got).equals(sent)).toBe(true);
        accepted.end();
        for (const end of [client, accepted]) if (!end.destroyed) await once(end, 'close');
      }),
      { numRuns: 30 },
    );
    expect(slabs.out).toBe(0);
  });

  it('puts the records of one payload together, where the other end has earned a slab', async () => {
    const { client, accepted } = await connection();
    const size = 512 * 1024;
    const got: number[] = [];
    const all = new Deferred();
    let total = 0;
    // Everything is one payload.
    const missing = ({ length }: Uint8Array): number => 8 * size - total - length;
    readSecure(
      accepted,
      ({ length }) => {
        got.push(length);
        total += length;
        if (total === 8 * size) all.resolve();
      },
      { mayFillSlabs: () => true, missing },
    );
    accepted.resume();
    accepted.read(0);
    for (let i = 0; i < 8; i += 1) client.write(Buffer.alloc(size));
    await all.promise;
    expect(Math.max(...got)).toBeGreaterThan(16 * 1024);
    client.destroy();
    accepted.destroy();
  });

  it('reads by events what is no socket as we know it', () => {
    const socket = new EventEmitter();
    const got: number[] = [];
    readSecure(socket as Socket, ({ length }) => void got.push(length), { mayFillSlabs: () => false });
    socket.emit('data', Buffer.alloc(3));
    expect(got).toEqual([3]);
  });
});
