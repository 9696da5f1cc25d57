import * as net from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { codes } from '../../codes.js';
import { FilexError } from '../../errors.js';
import { dataFrame, messageFrame, rawFrame } from '../../testing/frames.js';
import { greasedHello, op } from '../../testing/peer.js';
import { TreeDigest } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { PREFACE } from '../../wire/preface.js';
import { createVerifier } from '../auth/verifier.js';
import { sha256Provider } from '../digests.js';
import { failureOf, Gate, turns } from '../testing/deferred.js';
import { RawPeer } from '../testing/raw-peer.js';
import { content, Rig } from '../testing/rig.js';
import { testKeys } from '../testing/tls-keys.js';
import type { Accounts, ServeOptions } from '../types.js';
import type { ServerLimits } from './server-limits.js';

vi.mock('../bounds.js', async (original) => ({
  ...(await original<typeof import('../bounds.js')>()),
  LINGER_TIMEOUT: 50,
}));

/** Another address of this machine, that the hostile clients come from. Only Linux has it without being told. */
const ELSEWHERE = '127.0.0.2';
const onLinux = it.skipIf(process.platform !== 'linux');

const verifier = await createVerifier('secret', 4096);
const accounts: Accounts = {
  iterations: 4096,
  verifier: async (user) => (user === 'ann' ? verifier : undefined),
};

const hello = messageFrame('HELLO', 0, greasedHello);

function open(stream: number, operation: number, more: Partial<Messages['OPEN']> = {}): Uint8Array {
  const operationId = new Uint8Array(16).fill(stream);
  return messageFrame('OPEN', stream, { operation, operationId, path: 'a', ...more });
}

function digestOf(bytes: Uint8Array): Uint8Array {
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(bytes);
  return tree.digest();
}

interface Limited {
  readonly rig: Rig;
  /** Lets the transfer of another client end, which has been under way all the time. */
  readonly finish: () => Promise<void>;
}

/** A server with limits, and another client in the middle of a transfer each way. */
async function limited(
  serverLimits: Partial<ServerLimits>,
  server: Partial<ServeOptions> = {},
): Promise<Limited> {
  const rig = await Rig.start({ server: { serverLimits, ...server } });
  const session = await rig.connect();
  const before = content(300_000, 1);
  const after = content(300_000, 2);
  rig.handler.put('theirs', before);
  const gate = new Gate();
  async function* source(): AsyncGenerator<Uint8Array> {
    yield before;
    await gate.pass();
    yield after;
  }
  const uploading = session.upload(source(), 'ours');
  uploading.catch(() => undefined);
  const reading = session.read('theirs')[Symbol.asyncIterator]();
  const read = [await reading.next()];
  await gate.reached;
  return {
    rig,
    finish: async () => {
      gate.open();
      expect(await uploading).toMatchObject({ outcome: 'created', size: 600_000 });
      expect(rig.handler.files.get('ours')?.content.equals(Buffer.concat([before, after]))).toBe(true);
      while (read.at(-1)?.done !== true) read.push(await reading.next());
      const got = Buffer.concat(
        read.flatMap(({ value }) => (value === undefined ? [] : [value as Uint8Array])),
      );
      expect(got.equals(before)).toBe(true);
      await session.close();
    },
  };
}

/** Lets the event loop run for so many milliseconds. */
async function passed(milliseconds: number): Promise<void> {
  for (const until = performance.now() + milliseconds; performance.now() < until; ) await turns();
}

/** What a client is told before its connection ends. */
async function goodbye(peer: RawPeer): Promise<{ code: number; reason?: string | undefined }> {
  const { code, reason } = await peer.next('GOAWAY');
  await peer.ended;
  return { code, reason };
}

const told = (code: keyof typeof codes, limit: string) => ({
  code: codes[code].number,
  reason: expect.stringContaining(`(${limit})`),
});

describe('maxConnections', () => {
  it('refuses one more, and counts only who is logged in', async () => {
    const { rig, finish } = await limited({ maxConnections: 2 });
    const silent = await Promise.all([1, 2, 3].map(() => RawPeer.client(rig.port, false)));
    const second = await rig.connect();
    const refused = await RawPeer.client(rig.port, false);
    expect(await goodbye(refused)).toMatchObject(told('TOO_MANY_CONNECTIONS', 'maxConnections'));
    // Who has come in time, and logs in too late.
    silent[0]?.send(PREFACE, hello, messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' }));
    expect(await goodbye(silent[0] as RawPeer)).toMatchObject(told('TOO_MANY_CONNECTIONS', 'maxConnections'));
    expect(await rig.event('refused')).toMatchObject({ limit: 'maxConnections' });
    await second.close();
    await finish();
  });
});

describe('maxConnectionsPerAddress', () => {
  onLinux('refuses one more of that address, from accept on, and nobody else', async () => {
    const { rig, finish } = await limited({ maxConnectionsPerAddress: 3 });
    const peers = [
      await RawPeer.client(rig.port, {}, ELSEWHERE),
      await RawPeer.client(rig.port, false, ELSEWHERE),
      await RawPeer.client(rig.port, false, ELSEWHERE),
    ];
    for (let i = 0; i < 3; i += 1) {
      const refused = await RawPeer.client(rig.port, false, ELSEWHERE);
      expect(await goodbye(refused)).toMatchObject(told('TOO_MANY_CONNECTIONS', 'maxConnectionsPerAddress'));
    }
    expect(await rig.event('refused')).toMatchObject({ limit: 'maxConnectionsPerAddress' });
    await (await rig.connect()).close();
    peers[1]?.socket.destroy();
    while (rig.server.connections > 3) await turns();
    await RawPeer.client(rig.port, {}, ELSEWHERE);
    await finish();
  });
});

describe('maxHandshakes', () => {
  onLinux.each(['nothing', 'the beginning of TLS', 'a preface'])(
    'drops the oldest of the address that has the most, which has said %s',
    async (what) => {
      const secure = what !== 'a preface';
      const { rig, finish } = await limited({ maxHandshakes: 4 }, secure ? { tls: testKeys.own } : {});
      const slow: RawPeer[] = [];
      for (let i = 0; i < 4; i += 1) {
        const peer = await RawPeer.client(rig.port, false, ELSEWHERE);
        if (what === 'a preface') peer.send(PREFACE);
        if (what === 'the beginning of TLS') peer.send(Buffer.from([0x16, 3, 1]));
        slow.push(peer);
        while (rig.server.connections < i + 2) await turns();
      }
      // Everybody else gets in, and each costs the oldest of the slow ones.
      for (const peer of slow) {
        await (await rig.connect()).close();
        await peer.ended;
        const [last] = peer.frames.filter(({ name }) => name === 'GOAWAY');
        if (what === 'the beginning of TLS') expect(last).toBeUndefined();
        else expect(last).toMatchObject(told('TOO_MANY_CONNECTIONS', 'maxHandshakes'));
        // It makes room again for what comes next.
        const another = await RawPeer.client(rig.port, false, ELSEWHERE);
        if (what === 'a preface') another.send(PREFACE);
        while (rig.server.connections < 5) await turns();
      }
      // Told of when they are gone.
      const refused = () => rig.events.filter(({ type }) => type === 'refused');
      while (refused().length < 4) await turns();
      for (const event of refused()) expect(event).toMatchObject({ limit: 'maxHandshakes' });
      await finish();
    },
  );

  it('takes no place from who is logged in', async () => {
    const { rig, finish } = await limited({ maxHandshakes: 1, maxConnections: 3 });
    const sessions = [await rig.connect(), await rig.connect()];
    expect(rig.server.connections).toBe(3);
    for (const session of sessions) await session.close();
    await finish();
  });
});

describe('maxHandshakeBytes', () => {
  const ignorable = rawFrame(0xf0, 0, new Uint8Array(1000));

  it('ends who sends a lot without logging in', async () => {
    const { rig, finish } = await limited({ maxHandshakeBytes: 8192 });
    const peer = await RawPeer.client(rig.port, false);
    peer.send(PREFACE, hello);
    for (let i = 0; i < 20; i += 1) {
      peer.send(ignorable);
      await turns();
    }
    expect(await goodbye(peer)).toMatchObject(told('RATE_LIMITED', 'maxHandshakeBytes'));
    expect(await rig.event('refused')).toMatchObject({ limit: 'maxHandshakeBytes' });
    // Who has logged in may.
    const good = await RawPeer.client(rig.port);
    for (let i = 0; i < 20; i += 1) good.send(ignorable);
    good.say('PING', 0, { token: 1 });
    await good.next('PONG');
    await finish();
  });

  it('counts under TLS too', async () => {
    const { rig, finish } = await limited({ maxHandshakeBytes: 8192 }, { tls: testKeys.own });
    const socket = tls.connect({
      port: rig.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['filex/1'],
    });
    onTestFinished(() => void socket.destroy());
    const peer = new RawPeer(socket);
    peer.send(PREFACE, hello, ...Array.from({ length: 20 }, () => ignorable));
    expect(await goodbye(peer)).toMatchObject(told('RATE_LIMITED', 'maxHandshakeBytes'));
    await finish();
  });
});

describe('the TLS handshake', () => {
  it.each([
    ['a first message of 16 MB', Buffer.from([0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff])],
    ['records of no meaning', Buffer.from([0x16, 3, 1, 0x40, 0, 0xee])],
  ])('is left by who sends %s, before that is much', async (_what, beginning) => {
    const { rig, finish } = await limited({}, { tls: testKeys.own });
    const socket = net.connect(rig.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.resume();
    const record = Buffer.concat([beginning, Buffer.alloc(0x4005 - beginning.length)]);
    const next = Buffer.concat([Buffer.from([0x16, 3, 3, 0x40, 0]), Buffer.alloc(0x4000)]);
    socket.write(record);
    for (let i = 0; i < 64; i += 1) socket.write(next);
    await closed;
    const { code, message } = await rig.event('refused');
    expect({ code, message }).toMatchObject({
      code: 'WRONG_PROTOCOL',
      message: expect.stringContaining('TLS'),
    });
    await finish();
  });
});

describe('handshakeTimeout', () => {
  /** Sends a byte whenever the event loop comes round, as long as somebody listens. */
  async function drip(socket: net.Socket, bytes: Uint8Array): Promise<void> {
    let closed = false;
    socket.once('close', () => {
      closed = true;
    });
    socket.on('error', () => undefined);
    socket.resume();
    for (let i = 0; !closed; i = (i + 1) % bytes.length) {
      socket.write(bytes.subarray(i, i + 1));
      await passed(2);
    }
  }

  it('counts from accept on, over TLS and FileX together, whatever is dripped', async () => {
    const { rig, finish } = await limited({}, { tls: testKeys.own, limits: { handshakeTimeout: 1000 } });
    const connect = async (): Promise<net.Socket> => {
      const socket = net.connect(rig.port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      await new Promise<void>((resolve) => socket.once('connect', resolve));
      return socket;
    };
    const clientHello = Buffer.concat([
      Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
      Buffer.alloc(600),
    ]);
    await drip(await connect(), clientHello);
    await drip(await connect(), Buffer.concat([PREFACE, rawFrame(0xf0, 0, new Uint8Array(60_000))]));
    // Most of the time goes on TLS, the rest on FileX.
    const late = await connect();
    const started = performance.now();
    await passed(900);
    const secure = tls.connect({ socket: late, rejectUnauthorized: false, ALPNProtocols: ['filex/1'] });
    await drip(secure, Buffer.concat([PREFACE, rawFrame(0xf0, 0, new Uint8Array(60_000))]));
    expect(performance.now() - started).toBeLessThan(900 + 800);
    const refused = () => rig.events.filter(({ type }) => type === 'refused');
    while (refused().length < 3) await turns();
    expect(refused()).toMatchObject([1, 2, 3].map(() => ({ code: 'TIMEOUT', limit: 'handshakeTimeout' })));
    await finish();
  });

  it('is told to who has said nothing', async () => {
    const { rig, finish } = await limited({}, { tls: testKeys.own, limits: { handshakeTimeout: 500 } });
    const peer = await RawPeer.client(rig.port, false);
    expect(await goodbye(peer)).toMatchObject(told('TIMEOUT', 'handshakeTimeout'));
    await finish();
  });
});

describe('failed logins', () => {
  const users = { accounts, anonymous: true };
  const guess = (rig: Rig, user = 'ann', passcode = 'wrong') =>
    failureOf(rig.connect({ passcode }, `filex+tcp://${user}@127.0.0.1:${rig.port}/`)) as Promise<FilexError>;

  onLinux('delay, then ban, their address and no other', async () => {
    const limits = { loginFailuresBeforeDelay: 2, loginDelay: 20, loginFailuresBeforeBan: 6 };
    const { rig, finish } = await limited({ ...limits, banTime: 600_000 }, users);
    const took: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const started = performance.now();
      expect(await guess(rig, i % 2 === 0 ? 'ann' : 'bob')).toMatchObject({ code: 'AUTH_FAILED' });
      took.push(performance.now() - started);
    }
    // 20, 40, 80, 160 ms; a guess may begin a moment after the failure before it.
    expect(took.slice(2).every((each, i) => each >= 20 * 2 ** i - 10)).toBe(true);
    for (const passcode of ['wrong', 'secret']) {
      expect(await guess(rig, 'ann', passcode)).toMatchObject({
        code: 'RATE_LIMITED',
        message: expect.stringMatching(/banned for about 10 minutes.*\(loginFailuresBeforeBan\)/),
      });
    }
    expect(await failureOf(rig.connect())).toMatchObject({ code: 'RATE_LIMITED' });
    expect(rig.events.filter(({ type }) => type === 'login failure')).toHaveLength(6);
    expect(await rig.event('refused', ({ code }) => code === 'RATE_LIMITED')).toMatchObject({
      limit: 'loginFailuresBeforeBan',
    });
    await RawPeer.client(rig.port, {}, ELSEWHERE);
    await finish();
  });

  it('count also while they are under way, at the same time', async () => {
    const limits = {
      loginFailuresBeforeDelay: 3,
      loginDelay: 10,
      maxLoginDelay: 10,
      loginFailuresBeforeBan: 5,
    };
    const { rig, finish } = await limited(limits, users);
    const failures = await Promise.all(Array.from({ length: 30 }, () => guess(rig)));
    expect(failures.filter(({ code }) => code === 'AUTH_FAILED')).toHaveLength(5);
    expect(failures.filter(({ code }) => code === 'RATE_LIMITED')).toHaveLength(25);
    expect(rig.events.filter(({ type }) => type === 'login failure')).toHaveLength(5);
    await finish();
  });

  it('whose answer would come too late are told so at once', async () => {
    const limits = { loginFailuresBeforeDelay: 1, loginDelay: 60_000, maxLoginDelay: 60_000 };
    const { rig, finish } = await limited(limits, users);
    expect(await guess(rig)).toMatchObject({ code: 'AUTH_FAILED' });
    expect(await guess(rig, 'ann', 'secret')).toMatchObject({
      code: 'RATE_LIMITED',
      message: expect.stringMatching(/possible in 60 s \(loginDelay\)$/),
    });
    // Not looked at, so nobody has failed.
    expect(rig.events.filter(({ type }) => type === 'login failure')).toHaveLength(1);
    await finish();
  });

  it('are not made by who hangs up while the answer waits', async () => {
    const limits = { loginFailuresBeforeDelay: 1, loginDelay: 5000, loginFailuresBeforeBan: 2 };
    const { rig, finish } = await limited(limits, users);
    expect(await guess(rig)).toMatchObject({ code: 'AUTH_FAILED' });
    for (let i = 0; i < 3; i += 1) {
      const abort = new AbortController();
      const url = `filex+tcp://ann@127.0.0.1:${rig.port}/`;
      const connecting = failureOf(rig.connect({ passcode: 'wrong', signal: abort.signal }, url));
      while (rig.server.connections < 2) await turns();
      // Until it has said its passcode, which nothing tells of.
      await passed(200);
      abort.abort();
      await connecting;
      while (rig.server.connections > 1) await turns();
    }
    expect(rig.events.filter(({ type }) => type === 'login failure')).toHaveLength(1);
    // None of them was under way any more when the next began.
    expect(rig.events.filter((event) => event.type === 'refused' && event.code === 'RATE_LIMITED')).toEqual(
      [],
    );
    await (await rig.connect()).close();
    await finish();
  });

  it('of accounts that cannot be read are not the fault of the client', async () => {
    const broken: Accounts = { iterations: 4096, verifier: () => Promise.reject(new Error('EIO')) };
    const { rig, finish } = await limited(
      { loginFailuresBeforeBan: 2 },
      { accounts: broken, anonymous: true },
    );
    for (let i = 0; i < 5; i += 1) expect(await guess(rig)).toMatchObject({ code: 'AUTH_FAILED' });
    await (await rig.connect()).close();
    await finish();
  });

  it('do not let in who was removed, or got another passcode, meanwhile', async () => {
    let asked = 0;
    const other = await createVerifier('other', 4096);
    for (const later of [undefined, other]) {
      asked = 0;
      const changing: Accounts = {
        iterations: 4096,
        verifier: async () => {
          asked += 1;
          return asked === 1 ? verifier : later;
        },
      };
      const { rig, finish } = await limited({}, { accounts: changing, anonymous: true });
      expect(await guess(rig, 'ann', 'secret')).toMatchObject({ code: 'AUTH_FAILED' });
      expect(await rig.event('login failure')).toMatchObject({
        user: 'ann',
        reason: expect.stringContaining('meanwhile'),
      });
      await finish();
    }
  });
});

describe('floods', () => {
  it('of RESETs end the connection: maxResetsPerWindow', async () => {
    const { rig, finish } = await limited({ maxResetsPerWindow: 20 });
    const peer = await RawPeer.client(rig.port);
    for (let i = 0; i < 21; i += 1) {
      const stream = 2 * i + 1;
      peer.send(open(stream, op.upload), messageFrame('RESET', stream, { code: 0x20, finalOffset: 0 }));
      if (i < 20) await peer.next('RESULT');
    }
    expect(await goodbye(peer)).toMatchObject(told('RATE_LIMITED', 'maxResetsPerWindow'));
    expect(await rig.event('disconnection')).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    await finish();
  });

  it('of RESETs on a stream that has ended count', async () => {
    const { rig, finish } = await limited({ maxResetsPerWindow: 20 });
    const peer = await RawPeer.client(rig.port);
    peer.send(open(1, op.stat));
    await peer.next('RESULT');
    for (let i = 0; i < 21; i += 1) peer.say('RESET', 1, { code: 0x20, finalOffset: 0 });
    expect(await goodbye(peer)).toMatchObject(told('RATE_LIMITED', 'maxResetsPerWindow'));
    await finish();
  });

  it('are not what a client makes that is refused many uploads', async () => {
    const { rig, finish } = await limited({ maxResetsPerWindow: 1 });
    const session = await rig.connect();
    rig.handler.before = (step, path) => {
      if (step === 'upload' && path.startsWith('no')) throw new FilexError('ALREADY_EXISTS');
    };
    const bytes = content(3_000_000);
    const uploads = Array.from({ length: 30 }, (_, i) => failureOf(session.upload(bytes, `no ${i}`)));
    for (const failure of await Promise.all(uploads))
      expect(failure).toMatchObject({ code: 'ALREADY_EXISTS' });
    await session.close();
    await finish();
  });

  it('of PINGs end the connection: maxPingsPerWindow', async () => {
    const { rig, finish } = await limited({ maxPingsPerWindow: 20 });
    const peer = await RawPeer.client(rig.port);
    for (let i = 0; i < 20; i += 1) {
      peer.say('PING', 0, { token: i });
      await peer.next('PONG');
    }
    peer.say('PING', 0, { token: 20 });
    expect(await goodbye(peer)).toMatchObject(told('RATE_LIMITED', 'maxPingsPerWindow'));
    await finish();
  });

  it('are over when their window is', async () => {
    const { rig, finish } = await limited({ maxPingsPerWindow: 1, floodWindow: 1 });
    const session = await rig.connect();
    for (let i = 0; i < 5; i += 1) {
      await session.ping();
      await passed(2);
    }
    await session.close();
    await finish();
  });
});

describe('minProgress', () => {
  const limits = { progressInterval: 400, minProgress: 100 };

  /** A server that wants progress, and another client whose transfers are slow but move, each way. */
  async function moving(
    more: Partial<ServerLimits> = {},
    server: Partial<ServeOptions> = {},
  ): Promise<Limited> {
    const rig = await Rig.start({ server: { serverLimits: { ...limits, ...more }, ...server } });
    const session = await rig.connect({ limits: { initialStreamWindow: 8192, maxStreamWindow: 8192 } });
    rig.handler.put('theirs', content(1_000_000));
    let over = false;
    let sent = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      while (!over) {
        yield content(20);
        sent += 20;
        await passed(10);
      }
    }
    const uploading = session.upload(source(), 'ours');
    uploading.catch(() => undefined);
    const downloading = session.download('theirs', {
      write: async () => {
        if (!over) await passed(20);
      },
    });
    downloading.catch(() => undefined);
    return {
      rig,
      finish: async () => {
        over = true;
        expect(await uploading).toMatchObject({ size: sent });
        expect(await downloading).toMatchObject({ size: 1_000_000 });
        await session.close();
      },
    };
  }

  const stopped = {
    status: codes.TIMEOUT.number,
    effect: 'none',
    detail: expect.stringMatching(/\(progressInterval\) \(minProgress\)$/),
  };

  it('ends an upload that brings nothing, or nearly nothing', async () => {
    const { rig, finish } = await moving();
    const peer = await RawPeer.client(rig.port);
    let over = false;
    peer.send(open(1, op.upload), open(3, op.upload, { path: 'b' }));
    const dripping = (async () => {
      for (; !over; await passed(10)) peer.data(3, content(1));
    })();
    for (const _ of [1, 3]) expect(await peer.next('RESULT')).toMatchObject(stopped);
    over = true;
    await dripping;
    expect(await rig.event('operation', ({ code }) => code === 'TIMEOUT')).toMatchObject({
      limit: 'minProgress',
    });
    expect(rig.handler.told.filter(({ calls }) => calls.at(-1) === 'abort!')).toHaveLength(2);
    // The connection is none the worse.
    peer.say('PING', 0, { token: 1 });
    await peer.next('PONG');
    await finish();
  });

  it.each(['download', 'list'] as const)('ends a %s that is granted no credit', async (operation) => {
    const { rig, finish } = await moving();
    rig.handler.listing = async function* () {
      for (let i = 0; ; i += 1) yield { path: `${i}`, kind: 'file', size: 0, mtime: 0, executable: false };
    };
    const peer = await RawPeer.client(rig.port, { streamWindow: 8192 });
    peer.send(open(1, op[operation], { path: operation === 'list' ? '' : 'theirs' }));
    expect(await peer.next('RESULT')).toMatchObject(stopped);
    await finish();
  });

  it('ends the connection of a client that reads nothing', async () => {
    const { rig, finish } = await moving();
    rig.handler.put('big', content(30_000_000));
    const peer = await RawPeer.client(rig.port, { connectionWindow: 2 ** 40, streamWindow: 2 ** 40 });
    peer.socket.pause();
    peer.send(open(1, op.download, { path: 'big' }));
    // It is alive all the time.
    let over = false;
    void peer.closed.then(() => {
      over = true;
    });
    const { error, limit } = await (async () => {
      const gone = rig.event('disconnection');
      for (let i = 1; !over && !rig.events.some(({ type }) => type === 'disconnection'); i += 1) {
        peer.say('CREDIT', 0, { limit: 2 ** 40 + i });
        await passed(5);
      }
      return await gone;
    })();
    expect({ error, limit }).toMatchObject({ error: { code: 'TIMEOUT' }, limit: 'minProgress' });
    await finish();
  });

  /** As long as it takes to end two others that do stop, one after the other. */
  async function twoIntervals(rig: Rig, connected?: RawPeer): Promise<void> {
    const peer = connected ?? (await RawPeer.client(rig.port));
    for (const stream of [101, 103]) {
      peer.send(open(stream, op.upload, { path: `stopped ${stream}` }));
      expect(await peer.next('RESULT')).toMatchObject({ ...stopped, stream });
    }
    peer.socket.destroy();
  }

  it.each(['write', 'commit'] as const)('never touches an upload that is held up at %s', async (step) => {
    const { rig, finish } = await moving();
    const gate = new Gate();
    rig.handler.before = (at, path) => (at === step && path === 'held' ? gate.pass() : undefined);
    const peer = await RawPeer.client(rig.port);
    const bytes = content(1000);
    // Far less than it has credit for.
    peer.send(open(1, op.upload, { path: 'held' }), dataFrame(1, bytes));
    const end = { length: 1000, digest: digestOf(bytes) };
    if (step === 'commit') peer.say('END', 1, end);
    await gate.reached;
    await twoIntervals(rig);
    expect(peer.count('RESULT')).toBe(0);
    gate.open();
    if (step === 'write') peer.say('END', 1, end);
    expect(await peer.next('RESULT')).toMatchObject({ status: 0 });
    await finish();
  });

  it('never touches an upload whose connection has no credit left, because of another', async () => {
    const window = 65_536;
    const { rig, finish } = await moving(
      { creditBudget: 3 * window, maxConnections: 3 },
      { limits: { initialConnectionWindow: window, initialStreamWindow: window } },
    );
    const gate = new Gate();
    rig.handler.before = (at, path) => (at === 'write' && path === 'held' ? gate.pass() : undefined);
    // Nothing is left that credit could grow by.
    const peer = await RawPeer.client(rig.port);
    const other = await RawPeer.client(rig.port);
    const bytes = content(window);
    peer.send(open(1, op.upload, { path: 'held' }), dataFrame(1, bytes), open(3, op.upload, { path: 'b' }));
    await gate.reached;
    await twoIntervals(rig, other);
    expect(peer.count('RESULT')).toBe(0);
    gate.open();
    peer.say('END', 1, { length: window, digest: digestOf(bytes) });
    expect(await peer.next('RESULT')).toMatchObject({ stream: 1, status: 0 });
    // Now it has credit, and does nothing with it.
    expect(await peer.next('RESULT')).toMatchObject({ ...stopped, stream: 3 });
    await finish();
  });

  it('never touches who waits for this server: its disk, its credit, its reading', async () => {
    const { rig, finish } = await moving();
    const gate = new Gate();
    rig.handler.before = (_step, path) => (path.startsWith('held') ? gate.pass() : undefined);
    rig.handler.put('held file', content(10_000));
    const session = await rig.connect();
    const patient = [
      session.upload(content(5_000_000), 'held at upload'),
      session.download('held file', { write: () => undefined }),
      session.stat('held file'),
    ];
    while (gate.arrivals < 3) await turns();
    await twoIntervals(rig);
    gate.open();
    expect(await Promise.all(patient)).toHaveLength(3);
    await session.close();
    await finish();
  });
});

describe('maxListingEntries', () => {
  it('ends a listing, and nothing else', async () => {
    const { rig, finish } = await limited({ maxListingEntries: 1000 });
    const entry = { kind: 'file', size: 0, mtime: 0, executable: false } as const;
    let count = 1000;
    rig.handler.listing = async function* () {
      for (let i = 0; i < count; i += 1) yield { ...entry, path: `${i}` };
    };
    const session = await rig.connect();
    const listed = async (): Promise<number> => {
      let total = 0;
      for await (const _ of session.list()) total += 1;
      return total;
    };
    expect(await listed()).toBe(1000);
    count = Number.POSITIVE_INFINITY;
    expect(await failureOf(listed())).toMatchObject({
      code: 'TOO_LARGE',
      message: 'the listing has more than 1000 entries (maxListingEntries)',
    });
    expect(await rig.event('operation', ({ code }) => code === 'TOO_LARGE')).toMatchObject({
      limit: 'maxListingEntries',
    });
    await session.close();
    await finish();
  });
});

describe('maxPathDepth', () => {
  it('refuses a deeper path, on both ends of a rename, before a handler hears of it', async () => {
    const { rig, finish } = await limited({ maxPathDepth: 3 });
    rig.handler.put('a/b/c', content(10));
    const session = await rig.connect();
    expect(await session.stat('a/b/c')).toMatchObject({ size: 10 });
    const deep = 'a/b/c/d';
    const asked: string[] = [];
    rig.handler.before = (step) => void asked.push(step);
    const refused = [
      session.stat(deep),
      session.rename('a', deep),
      session.rename(deep, 'a'),
      session.upload(content(10), deep),
      session.download(deep, { write: () => undefined }),
      session.makeDirectory(deep),
      session.remove(deep),
    ];
    for (const each of refused) {
      expect(await failureOf(each)).toMatchObject({
        code: 'PATH_INVALID',
        message: 'the path has more than 3 names (maxPathDepth)',
        effect: 'none',
      });
    }
    expect(asked.filter((step) => step !== 'read')).toEqual([]);
    await session.close();
    await finish();
  });
});

describe('a server told to disconnect somebody', () => {
  it('tells them why, and leaves everybody else', async () => {
    const { rig, finish } = await limited({}, { accounts, anonymous: true });
    const session = await rig.connect({ passcode: 'secret' }, `filex+tcp://ann@127.0.0.1:${rig.port}/`);
    const gate = new Gate();
    rig.handler.before = (step) => (step === 'stat' ? gate.pass() : undefined);
    const asking = failureOf(session.stat('theirs'));
    await gate.reached;
    const reason = new FilexError('AUTH_FAILED', 'this account was removed');
    expect(rig.server.disconnect(({ principal }) => principal === 'bob', reason)).toBe(0);
    expect(rig.server.disconnect(({ principal }) => principal === 'ann', reason)).toBe(1);
    expect(rig.server.disconnect(({ principal }) => principal === 'ann', reason)).toBe(0);
    expect(await session.closed).toMatchObject({ code: 'AUTH_FAILED', message: 'this account was removed' });
    expect(await asking).toMatchObject({ code: 'AUTH_FAILED' });
    gate.open();
    expect(await rig.event('disconnection', ({ peer }) => peer.principal === 'ann')).toMatchObject({
      error: reason,
    });
    await finish();
  });

  it('does not mind those who have not logged in', async () => {
    const rig = await Rig.start();
    await RawPeer.client(rig.port, false);
    while (rig.server.connections < 1) await turns();
    expect(rig.server.disconnect(() => true, new FilexError('SHUTTING_DOWN'))).toBe(0);
  });
});

describe('what is told for a log', () => {
  it('says who, how, how much and for how long', async () => {
    const rig = await Rig.start({ server: { accounts, tls: testKeys.own } });
    const trust = { verify: () => undefined };
    const session = await rig.connect({ passcode: 'secret', trust }, `filex://ann@127.0.0.1:${rig.port}/`);
    const bytes = content(100_000);
    const uploaded = await session.upload(bytes, 'a', { operationId: '0123456789abcdef0123456789abcdef' });
    await session.download('a', { write: () => undefined });
    await session.rename('a', 'b');
    await failureOf(session.stat('c'));
    await session.close();
    const { peer, ...figures } = await rig.event('disconnection');
    expect(peer).toMatchObject({ principal: 'ann', secure: true, mechanism: 'SCRAM-SHA-256-PLUS' });
    expect(figures).toMatchObject({ error: undefined, limit: undefined, operations: 4 });
    expect(figures.duration).toBeGreaterThan(0);
    // Both ways, with what TLS adds.
    for (const moved of [figures.received, figures.sent]) {
      expect(moved).toBeGreaterThan(100_000);
      expect(moved).toBeLessThan(110_000);
    }
    const { digest } = uploaded;
    expect(rig.events.filter(({ type }) => type === 'operation')).toMatchObject([
      {
        operation: 'upload',
        operationId: '0123456789abcdef0123456789abcdef',
        path: 'a',
        digest,
        algorithm: 'sha256',
      },
      { operation: 'download', bytes: 100_000, digest, algorithm: 'sha256', limit: undefined },
      { operation: 'rename', path: 'a', target: 'b', digest: undefined, algorithm: undefined },
      { operation: 'stat', code: 'NOT_FOUND', operationId: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
  });

  it('says where an upload is that was given another name', async () => {
    const rig = await Rig.start();
    const session = await rig.connect();
    await session.upload(content(10), 'a', { ifExists: 'rename' });
    const { path } = await session.upload(content(11), 'a', { ifExists: 'rename' });
    await session.close();
    await rig.event('disconnection');
    expect(path).not.toBe('a');
    expect(rig.events.filter(({ type }) => type === 'operation')).toMatchObject([
      { path: 'a', target: undefined },
      { path: 'a', target: path },
    ]);
  });

  it('says of plaintext, and of who has no name, as much', async () => {
    const rig = await Rig.start();
    const session = await rig.connect();
    await session.upload(content(50_000), 'a');
    await session.close();
    const { peer, received, operations } = await rig.event('disconnection');
    expect(peer).toMatchObject({ principal: 'anonymous', secure: false, mechanism: 'ANONYMOUS' });
    expect(operations).toBe(1);
    expect(received).toBeGreaterThan(50_000);
    expect(received).toBeLessThan(52_000);
  });
});
