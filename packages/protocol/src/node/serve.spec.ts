import * as http from 'node:http';
import * as net from 'node:net';
import { networkInterfaces } from 'node:os';
import * as tls from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { messageFrame } from '../testing/frames.js';
import { greasedHello, op } from '../testing/peer.js';
import { PREFACE } from '../wire/preface.js';
import { MAX_REFUSALS } from './bounds.js';
import { connect } from './connect.js';
import { serve } from './serve.js';
import { failureOf, Gate } from './testing/deferred.js';
import { breaches, MemoryHandler } from './testing/memory-handler.js';
import { RawPeer } from './testing/raw-peer.js';
import { content, Rig, startPair } from './testing/rig.js';
import type { ServeEvent } from './types.js';

vi.mock('./bounds.js', async (original) => ({
  ...(await original<typeof import('./bounds.js')>()),
  LINGER_TIMEOUT: 50,
  MAX_REFUSALS: 4,
}));

const hello = messageFrame('HELLO', 0, greasedHello);
const anonymous = messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' });

/** Says something to the server and collects what comes until it closes. */
async function tell(port: number, ...parts: (string | Uint8Array)[]): Promise<Buffer> {
  const socket = net.connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const got: Buffer[] = [];
  socket.on('data', (chunk) => got.push(chunk));
  socket.on('error', () => undefined);
  for (const part of parts) socket.write(part);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(got);
}

describe('a server', () => {
  it('that cannot listen says why', async () => {
    const { port } = await Rig.start();
    const handler = new MemoryHandler();
    expect(await failureOf(serve({ handler, host: '127.0.0.1', port }))).toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('knows where it listens, also when it does no more', async () => {
    const rig = await Rig.start();
    const { address } = rig.server;
    expect(address).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
    await rig.server.destroy();
    expect(rig.server.address).toEqual(address);
  });

  it('tells of connections and operations', async () => {
    const { rig, session } = await startPair({ client: { agent: 'tester/1' } });
    // Told as soon as the client has shaken hands, not when it first asks for something.
    const { peer } = await rig.event('connection');
    expect(peer).toMatchObject({ connection: 1, principal: 'anonymous', agent: 'tester/1' });
    expect(peer.address).toMatch(/^127\.0\.0\.1:\d+$/);
    await session.upload(content(10), 'a');
    await failureOf(session.upload(content(11), 'a'));
    await session.close();
    await rig.event('disconnection');
    expect(rig.events).toMatchObject([
      { type: 'connection', peer },
      { type: 'operation', peer, operation: 'upload', path: 'a', code: 'OK', outcome: 'created', bytes: 10 },
      {
        type: 'operation',
        code: 'ALREADY_EXISTS',
        outcome: undefined,
        bytes: 0,
        message: expect.any(String),
      },
      { type: 'disconnection', peer, error: undefined },
    ]);
  });

  it('whose listener throws goes on, and the defect is seen', async () => {
    const seen: unknown[] = [];
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
      try {
        task();
      } catch (error) {
        seen.push(error);
      }
    });
    onTestFinished(() => void vi.mocked(queueMicrotask).mockRestore());
    const fault = new Error('my own fault');
    const { rig, session } = await startPair({
      server: {
        onEvent: () => {
          throw fault;
        },
      },
    });
    await session.upload(content(10), 'a');
    await session.close();
    await rig.server.shutdown();
    expect(seen).toEqual([fault, fault, fault]);
  });
});

describe('somebody who speaks something else', () => {
  it('over HTTP gets an answer a browser shows', async () => {
    const rig = await Rig.start();
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get(`http://127.0.0.1:${rig.port}/index.html`, resolve).once('error', reject);
    });
    let text = '';
    for await (const chunk of response) text += chunk;
    expect(response.statusCode).toBe(400);
    expect(text).toContain('This is a FileX server');
    expect(await rig.event('refused')).toMatchObject({
      code: 'BAD_PREFACE',
      message: expect.stringContaining('HTTP'),
    });
  });

  it('with a large body gets it too', async () => {
    const rig = await Rig.start();
    const response = await fetch(`http://127.0.0.1:${rig.port}/`, { method: 'POST', body: content(100_000) });
    expect(response.status).toBe(400);
  });

  it('over TLS gets an alert', async () => {
    const rig = await Rig.start();
    const socket = tls.connect({ port: rig.port, host: '127.0.0.1', rejectUnauthorized: false });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
    expect(error.code).toMatch(/ERR_SSL.*PROTOCOL_VERSION/);
  });

  it.each([
    ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['text', 'hello\r\n'],
  ])('over %s gets a line of text', async (_name, words) => {
    const rig = await Rig.start();
    expect((await tell(rig.port, words)).toString()).toMatch(/^This is a FileX server\..*\r\n$/);
  });

  it('byte by byte is recognised all the same', async () => {
    const rig = await Rig.start();
    const socket = net.connect(rig.port, '127.0.0.1');
    socket.setNoDelay(true);
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    for (const letter of 'GET ') {
      socket.write(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => socket.once('close', resolve));
    expect(got).toContain('HTTP/1.1 400');
  });

  it('and cannot be understood at all is left', async () => {
    const rig = await Rig.start();
    expect(await tell(rig.port, Buffer.from([0, 1, 2, 3]))).toEqual(Buffer.alloc(0));
    expect(await rig.event('refused')).toMatchObject({ code: 'BAD_PREFACE' });
  });
});

describe('a client in the handshake that', () => {
  const silences: [string, Uint8Array[]][] = [
    ['says nothing', []],
    ['stops in its preface', [PREFACE.subarray(0, 4)]],
    ['stops after its HELLO', [PREFACE, hello]],
    ['stops in a frame', [PREFACE, hello.subarray(0, 20)]],
  ];

  it.each(silences)('%s is left in time', async (_what, parts) => {
    const rig = await Rig.start({ server: { limits: { handshakeTimeout: 50 } } });
    const peer = await RawPeer.client(rig.port, false);
    peer.send(...parts);
    expect(await peer.next('GOAWAY')).toMatchObject({ code: 0x0b });
    await peer.ended;
    expect(await rig.event('refused')).toMatchObject({ code: 'TIMEOUT' });
    await rig.server.shutdown();
  });

  it('says goodbye, and stays, is left', async () => {
    const rig = await Rig.start();
    for (const parts of [[PREFACE], [PREFACE, hello]]) {
      const peer = await RawPeer.client(rig.port, false);
      peer.send(...parts, messageFrame('GOAWAY', 0, { code: 0, lastStream: 0 }));
      await peer.ended;
    }
    await rig.server.shutdown();
  });

  it.each([
    [
      'operates without a login',
      [PREFACE, hello, messageFrame('OPEN', 1, { operation: op.stat, operationId: new Uint8Array(16) })],
      0x06,
    ],
    ['says HELLO twice', [PREFACE, hello, hello], 0x06],
    ['asks for another login', [PREFACE, hello, messageFrame('AUTH', 0, { mechanism: 'KERBEROS' })], 0x0a],
    ['speaks another version', [PREFACE, messageFrame('HELLO', 0, { ...greasedHello, versions: [9] })], 0x09],
    ['talks nonsense', [PREFACE, Buffer.alloc(100, 0xff)], 0x02],
  ] as const)('%s is told and left', async (_what, parts, code) => {
    const rig = await Rig.start();
    const peer = await RawPeer.client(rig.port, false);
    peer.send(...parts);
    expect(await peer.next('GOAWAY')).toMatchObject({ code });
    await peer.ended;
    await rig.event('refused');
    await rig.server.shutdown();
    expect(rig.server.connections).toBe(0);
  });

  it('hangs up is forgotten', async () => {
    const rig = await Rig.start();
    for (const parts of [[], [PREFACE], [PREFACE, hello], [PREFACE, hello, anonymous]]) {
      const peer = await RawPeer.client(rig.port, false);
      peer.send(...parts);
      peer.socket.resetAndDestroy();
    }
    await rig.server.shutdown();
    expect(rig.server.connections).toBe(0);
  });
});

describe('a client that falls silent', () => {
  it('is given up, and what it had running is undone', async () => {
    const rig = await Rig.start({ server: { limits: { keepaliveInterval: 30, keepaliveTimeout: 30 } } });
    const peer = await RawPeer.client(rig.port);
    peer.say('OPEN', 1, { operation: op.upload, operationId: new Uint8Array(16), path: 'a' });
    await peer.next('ACCEPT');
    expect(await peer.next('GOAWAY')).toMatchObject({ code: 0x0b });
    expect(await rig.event('disconnection')).toMatchObject({ error: { code: 'TIMEOUT' } });
    expect(rig.handler.told[0]).toMatchObject({ calls: ['abort', 'abort!'], reason: { code: 'TIMEOUT' } });
  });

  it('and answers PINGs stays', async () => {
    const rig = await Rig.start({ server: { limits: { keepaliveInterval: 10, keepaliveTimeout: 1000 } } });
    const peer = await RawPeer.client(rig.port);
    for (let i = 0; i < 3; i += 1) peer.say('PONG', 0, { token: (await peer.next('PING')).token });
    expect(rig.server.connections).toBe(1);
    // Well before the handshake would have been given up: the first PING does not wait for that.
  }, 8_000);
});

describe('plaintext', () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.internal === false && each.family === 'IPv4')?.address;

  it.skipIf(outside === undefined)('from another machine is refused, unless it is allowed', async () => {
    const rig = await Rig.start({ server: { host: '0.0.0.0' } });
    expect(await failureOf(connect(`filex+tcp://${outside}:${rig.port}/`))).toMatchObject({
      code: 'PLAINTEXT_REFUSED',
      message: expect.stringContaining('--plaintext on'),
    });
    expect(await rig.event('refused')).toMatchObject({
      code: 'PLAINTEXT_REFUSED',
      address: expect.stringContaining(`${outside}:`),
    });
    await (await rig.connect()).close();
    const open = await Rig.start({ server: { host: '0.0.0.0', plaintext: 'on' } });
    await (await connect(`filex+tcp://${outside}:${open.port}/`)).close();
  });

  it('can be off altogether', async () => {
    const rig = await Rig.start({ server: { plaintext: 'off' } });
    expect(await failureOf(rig.connect())).toMatchObject({ code: 'PLAINTEXT_REFUSED', retry: false });
  });
});

describe('room', () => {
  it('for so many connections is given back', async () => {
    const rig = await Rig.start({ server: { serverLimits: { maxConnections: 2 } } });
    const [first] = [await rig.connect(), await rig.connect()];
    for (let i = 0; i < 5; i += 1) {
      expect(await failureOf(rig.connect())).toMatchObject({ code: 'TOO_MANY_CONNECTIONS', retry: true });
    }
    expect(rig.server.connections).toBe(2);
    await first.close();
    await rig.event('disconnection');
    await new Promise((resolve) => setImmediate(resolve));
    await (await rig.connect()).close();
  });

  it('of memory is given back, and what has grown keeps nobody out', async () => {
    const window = 64 * 1024;
    const rig = await Rig.start({
      server: {
        limits: { initialConnectionWindow: window, initialStreamWindow: window },
        serverLimits: { creditBudget: 20 * window, maxConnections: 10 },
      },
    });
    const first = await rig.connect();
    // Windows grow as far as they may.
    await Promise.all(Array.from({ length: 20 }, (_, i) => first.upload(content(2_000_000), `file ${i}`)));
    const rest = await Promise.all(Array.from({ length: 9 }, () => rig.connect()));
    await Promise.all(rest.map((session, i) => session.upload(content(2_000_000), `again ${i}`)));
    await Promise.all([first, ...rest].map((session) => session.close()));
    await rig.server.shutdown();
  });

  it('of memory that connections grew by is given back', async () => {
    const window = 64 * 1024;
    const rig = await Rig.start({
      server: {
        limits: { initialConnectionWindow: window, initialStreamWindow: window },
        serverLimits: { creditBudget: 20 * window, maxConnections: 10 },
      },
    });
    for (let i = 0; i < 8; i += 1) {
      const session = await rig.connect();
      await session.upload(content(1_000_000), `file ${i}`);
      await session.close();
    }
    // Without something left to grow by, streams that stall would stop the others.
    const gate = new Gate();
    rig.handler.before = (step, path) => (step === 'write' && path !== 'fast' ? gate.pass() : undefined);
    const session = await rig.connect();
    const slow = ['a', 'b', 'c'].map((path) => session.upload(content(200_000), path));
    while (gate.arrivals < 3) await new Promise((resolve) => setImmediate(resolve));
    await session.upload(content(1_000_000), 'fast');
    gate.open();
    await Promise.all(slow);
    await session.close();
  });

  it('of memory that is all promised is none', async () => {
    const rig = await Rig.start({ server: { serverLimits: { creditBudget: 600 * 1024 } } });
    const [first] = [await rig.connect(), await rig.connect()];
    expect(await failureOf(rig.connect())).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
    await first.close();
    await rig.event('disconnection');
    await new Promise((resolve) => setImmediate(resolve));
    await (await rig.connect()).close();
  });

  it('is not there for what handlers still hold', async () => {
    const rig = await Rig.start({ server: { serverLimits: { maxConnections: 1 } } });
    const gate = new Gate();
    rig.handler.before = (step) => (step === 'write' ? gate.pass() : undefined);
    const session = await rig.connect();
    const uploading = session.upload(content(100_000), 'a');
    await gate.reached;
    session.destroy();
    await failureOf(uploading);
    await rig.event('disconnection');
    expect(await failureOf(rig.connect())).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
    gate.open();
    await rig.event('operation');
    await new Promise((resolve) => setImmediate(resolve));
    await (await rig.connect()).close();
    expect(breaches(rig.handler.told)).toEqual([]);
  });

  it('is not even wasted on telling everybody that there is none', async () => {
    const rig = await Rig.start({ server: { serverLimits: { maxConnections: 1 } } });
    await rig.connect();
    const peers = await Promise.all(
      Array.from({ length: 10 * MAX_REFUSALS }, () => RawPeer.client(rig.port, false)),
    );
    await Promise.all(peers.map((peer) => peer.ended));
    const told = peers.filter((peer) => peer.count('GOAWAY') > 0).length;
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(peers.length);
    expect(rig.server.connections).toBe(1);
    while (rig.events.filter(({ type }) => type === 'refused').length < peers.length) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

describe('shutdown', () => {
  it('lets what runs finish and takes nothing new', async () => {
    const { rig, session } = await startPair();
    const idle = await rig.connect();
    const gate = new Gate();
    rig.handler.before = (step) => (step === 'commit' ? gate.pass() : undefined);
    const uploading = session.upload(content(10), 'a');
    await gate.reached;
    let down = false;
    const shutdown = rig.server.shutdown().then(() => {
      down = true;
    });
    expect(await idle.closed).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(await failureOf(session.stat('a'))).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(await failureOf(rig.connect())).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(down).toBe(false);
    gate.open();
    expect(await uploading).toMatchObject({ outcome: 'created' });
    await shutdown;
    expect(await session.closed).toMatchObject({ code: 'SHUTTING_DOWN' });
    await rig.server.shutdown();
  });

  it('lets go of clients that have not even shaken hands', async () => {
    const rig = await Rig.start();
    const peers: RawPeer[] = [];
    for (const parts of [[], [PREFACE], [PREFACE, hello]]) {
      const peer = await RawPeer.client(rig.port, false);
      peer.send(...parts);
      peers.push(peer);
    }
    while (rig.server.connections < 3) await new Promise((resolve) => setImmediate(resolve));
    await rig.server.shutdown();
    for (const peer of peers) await peer.ended;
  });

  it('does not wait for clients that have heard the goodbye and stay', async () => {
    const rig = await Rig.start();
    const peer = await RawPeer.client(rig.port);
    await rig.server.shutdown();
    expect(await peer.next('GOAWAY')).toMatchObject({ code: 0 });
  });

  it('that a stuck client holds up is ended by destroy', async () => {
    const rig = await Rig.start();
    const peer = await RawPeer.client(rig.port);
    peer.say('OPEN', 1, { operation: op.upload, operationId: new Uint8Array(16), path: 'a' });
    await peer.next('ACCEPT');
    const shutdown = rig.server.shutdown();
    await peer.next('GOAWAY');
    // A stream that is opened meanwhile is answered, not forgotten.
    peer.say('OPEN', 3, { operation: op.stat, operationId: new Uint8Array(16), path: 'a' });
    expect(await peer.next('RESULT')).toMatchObject({ stream: 3, status: 0x0d });
    await rig.server.destroy();
    await shutdown;
    expect(breaches(rig.handler.told)).toEqual([]);
    expect(rig.handler.told[0]?.calls.at(-1)).toBe('abort!');
  });
});

describe('destroy', () => {
  it('tells every handler and waits for them', async () => {
    const { rig, session } = await startPair();
    const gate = new Gate();
    const ended: ServeEvent[] = [];
    rig.handler.put('b', content(10_000_000));
    rig.handler.before = (step) => (step === 'write' || step === 'read' ? gate.pass() : undefined);
    const running = [
      failureOf(session.upload(content(1_000_000), 'a')),
      failureOf(session.download('b', { write: () => undefined })),
    ];
    while (gate.arrivals < 2) await new Promise((resolve) => setImmediate(resolve));
    const destroyed = rig.server.destroy().then(() => ended.push(...rig.events));
    for (const error of await Promise.all(running)) expect(error).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(ended).toEqual([]);
    expect(rig.handler.signals.every(({ aborted }) => aborted)).toBe(true);
    gate.open();
    await destroyed;
    expect(ended.filter(({ type }) => type === 'operation').length).toBe(2);
    expect(breaches(rig.handler.told)).toEqual([]);
  });

  it('frees the port at once', async () => {
    const rig = await Rig.start();
    await rig.connect();
    await rig.server.destroy();
    const again = await serve({ handler: new MemoryHandler(), host: '127.0.0.1', port: rig.port });
    await again.destroy();
  });
});
