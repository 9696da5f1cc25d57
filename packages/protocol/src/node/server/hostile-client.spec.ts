import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Code, codes } from '../../codes.js';
import { FilexError } from '../../errors.js';
import { concat } from '../../testing/bytes.js';
import { dataFrame, messageFrame, rawFrame } from '../../testing/frames.js';
import { greasedHello, op } from '../../testing/peer.js';
import type { Entry } from '../../vocabulary.js';
import { TreeDigest } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { PREFACE } from '../../wire/preface.js';
import { MAX_TURNS, SLAB_PAYLOAD, SMALL_READ_SIZE, SOCKET_HIGH_WATER } from '../bounds.js';
import { sha256Provider } from '../digests.js';
import { slabs } from '../slab-pool.js';
import { failureOf, Gate, turns } from '../testing/deferred.js';
import { breaches } from '../testing/memory-handler.js';
import { RawPeer } from '../testing/raw-peer.js';
import { content, Rig, type RigOptions, startPair } from '../testing/rig.js';
import { SlabWatch } from '../testing/slab-watch.js';

vi.mock('../bounds.js', async (original) => ({
  ...(await original<typeof import('../bounds.js')>()),
  LINGER_TIMEOUT: 50,
}));

const bytes = content(1000);

function digestOf(data: Uint8Array): Uint8Array {
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(data);
  return tree.digest();
}

function open(stream: number, operation: number, more: Partial<Messages['OPEN']> = {}): Uint8Array {
  const operationId = new Uint8Array(16).fill(stream);
  return messageFrame('OPEN', stream, { operation, operationId, path: 'a', ...more });
}

const end = (stream: number, length: number, digest: Uint8Array): Uint8Array =>
  messageFrame('END', stream, { length, digest });

async function hostile(
  options: RigOptions = {},
  hello: Partial<Messages['HELLO']> = {},
): Promise<{ rig: Rig; peer: RawPeer; watch: SlabWatch }> {
  const watch = new SlabWatch();
  const rig = await Rig.start(options);
  return { rig, peer: await RawPeer.client(rig.port, hello), watch };
}

/** Everything is as it should be once the server has no connection left. */
async function settle(rig: Rig, watch: SlabWatch): Promise<void> {
  await rig.server.destroy();
  await watch.allBack();
  expect(breaches(rig.handler.told)).toEqual([]);
  expect(rig.server.connections).toBe(0);
}

describe('a client that breaks the rules', () => {
  const wrongs: [string, Code, readonly Uint8Array[]][] = [
    ['uses an even stream', 'STREAM_LIMIT', [open(2, op.stat)]],
    ['uses a stream twice', 'STREAM_LIMIT', [open(1, op.stat), open(1, op.stat)]],
    ['goes back', 'STREAM_LIMIT', [open(5, op.stat), open(3, op.stat)]],
    ['sends data on no stream', 'STATE_VIOLATION', [dataFrame(1, bytes)]],
    ['sends data where none belongs', 'STATE_VIOLATION', [open(1, op.download), dataFrame(1, bytes)]],
    [
      'answers itself',
      'STATE_VIOLATION',
      [open(1, op.upload), messageFrame('RESULT', 1, { status: 0, effect: 'none' })],
    ],
    [
      'ends twice',
      'STATE_VIOLATION',
      [open(1, op.upload), end(1, 0, digestOf(bytes)), end(1, 0, digestOf(bytes))],
    ],
    [
      'lies about the length',
      'LENGTH_MISMATCH',
      [open(1, op.upload), dataFrame(1, bytes), end(1, 999, digestOf(bytes))],
    ],
    [
      'exceeds its credit',
      'CREDIT_EXCEEDED',
      [open(1, op.upload), ...Array.from({ length: 9 }, () => dataFrame(1, content(65_536)))],
    ],
    [
      'sends a frame that is too large',
      'FRAME_TOO_LARGE',
      [open(1, op.upload), Buffer.from([0xff, 0, 0, 0, 5, 0, 0, 0, 0, 1])],
    ],
    ['sends an empty one', 'FRAME_MALFORMED', [open(1, op.upload), rawFrame(5, 1, new Uint8Array(0))]],
    ['talks nonsense', 'FRAME_UNKNOWN', [open(1, op.upload), rawFrame(0x70, 1, bytes)]],
    [
      'leads out of the folder',
      'MESSAGE_MALFORMED',
      [rawFrame(3, 1, concat([open(1, op.stat, { path: 'xx' }).subarray(10, -2), Buffer.from('..')]))],
    ],
  ];

  it.each(wrongs)('%s is told %s and left, and nothing stays', async (_what, code, parts) => {
    // A handler that is stuck, so that nothing is consumed and nothing answered.
    const { rig, peer, watch } = await hostile();
    const gate = new Gate();
    rig.handler.before = (step) =>
      step === 'write' || step === 'stat' || step === 'download' ? gate.pass() : undefined;
    peer.send(...parts);
    expect(await peer.next('GOAWAY')).toMatchObject({ code: codes[code].number });
    await peer.ended;
    expect(await rig.event('disconnection')).toMatchObject({ error: { code } });
    gate.open();
    await settle(rig, watch);
    expect(rig.handler.files.size).toBe(0);
  });
});

describe('an upload that', () => {
  const wrongs: [string, Code, readonly Uint8Array[]][] = [
    ['is longer than announced', 'LENGTH_MISMATCH', [open(1, op.upload, { size: 999 }), dataFrame(1, bytes)]],
    [
      'is longer than announced and goes on',
      'LENGTH_MISMATCH',
      [
        open(1, op.upload, { size: 999 }),
        dataFrame(1, bytes),
        dataFrame(1, bytes.subarray(0, 5)),
        end(1, 1005, digestOf(bytes)),
      ],
    ],
    [
      'is shorter than announced',
      'LENGTH_MISMATCH',
      [open(1, op.upload, { size: 1001 }), dataFrame(1, bytes), end(1, 1000, digestOf(bytes))],
    ],
    [
      'has another digest',
      'DIGEST_MISMATCH',
      [open(1, op.upload), dataFrame(1, bytes), end(1, 1000, digestOf(content(1000, 2)))],
    ],
    [
      'wants a digest that is not there',
      'UNSUPPORTED',
      [open(1, op.upload, { algorithm: 'blake3' }), dataFrame(1, bytes), end(1, 1000, digestOf(bytes))],
    ],
    [
      'is taken back',
      'CANCELLED',
      [open(1, op.upload), dataFrame(1, bytes), messageFrame('RESET', 1, { code: 0x20, finalOffset: 1000 })],
    ],
  ];

  it.each(wrongs)('%s fails with %s, and is not stored', async (_what, code, parts) => {
    const { rig, peer, watch } = await hostile();
    peer.send(...parts);
    expect(await peer.next('RESULT')).toMatchObject({
      stream: 1,
      status: codes[code].number,
      effect: 'none',
    });
    // The connection is none the worse.
    peer.send(
      open(3, op.upload, { path: 'b', size: 1000 }),
      dataFrame(3, bytes),
      end(3, 1000, digestOf(bytes)),
    );
    expect(await peer.next('RESULT')).toMatchObject({ stream: 3, status: 0, effect: 'applied' });
    expect([...rig.handler.files.keys()]).toEqual(['b']);
    await settle(rig, watch);
  });

  const good = [
    open(1, op.upload, { size: 1000 }),
    dataFrame(1, bytes.subarray(0, 400)),
    dataFrame(1, bytes.subarray(400)),
    end(1, 1000, digestOf(bytes)),
  ];

  it('is cut off at any byte is undone; whole, it is stored', async () => {
    const whole = concat(good);
    const { rig, peer, watch } = await hostile();
    peer.socket.destroy();
    const cuts = [0, 1, 9, 10, 11, 30, 45, 60, 200, 445, 600, 1020, whole.length - 1, whole.length];
    for (const at of cuts) {
      for (const rudely of [false, true]) {
        const each = await RawPeer.client(rig.port);
        each.send(whole.subarray(0, at));
        if (rudely) each.socket.resetAndDestroy();
        else each.socket.end();
        await each.closed;
      }
    }
    await rig.server.shutdown();
    await settle(rig, watch);
    const committed = rig.handler.told.filter(({ calls }) => calls.includes('commit'));
    expect(committed.length).toBeLessThanOrEqual(2);
    expect(rig.handler.told.length).toBeGreaterThan(10);
  });

  it.each(['upload', 'write', 'commit', 'abort'] as const)(
    'loses its client while the handler is at %s keeps the contract',
    async (step) => {
      const { rig, peer, watch } = await hostile();
      const gate = new Gate();
      rig.handler.before = (at) => (at === step ? gate.pass() : undefined);
      peer.send(...(step === 'abort' ? [open(1, op.upload, { size: 5 }), dataFrame(1, bytes)] : good));
      await gate.reached;
      peer.socket.destroy();
      await rig.event('disconnection');
      gate.open();
      await rig.event('operation');
      await settle(rig, watch);
      if (step !== 'commit') expect(rig.handler.files.size).toBe(0);
    },
  );

  it.each(['the connection', 'the stream'])(
    'loses %s while the handler makes ready holds nothing',
    async (what) => {
      const { rig, peer, watch } = await hostile();
      const gate = new Gate();
      rig.handler.before = (at) => (at === 'upload' ? gate.pass() : undefined);
      peer.send(open(1, op.upload));
      for (let i = 0; i < 3; i += 1) peer.send(dataFrame(1, content(65_536)));
      await gate.reached;
      while (watch.most === 0) await turns();
      if (what === 'the stream') {
        peer.say('RESET', 1, { code: 0x20, finalOffset: 196_608 });
        // What is read alone is little, and so is what the socket is offered next.
        await turns(5);
        peer.say('PING', 0, { token: 1 });
        await peer.next('PONG');
      } else {
        peer.socket.destroy();
      }
      await watch.allBack();
      gate.open();
      await rig.event('operation');
      await settle(rig, watch);
    },
  );

  it.each(['upload', 'write', 'commit', 'abort'] as const)(
    'whose handler throws at %s fails, and all credit comes back',
    async (step) => {
      const { rig, session } = await startPair();
      const watch = new SlabWatch();
      rig.handler.before = (at) => {
        if (at === step || (step === 'abort' && at === 'write')) throw new Error(`no ${at}`);
      };
      // Several times what a connection may hold: credit that was lost would show.
      for (let i = 0; i < 12; i += 1) {
        const failure = await failureOf(session.upload(content(3_000_000), 'x'));
        expect(failure).toMatchObject({
          code: 'INTERNAL',
          message: codes.INTERNAL.meaning,
          effect: step === 'commit' ? 'unknown' : 'none',
        });
      }
      rig.handler.before = undefined;
      await session.upload(content(3_000_000), 'x');
      await session.close();
      await settle(rig, watch);
    },
  );
});

describe('a download that', () => {
  it.each(['read', 'verify', 'close'] as const)(
    'loses its client while the handler is at %s keeps the contract',
    async (step) => {
      const { rig, peer, watch } = await hostile({}, { connectionWindow: 2 ** 40, streamWindow: 2 ** 40 });
      rig.handler.put('a', content(3 * SLAB_PAYLOAD));
      // The second read goes ahead of what is sent.
      const gate = new Gate();
      let reads = 0;
      rig.handler.before = (at) => {
        if (at === 'read') reads += 1;
        return at === step && reads !== 1 ? gate.pass() : undefined;
      };
      peer.send(open(1, op.download));
      await gate.reached;
      peer.socket.destroy();
      await rig.event('disconnection');
      gate.open();
      expect(await rig.event('operation')).toMatchObject({
        code: step === 'close' ? 'OK' : 'CONNECTION_LOST',
      });
      await settle(rig, watch);
    },
  );
});

describe('a flood', () => {
  /** Sends over and over, reading nothing, until the server has had enough. */
  async function flood(peer: RawPeer, make: (i: number) => Uint8Array): Promise<void> {
    peer.socket.pause();
    let over = false;
    void peer.closed.then(() => {
      over = true;
    });
    for (let i = 0; !over; i += 1) {
      peer.socket.write(make(i));
      await turns();
    }
  }

  it('of PINGs ends the connection', async () => {
    const { rig, peer, watch } = await hostile();
    await flood(peer, (i) =>
      concat(Array.from({ length: 1000 }, (_, k) => messageFrame('PING', 0, { token: 1000 * i + k }))),
    );
    expect(await rig.event('disconnection')).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    await settle(rig, watch);
  });

  it('of requests ends the connection', async () => {
    const { rig, peer, watch } = await hostile({ server: { limits: { maxStreams: 50 } } });
    let running = 0;
    let most = 0;
    rig.handler.before = async () => {
      running += 1;
      most = Math.max(most, running);
      await turns();
      running -= 1;
    };
    await flood(peer, (i) =>
      concat(Array.from({ length: 100 }, (_, k) => open(2 * (100 * i + k) + 1, op.stat))),
    );
    expect(await rig.event('disconnection')).toMatchObject({ error: { code: 'STREAM_LIMIT' } });
    expect(most).toBeLessThanOrEqual(50);
    await settle(rig, watch);
  });

  it('of requests that are taken back at once never makes more work than there may be streams', async () => {
    const { rig, peer, watch } = await hostile({
      server: { limits: { maxStreams: 20 }, serverLimits: { maxResetsPerWindow: 2000 } },
    });
    let running = 0;
    let most = 0;
    rig.handler.before = async (step) => {
      if (step !== 'upload') return;
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    for (let i = 0; i < 60; i += 1) {
      const streams = Array.from({ length: 20 }, (_, k) => 2 * (20 * i + k) + 1);
      peer.send(
        ...streams.flatMap((stream) => [
          open(stream, op.upload),
          dataFrame(stream, bytes.subarray(0, 10)),
          messageFrame('RESET', stream, { code: 0x20, finalOffset: 10 }),
        ]),
      );
      for (const _ of streams) expect(await peer.next('RESULT')).toMatchObject({ status: 0x20 });
    }
    expect(most).toBeLessThanOrEqual(20);
    await settle(rig, watch);
  });

  it('of downloads nobody reads takes little memory, and stops nobody else', async () => {
    const streams = 200;
    const { rig, peer, watch } = await hostile({}, { connectionWindow: 2 ** 40, streamWindow: 2 ** 40 });
    rig.handler.put('a', content(20 * SLAB_PAYLOAD));
    peer.socket.pause();
    peer.send(...Array.from({ length: streams }, (_, i) => open(2 * i + 1, op.download)));
    const session = await rig.connect();
    while (rig.handler.told.length < streams) await new Promise((resolve) => setImmediate(resolve));
    await session.download('a', { write: () => undefined });
    // Read and not yet handed over; handed over and not yet sent; and as much again for the other session.
    expect(watch.most).toBeLessThanOrEqual(2 * (MAX_TURNS + SOCKET_HIGH_WATER / SLAB_PAYLOAD + 2));
    // What is read slowly arrives all the same, and as it was.
    peer.socket.resume();
    const whole = rig.handler.files.get('a')?.content as Buffer;
    const offsets = new Map<number, number>();
    for (let i = 0; i < 40; i += 1) {
      const { stream, bytes: part } = await peer.next('DATA');
      const at = offsets.get(stream) ?? 0;
      offsets.set(stream, at + part.length);
      expect(whole.subarray(at, at + part.length).equals(part)).toBe(true);
    }
    peer.socket.destroy();
    await session.close();
    await settle(rig, watch);
  });

  it('of downloads without credit takes no memory at all, and stops no other stream', async () => {
    const { rig, peer, watch } = await hostile(
      {},
      { connectionWindow: 1 << 20, streamWindow: 10_000, maxStreams: 100 },
    );
    rig.handler.put('a', content(20 * SLAB_PAYLOAD));
    rig.handler.put('b', content(20_000));
    peer.send(...Array.from({ length: 100 }, (_, i) => open(2 * i + 1, op.download)));
    while (peer.count('DATA') < 100) await peer.next('DATA');
    // All have sent what they may; one more, which gets credit, is not held up.
    peer.send(open(201, op.download, { path: 'b' }), messageFrame('CREDIT', 201, { limit: 20_000 }));
    expect(await peer.next('RESULT')).toMatchObject({ stream: 201, status: 0 });
    peer.socket.destroy();
    await settle(rig, watch);
    expect(watch.most).toBeLessThanOrEqual(2);
  });

  it('of downloads nobody reads, when many buffers are out already, takes none of them', async () => {
    const scarce = vi.spyOn(slabs, 'scarce', 'get').mockReturnValue(true);
    onTestFinished(() => scarce.mockRestore());
    const { rig, peer, watch } = await hostile({}, { connectionWindow: 2 ** 40, streamWindow: 2 ** 40 });
    const whole = rig.handler.put('a', content(8 * SLAB_PAYLOAD));
    peer.socket.pause();
    peer.send(...Array.from({ length: 100 }, (_, i) => open(2 * i + 1, op.download)));
    while (rig.handler.told.length < 100) await turns();
    // Others get on, in small pieces.
    const parts: Buffer[] = [];
    const session = await rig.connect();
    const reads = rig.handler.told.reduce(
      (sum, { calls }) => sum + calls.filter((call) => call === 'read').length,
      0,
    );
    await session.download('a', { write: (bytes: Uint8Array) => void parts.push(Buffer.from(bytes)) });
    expect(Buffer.concat(parts).equals(whole)).toBe(true);
    expect(reads * SMALL_READ_SIZE).toBeLessThan(8 * 1024 * 1024);
    // The one that waits for data in the socket of the session.
    expect(watch.most).toBeLessThanOrEqual(2);
    peer.socket.destroy();
    await session.close();
    await settle(rig, watch);
  });

  it('of single bytes beside a stream that pours pins no buffers', async () => {
    const { rig, peer, watch } = await hostile();
    const gate = new Gate();
    rig.handler.before = (step, path) => (step === 'write' && path === 'drip' ? gate.pass() : undefined);
    peer.send(open(1, op.upload, { path: 'drip' }), open(3, op.upload, { path: 'pour' }));
    await peer.next('ACCEPT');
    await peer.next('ACCEPT');
    const pour = content(64 * 1024);
    let granted = 256 * 1024;
    let connection = 256 * 1024;
    let sent = 0;
    let dripped = 0;
    for (let round = 0; round < 150; round += 1) {
      while (sent + pour.length > granted || sent + dripped + pour.length + 1 > connection) {
        const credit = await peer.next('CREDIT');
        if (credit.stream === 3) granted = credit.limit;
        if (credit.stream === 0) connection = credit.limit;
      }
      peer.send(dataFrame(1, bytes.subarray(0, 1)), dataFrame(3, pour));
      sent += pour.length;
      dripped += 1;
    }
    expect(watch.out).toBeLessThanOrEqual(4);
    gate.open();
    peer.send(messageFrame('RESET', 1, { code: 0x20, finalOffset: dripped }));
    await peer.next('RESULT');
    peer.socket.destroy();
    await settle(rig, watch);
    expect(watch.most).toBeLessThanOrEqual(8);
  });
});

describe('a handler that', () => {
  const bad: Entry = { path: 'a', kind: 'file', size: 1, mtime: 1.5, executable: false };

  it('answers what cannot be said is told on, not waited for', async () => {
    const { rig, session } = await startPair();
    vi.spyOn(rig.handler, 'stat').mockResolvedValue(bad);
    expect(await failureOf(session.stat('a'))).toMatchObject({ code: 'INTERNAL', effect: 'none' });
    vi.spyOn(rig.handler, 'makeDirectory').mockResolvedValue({ outcome: 'nonsense' as 'created' });
    expect(await failureOf(session.makeDirectory('a'))).toMatchObject({
      code: 'INTERNAL',
      effect: 'applied',
    });
    vi.spyOn(rig.handler, 'download').mockResolvedValue({
      entry: bad,
      read: async () => 0,
      close: () => undefined,
    });
    expect(await failureOf(session.download('a', { write: () => undefined }))).toMatchObject({
      code: 'INTERNAL',
    });
    rig.handler.listing = async function* () {
      yield bad;
    };
    const listing = session.list()[Symbol.asyncIterator]();
    expect(await failureOf(listing.next())).toMatchObject({ code: 'INTERNAL' });
    vi.spyOn(rig.handler, 'upload').mockResolvedValue({
      write: () => undefined,
      commit: async () => ({ outcome: 'created', path: '/not/a/path' }),
      abort: () => undefined,
    });
    expect(await failureOf(session.upload(bytes, 'a'))).toMatchObject({
      code: 'INTERNAL',
      effect: 'applied',
    });
    expect(rig.events.filter((event) => event.type === 'operation' && event.code === 'OK')).toEqual([]);
    await session.close();
    await rig.server.shutdown();
  });

  it('throws at once, or throws what is no error, fails that operation only', async () => {
    const { rig, session } = await startPair();
    const thrown: [unknown, Partial<FilexError>][] = [
      [
        new FilexError('NO_SPACE', 'full', { retry: false }),
        { code: 'NO_SPACE', message: 'full', retry: false },
      ],
      // What a handler did not mean to say is not said to others.
      [new Error('oops'), { code: 'INTERNAL', message: codes.INTERNAL.meaning }],
      ['text', { code: 'INTERNAL', message: codes.INTERNAL.meaning }],
      [undefined, { code: 'INTERNAL' }],
      [new FilexError('OK'), { code: 'INTERNAL' }],
      [new FilexError('CONNECTION_LOST'), { code: 'INTERNAL' }],
      [new FilexError('IO_ERROR', 'x'.repeat(10_000)), { code: 'IO_ERROR' }],
    ];
    for (const [value, expected] of thrown) {
      const fail = (): never => {
        throw value;
      };
      for (const name of [
        'stat',
        'upload',
        'download',
        'list',
        'makeDirectory',
        'rename',
        'remove',
      ] as const) {
        vi.spyOn(rig.handler, name).mockImplementation(fail);
      }
      const listing = session.list()[Symbol.asyncIterator]();
      // All are listened to at once: they fail in any order.
      const attempts = [
        session.stat('a'),
        session.upload(bytes, 'a'),
        session.download('a', { write: () => undefined }),
        listing.next(),
        session.makeDirectory('a'),
        session.rename('a', 'b'),
        session.remove('a'),
      ].map(failureOf);
      for (const failure of attempts) {
        expect(await failure).toMatchObject(expected);
      }
    }
    vi.restoreAllMocks();
    expect(await session.stat('')).toMatchObject({ kind: 'directory' });
  });

  it.each(['download', 'read', 'verify', 'close'] as const)(
    'throws at %s fails no other download',
    async (step) => {
      const { rig, session } = await startPair();
      const watch = new SlabWatch();
      const bytes = rig.handler.put('a', content(3_000_000));
      rig.handler.before = (at) => {
        if (at === step) throw new Error(`no ${at}`);
      };
      for (let i = 0; i < 3 * MAX_TURNS; i += 1) {
        const downloading = session.download('a', { write: () => undefined });
        // How a file is put away says nothing about what was read from it.
        if (step === 'close') await downloading;
        else expect(await failureOf(downloading)).toMatchObject({ code: 'INTERNAL', effect: 'none' });
      }
      rig.handler.before = undefined;
      expect(await session.download('a', { write: () => undefined })).toMatchObject({ size: bytes.length });
      await session.close();
      await settle(rig, watch);
    },
  );

  it('reads less than it announced fails the download', async () => {
    const { rig, session } = await startPair();
    const watch = new SlabWatch();
    vi.spyOn(rig.handler, 'download').mockResolvedValue({
      entry: { path: 'a', kind: 'file', size: 1_000_000, mtime: 0, executable: false },
      read: async (_buffer, offset) => (offset < 500_000 ? 250_000 : 0),
      close: () => {
        throw new Error('cannot close');
      },
    });
    expect(await failureOf(session.download('a', { write: () => undefined }))).toMatchObject({
      code: 'SOURCE_CHANGED',
    });
    await session.close();
    await settle(rig, watch);
  });
});

describe('a client that breaks the rules with its first words', () => {
  const hello = messageFrame('HELLO', 0, greasedHello);
  const auth = messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' });
  const words: [string, Code, readonly Uint8Array[]][] = [
    ['authenticates twice', 'STATE_VIOLATION', [hello, auth, auth]],
    ['talks nonsense after AUTH', 'FRAME_UNKNOWN', [hello, auth, rawFrame(0x70, 0, bytes)]],
    ['opens a stream before it is told success', 'STATE_VIOLATION', [hello, auth, open(1, op.stat)]],
  ];
  // All in one read: the fault is known before anybody has been told of the AUTH.
  it.each(words)('%s', async (_, code, frames) => {
    const watch = new SlabWatch();
    const rig = await Rig.start();
    const peer = await RawPeer.client(rig.port, false);
    peer.send(PREFACE, ...frames);
    expect(await peer.next('GOAWAY')).toMatchObject({ code: codes[code].number });
    await peer.ended;
    await settle(rig, watch);
  });
});
