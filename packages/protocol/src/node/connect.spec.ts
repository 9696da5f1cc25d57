import * as http from 'node:http';
import type * as net from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { messageFrame } from '../testing/frames.js';
import { greasedHello } from '../testing/peer.js';
import { PREFACE } from '../wire/preface.js';
import { ClientSession } from './client/session.js';
import { connect } from './connect.js';
import { Deferred, failureOf } from './testing/deferred.js';
import { hostileServer, RawPeer, rawServer } from './testing/raw-peer.js';
import { Rig } from './testing/rig.js';
import type { ConnectOptions } from './types.js';

vi.mock('./bounds.js', async (original) => ({
  ...(await original<typeof import('./bounds.js')>()),
  LINGER_TIMEOUT: 50,
}));

function failing(url: string, options: ConnectOptions = {}): Promise<unknown> {
  return failureOf(connect(url, options).then((session) => session.destroy()));
}

describe('connecting to', () => {
  it('a web server says so', async () => {
    const server = http.createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as net.AddressInfo;
    expect(await failing(`filex+tcp://127.0.0.1:${port}/`)).toMatchObject({
      code: 'WRONG_PROTOCOL',
      message: `127.0.0.1:${port} is not a FileX server: it answers with HTTP`,
      retry: false,
    });
  });

  it('a TLS server that closes without a word says what can be said', async () => {
    const server = tls.createServer({});
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void server.close());
    const { port } = server.address() as net.AddressInfo;
    expect(await failing(`filex+tcp://127.0.0.1:${port}/`)).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('before saying anything a FileX server says'),
    });
  });

  it.each([
    ['TLS', '\x15\x03\x03\x00\x02\x02\x46'],
    ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['FTP or SMTP', '220 mail.example ESMTP\r\n'],
    ['text', 'login: '],
    ['something unknown', '\x00\x01\x02'],
  ])('one that speaks %s says so', async (name, banner) => {
    const { url } = await rawServer((socket) => socket.write(banner, 'latin1'));
    expect(await failing(url)).toMatchObject({
      code: 'WRONG_PROTOCOL',
      message: expect.stringContaining(name),
    });
  });

  it('one that says nothing gives up after the timeout, and closes', async () => {
    const ended = new Deferred();
    const { url, port } = await rawServer(
      (socket) => void socket.resume().once('end', () => ended.resolve()),
    );
    expect(await failing(url, { timeout: 50 })).toMatchObject({
      code: 'TIMEOUT',
      message: `127.0.0.1:${port} did not answer within 50 ms`,
      retry: true,
    });
    await ended.promise;
  });

  it('one that stops in the middle of the handshake gives up after the timeout', async () => {
    const { url } = await rawServer((socket) => {
      socket.write(PREFACE);
      socket.write(messageFrame('HELLO', 0, { ...greasedHello, mechanisms: ['ANONYMOUS'] }));
    });
    expect(await failing(url, { timeout: 50 })).toMatchObject({ code: 'TIMEOUT' });
    expect(await failing(url, { limits: { handshakeTimeout: 50 } })).toMatchObject({ code: 'TIMEOUT' });
  });

  it.each([
    ['closes at once', (socket: net.Socket) => void socket.end()],
    ['resets at once', (socket: net.Socket) => void socket.resetAndDestroy()],
    ['closes in the middle of its preface', (socket: net.Socket) => void socket.end(PREFACE.subarray(0, 3))],
    [
      'says goodbye before anything else',
      (socket: net.Socket) => {
        socket.write(PREFACE);
        socket.write(messageFrame('GOAWAY', 0, { code: 0, lastStream: 0 }));
      },
    ],
  ])('one that %s cannot be reached', async (_what, act) => {
    const { url } = await rawServer(act);
    expect(await failing(url)).toMatchObject({ code: 'CONNECT_FAILED', retry: true });
  });

  it('one that wants a login we do not know says so', async () => {
    const { url } = await rawServer((socket) => {
      const peer = new RawPeer(socket);
      void peer.welcome({ mechanisms: ['KERBEROS'] }).catch(() => undefined);
    });
    expect(await failing(url)).toMatchObject({
      code: 'AUTH_FAILED',
      message: expect.stringContaining('KERBEROS'),
    });
  });

  it('one that asks for more than it said is not followed', async () => {
    const { url } = await rawServer((socket) => {
      const peer = new RawPeer(socket);
      void (async () => {
        await peer.next('HELLO');
        peer.send(PREFACE, messageFrame('HELLO', 0, { ...greasedHello, mechanisms: ['ANONYMOUS'] }));
        await peer.next('AUTH');
        peer.say('AUTH', 0, { step: 'continue', data: new Uint8Array(3) });
      })().catch(() => undefined);
    });
    expect(await failing(url)).toMatchObject({ code: 'AUTH_FAILED' });
  });

  it('one of another version says so', async () => {
    const { url } = await rawServer((socket) => {
      socket.write(PREFACE);
      socket.write(messageFrame('HELLO', 0, { ...greasedHello, versions: [7] }));
    });
    expect(await failing(url)).toMatchObject({
      code: 'VERSION_UNSUPPORTED',
      message: expect.stringContaining('7'),
    });
  });

  it('a port where nobody listens says so', async () => {
    const { port, server } = await rawServer(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    expect(await failing(`filex+tcp://127.0.0.1:${port}/`)).toMatchObject({
      code: 'CONNECT_FAILED',
      message: `cannot connect to 127.0.0.1:${port}: nothing listens there`,
    });
    // By name: it may stand for several addresses, each of which fails.
    expect(await failing(`filex+tcp://localhost:${port}/`)).toMatchObject({
      code: 'CONNECT_FAILED',
      message: `cannot connect to localhost:${port}: nothing listens there`,
    });
  });

  it('an address that is none says so', async () => {
    expect(await failing('http://127.0.0.1/')).toMatchObject({ code: 'URL_INVALID' });
  });

  it('a host by its name works, whichever of its addresses the server has', async () => {
    const { port } = await Rig.start();
    const session = await connect(`filex+tcp://localhost:${port}/`);
    expect(await session.ping()).toBeGreaterThan(0);
    await session.close();
  });
});

describe('a signal', () => {
  it('that was aborted before connects to nothing', async () => {
    const reason = new Error('enough');
    const { url } = await rawServer(() => expect.unreachable());
    expect(await failing(url, { signal: AbortSignal.abort(reason) })).toMatchObject({
      code: 'CANCELLED',
      cause: reason,
    });
  });

  it('that aborts in the handshake ends it, and the socket', async () => {
    const controller = new AbortController();
    const ended = new Deferred();
    const { url } = await rawServer((socket) => {
      socket.resume().once('end', () => ended.resolve());
      controller.abort();
    });
    expect(await failing(url, controller)).toMatchObject({
      code: 'CANCELLED',
      cause: controller.signal.reason,
    });
    await ended.promise;
  });

  it('that aborts later does not end the session', async () => {
    const rig = await Rig.start();
    const controller = new AbortController();
    const session = await rig.connect(controller);
    controller.abort();
    expect(await session.ping()).toBeGreaterThan(0);
    await session.close();
  });
});

it('who allows more time for connecting allows it for the handshake, as far as that can be', () => {
  const allowed = (timeout?: number): number =>
    new ClientSession({ timeout }, undefined).driver.connection.limits.handshakeTimeout;
  expect([undefined, 50, 30_000.5, Number.POSITIVE_INFINITY].map(allowed)).toEqual([
    10_000, 10_000, 30_001, 120_000,
  ]);
});

it('a timeout without end is none', async () => {
  const rig = await Rig.start();
  const session = await rig.connect({ timeout: Number.POSITIVE_INFINITY });
  await session.close();
});

it('what the server is called and computes can be seen', async () => {
  const { url } = await hostileServer(() => undefined, { agent: 'hand-made/1' });
  const session = await connect(url);
  onTestFinished(() => session.destroy());
  expect(session.server).toEqual({ agent: 'hand-made/1', principal: 'anonymous', algorithm: 'sha256' });
});
