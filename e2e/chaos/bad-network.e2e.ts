import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanUp } from '../harness/clean-up.js';
import { listen } from '../harness/raw-peer.js';
import { pseudoRandomBytes } from '../harness/tree.js';
import { BadNetwork } from './bad-network.js';
import type { LineFault } from './line-fault.js';
import { Random } from './random.js';

/** One end of a connection, and all that comes to it. */
class End {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  error: NodeJS.ErrnoException | undefined;
  readonly ended: Promise<unknown>;
  readonly closed: Promise<unknown>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on('error', (error) => {
      this.error = error;
    });
    this.ended = once(socket, 'end').catch(() => undefined);
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** All that has come, as soon as that is so many bytes. */
  async has(count: number): Promise<Buffer> {
    while (this.bytes.length < count) await once(this.socket, 'data');
    return this.bytes;
  }
}

interface Peers {
  readonly network: BadNetwork;
  /** A new connection through the network, seen from both ends. */
  meet(): Promise<{ client: End; server: End }>;
}

async function somebodyTo(): Promise<{ port: number; next: () => Promise<End> }> {
  const came: End[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    came.push(new End(socket));
    server.emit('came');
  });
  await listen(server);
  cleanUp(() => {
    for (const { socket } of came) socket.destroy();
    server.close();
  });
  const next = async (): Promise<End> => {
    while (came.length === 0) await once(server, 'came');
    return came.shift() as End;
  };
  return { port: (server.address() as AddressInfo).port, next };
}

async function peers(faults: readonly LineFault[] = []): Promise<Peers> {
  const other = await somebodyTo();
  const network = await BadNetwork.start({
    upstream: other.port,
    faults: () => faults,
    random: new Random('peers'),
  });
  cleanUp(() => network.close());
  const meet = async (): Promise<{ client: End; server: End }> => {
    const client = new End(dial({ port: network.port, host: '127.0.0.1', allowHalfOpen: true }));
    cleanUp(() => {
      client.socket.destroy();
    });
    return { client, server: await other.next() };
  };
  return { network, meet };
}

const some = pseudoRandomBytes(300_000, 1);

test('without a fault every byte and the ends of both directions arrive, and are counted', async () => {
  const { network, meet } = await peers();
  const { client, server } = await meet();
  client.socket.end(some);
  await server.ended;
  server.socket.end('answer');
  await client.ended;
  expect(server.bytes.equals(some)).toBe(true);
  expect(client.bytes.toString()).toBe('answer');
  expect(network.bytes).toEqual({ up: some.length, down: 6 });
  expect(network.connections).toBe(1);
  expect([...network.injected]).toEqual([]);
});

test('delayed and slowed, in whatever pieces, all arrives in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5000), { minLength: 1, maxLength: 12 }), async (sizes) => {
      const { network, meet } = await peers([
        { kind: 'delay', least: 0, most: 20 },
        { kind: 'rate', bytesPerSecond: 4_000_000 },
      ]);
      const { client, server } = await meet();
      const pieces = sizes.map((size, i) => pseudoRandomBytes(size, i));
      for (const piece of pieces) client.socket.write(piece);
      client.socket.end();
      await server.ended;
      expect(server.bytes.equals(Buffer.concat(pieces))).toBe(true);
      expect(Object.fromEntries(network.injected)).toEqual({ delay: 1, rate: 1 });
    }),
    { numRuns: 10 },
  );
});

test('a delay holds in both directions', async () => {
  const { meet } = await peers([{ kind: 'delay', least: 60, most: 80 }]);
  const { client, server } = await meet();
  const begin = performance.now();
  client.socket.write('there');
  await server.has(5);
  server.socket.write('back');
  await client.has(4);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(119);
});

test('a rate holds', async () => {
  const { meet } = await peers([{ kind: 'rate', bytesPerSecond: 1_000_000 }]);
  const { client, server } = await meet();
  const begin = performance.now();
  client.socket.write(some);
  await server.has(some.length);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(299);
});

test('a stall passes nothing on and closes nothing; afterwards all is there', async () => {
  const { network, meet } = await peers([
    { kind: 'stall', after: { direction: 'up', bytes: 1 }, milliseconds: 150 },
  ]);
  const { client, server } = await meet();
  const begin = performance.now();
  client.socket.write(some);
  await server.has(some.length);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(149);
  expect(server.bytes.equals(some)).toBe(true);
  expect(client.socket.destroyed).toBe(false);
  expect([...network.injected]).toEqual([['stall', 1]]);
});

test('held by hand, nothing comes until it is released', async () => {
  const { network, meet } = await peers();
  const { client, server } = await meet();
  client.socket.write('one');
  await server.has(3);
  network.hold();
  client.socket.write('two');
  const other = dial({ port: network.port, host: '127.0.0.1' });
  cleanUp(() => {
    other.destroy();
  });
  // It goes round the event loop of this process, which the network is in as well.
  await once(other, 'connect');
  expect(server.bytes.toString()).toBe('one');
  network.release();
  expect((await server.has(6)).toString()).toBe('onetwo');
});

test('a reset ends both sides at once', async () => {
  const { network, meet } = await peers([{ kind: 'reset', after: { direction: 'up', bytes: 10_000 } }]);
  const { client, server } = await meet();
  client.socket.write(some);
  await Promise.all([client.closed, server.closed]);
  expect(client.error?.code).toMatch(/ECONNRESET|EPIPE/);
  expect(server.error?.code).toBe('ECONNRESET');
  expect([...network.injected]).toEqual([['reset', 1]]);
});

test('an end is a FIN to both sides', async () => {
  const { meet } = await peers([{ kind: 'end', after: { milliseconds: 20 } }]);
  const { client, server } = await meet();
  await Promise.all([client.ended, server.ended]);
  expect([client.error, server.error]).toEqual([undefined, undefined]);
});

test('truncated: so many bytes arrive, and not one more', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: some.length }), async (bytes) => {
      const { network, meet } = await peers([{ kind: 'truncate', after: { direction: 'up', bytes } }]);
      const { client, server } = await meet();
      client.socket.write(some);
      await Promise.all([server.ended, client.closed]);
      expect(server.bytes.equals(some.subarray(0, bytes))).toBe(true);
      expect([...network.injected]).toEqual([['truncate', 1]]);
    }),
    { numRuns: 10 },
  );
});

test('truncated on the way to the client', async () => {
  const { meet } = await peers([{ kind: 'truncate', after: { direction: 'down', bytes: 70_001 } }]);
  const { client, server } = await meet();
  server.socket.write(some);
  await client.ended;
  expect(client.bytes.equals(some.subarray(0, 70_001))).toBe(true);
});

test('half-open: the client is cut off, the server keeps a dead connection while the client comes again', async () => {
  const { meet } = await peers([{ kind: 'half-open', after: { direction: 'up', bytes: 5 } }]);
  const { client, server } = await meet();
  client.socket.write('first');
  await client.closed;
  const again = await meet();
  again.client.socket.write('more');
  await again.server.has(4);
  server.socket.write('does anybody hear me');
  expect(server.socket.destroyed).toBe(false);
  expect(server.socket.readableEnded).toBe(false);
});

test('the port stays when another server takes over, and when there is none', async () => {
  const { network, meet } = await peers();
  const { client, server } = await meet();
  client.socket.write('to the first');
  await server.has(12);
  const { port } = network;
  const second = await somebodyTo();
  network.upstream = second.port;
  network.cut('reset');
  await client.closed;
  const later = new End(dial(network.port, '127.0.0.1'));
  later.socket.write('to the second');
  expect((await (await second.next()).has(13)).toString()).toBe('to the second');
  later.socket.destroy();
  network.upstream = 1;
  const refused = new End(dial(network.port, '127.0.0.1'));
  await refused.closed;
  expect(refused.bytes.length).toBe(0);
  expect(network.port).toBe(port);
});

test('who waits for bytes or connections is told', async () => {
  const { network, meet } = await peers();
  const passed = Promise.all([network.passed('up', 4), network.passed('down', 2), network.connected(1)]);
  const { client, server } = await meet();
  client.socket.write('1234');
  server.socket.write('12');
  await passed;
  await network.passed('up', 3);
});

test('equal seeds draw the same, and within their bounds', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: -50, max: 50 }), fc.nat(1000), (seed, least, span) => {
      const [one, two] = [new Random(seed, 'x'), new Random(seed, 'x')];
      for (let i = 0; i < 20; i += 1) {
        const drawn = one.between(least, least + span);
        expect(drawn).toBe(two.between(least, least + span));
        expect(drawn).toBeGreaterThanOrEqual(least);
        expect(drawn).toBeLessThanOrEqual(least + span);
      }
    }),
  );
});
