import * as net from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createVerifier } from './auth/verifier.js';
import { connect } from './connect.js';
import { serve } from './serve.js';
import { failureOf } from './testing/deferred.js';
import { MemoryHandler } from './testing/memory-handler.js';
import { testKeys } from './testing/tls-keys.js';
import { fingerprintOf } from './tls/fingerprint.js';
import type { Accounts, ConnectOptions, ServeEvent, ServeOptions } from './types.js';

const fingerprint = fingerprintOf(testKeys.own.cert);
const verifier = await createVerifier('secret', 4096);
const accounts: Accounts = {
  iterations: 4096,
  verifier: async (user) => (user === 'ann' ? verifier : undefined),
};

async function serving(options: Partial<ServeOptions> = {}) {
  const handler = new MemoryHandler();
  const events: ServeEvent[] = [];
  const server = await serve({
    handler,
    host: '127.0.0.1',
    port: 0,
    tls: testKeys.own,
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => server.destroy());
  const { port } = server.address;
  return { handler, server, events, port, at: `127.0.0.1:${port}` };
}

async function session(url: string, options: ConnectOptions = {}) {
  const opened = await connect(url, options);
  onTestFinished(() => opened.destroy());
  return opened;
}

const failing = (url: string, options: ConnectOptions = {}) =>
  failureOf(connect(url, options).then((opened) => opened.destroy()));

/** Terminates TLS with a key of its own, and passes everything on to the real server. */
async function between(port: number): Promise<string> {
  const server = tls.createServer(
    { ...testKeys.other, minVersion: 'TLSv1.3', ALPNProtocols: ['filex/1'] },
    (client) => {
      const upstream = tls.connect({
        host: '127.0.0.1',
        port,
        rejectUnauthorized: false,
        ALPNProtocols: ['filex/1'],
      });
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
      client.pipe(upstream).pipe(client);
    },
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

describe('a filex:// server', () => {
  it('is known by the fingerprint of its key, and moves files', async () => {
    const { at, handler } = await serving();
    const opened = await session(`filex://${at}/?fp=${fingerprint}`);
    expect(opened.server.identity).toMatchObject({ name: at, fingerprint, authorized: false });
    const content = Buffer.alloc(3_000_000, 7);
    await opened.upload(content, 'a');
    expect(handler.files.get('a')?.content.equals(content)).toBe(true);
    const chunks: Uint8Array[] = [];
    for await (const chunk of opened.read('a')) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    await opened.close();
  });

  it('is refused when it has another key, with both fingerprints', async () => {
    const { at } = await serving({ tls: testKeys.other });
    expect(await failing(`filex://${at}/?fp=${fingerprint}`)).toMatchObject({
      code: 'IDENTITY_CHANGED',
      message: expect.stringMatching(new RegExp(`${fingerprintOf(testKeys.other.cert)}, not ${fingerprint}`)),
    });
  });

  it('is refused when nothing is known of it, unless somebody vouches for it', async () => {
    const { at } = await serving();
    expect(await failing(`filex://${at}/`)).toMatchObject({
      code: 'IDENTITY_UNKNOWN',
      message: expect.stringContaining(`?fp=${fingerprint}`),
    });
    const asked: unknown[] = [];
    const verify = (identity: unknown): void => void asked.push(identity);
    await (await session(`filex://${at}/`, { trust: { verify } })).close();
    expect(asked).toMatchObject([{ name: at, fingerprint, authorized: false }]);
    const refuse = () => Promise.reject(new Error('not that one'));
    expect(await failing(`filex://${at}/`, { trust: { verify: refuse } })).toMatchObject({
      message: expect.stringContaining('not that one'),
    });
    await (await session(`filex://${at}/`, { trust: { ca: testKeys.own.cert } })).close();
    expect(await failing(`filex://${at}/`, { trust: { ca: testKeys.other.cert } })).toMatchObject({
      code: 'IDENTITY_UNKNOWN',
    });
  });

  it('speaks plaintext on the same port, to who may', async () => {
    const { at } = await serving();
    const opened = await session(`filex+tcp://${at}/`);
    expect(opened.server.identity).toBeUndefined();
    expect(await opened.ping()).toBeGreaterThan(0);
    await opened.close();
    const strict = await serving({ plaintext: 'off' });
    expect(await failing(`filex+tcp://${strict.at}/`)).toMatchObject({ code: 'PLAINTEXT_REFUSED' });
    await (await session(`filex://${strict.at}/?fp=${fingerprint}`)).close();
  });

  it('speaks nothing below TLS 1.3, and no other protocol', async () => {
    const { port, events } = await serving();
    const shake = (options: tls.ConnectionOptions) =>
      new Promise<string>((resolve) => {
        const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
        socket.once('secureConnect', () => {
          resolve(`${socket.getProtocol()} ${String(socket.alpnProtocol)}`);
          socket.destroy();
        });
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
    expect(await shake({ maxVersion: 'TLSv1.2' })).toContain('PROTOCOL_VERSION');
    expect(await shake({ ALPNProtocols: ['h2', 'http/1.1'] })).toContain('NO_APPLICATION_PROTOCOL');
    expect(await shake({ ALPNProtocols: ['h2', 'filex/1'] })).toBe('TLSv1.3 filex/1');
    expect(await shake({})).toBe('TLSv1.3 false');
    expect(events.filter(({ type }) => type === 'refused').length).toBeGreaterThan(0);
  });

  it('is not taken for one when it speaks TLS and did not choose our protocol, even with the right key', async () => {
    let heard = 0;
    const other = tls.createServer({ ...testKeys.own, minVersion: 'TLSv1.3' }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        heard += 1;
      });
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as net.AddressInfo;
    expect(await failing(`filex://127.0.0.1:${port}/?fp=${fingerprint}`)).toMatchObject({
      code: 'WRONG_PROTOCOL',
    });
    expect(heard).toBe(0);
  });

  it.each(['destroy', 'resetAndDestroy'] as const)(
    'that goes away (%s) while somebody is asked about its key has gone away',
    async (how) => {
      const leaving = tls.createServer({
        ...testKeys.own,
        minVersion: 'TLSv1.3',
        ALPNProtocols: ['filex/1'],
      });
      leaving.on('tlsClientError', () => undefined);
      leaving.on('secureConnection', (socket) => socket.on('error', () => undefined));
      const accepted: net.Socket[] = [];
      leaving.on('connection', (socket: net.Socket) => accepted.push(socket));
      await new Promise<void>((resolve) => leaving.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void leaving.close());
      const { port } = leaving.address() as net.AddressInfo;
      const verify = async (): Promise<void> => {
        const socket = accepted[0] as net.Socket;
        if (how === 'destroy') socket.destroy();
        else socket.resetAndDestroy();
        await new Promise((resolve) => socket.once('close', resolve));
        for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
      };
      expect(await failing(`filex://127.0.0.1:${port}/`, { trust: { verify } })).toMatchObject({
        code: 'CONNECT_FAILED',
      });
    },
  );

  it('is not taken for one when it speaks plaintext only', async () => {
    const { at } = await serving({ tls: undefined });
    expect(await failing(`filex://${at}/?fp=${fingerprint}`)).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('TLS'),
    });
  });

  it('ends what begins and does not go on', async () => {
    const { port, server } = await serving({ limits: { handshakeTimeout: 60 } });
    const ended = (bytes: string) =>
      new Promise<void>((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    await Promise.all([ended(''), ended('\x16\x03'), ended('FILEX')]);
    await server.shutdown();
  });

  it('stops while somebody has not said what they want', async () => {
    const { port, server } = await serving();
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    await Promise.all([server.shutdown(), closed]);
  });
});

describe('a server with users', () => {
  it('lets in who knows the passcode, and says who they are', async () => {
    const { at, events, handler } = await serving({ accounts });
    for (const url of [`filex://ann@${at}/?fp=${fingerprint}`, `filex+tcp://ann@${at}/`]) {
      const opened = await session(url, { passcode: 'secret' });
      expect(opened.server.principal).toBe('ann');
      await opened.upload(Buffer.from('x'), url.slice(0, 6));
      await opened.close();
    }
    expect(handler.files.size).toBe(2);
    expect(events.filter(({ type }) => type === 'connection')).toMatchObject([
      { peer: { principal: 'ann' } },
      { peer: { principal: 'ann' } },
    ]);
  });

  it('keeps out all others, with the same words', async () => {
    const { at, events } = await serving({ accounts });
    const url = (user: string) => `filex://${user}${at}/?fp=${fingerprint}`;
    const wrong = await failing(url('ann@'), { passcode: 'Secret' });
    const unknown = await failing(url('bob@'), { passcode: 'secret' });
    expect(wrong).toMatchObject({ code: 'AUTH_FAILED' });
    expect((unknown as Error).message).toBe((wrong as Error).message);
    expect(await failing(url(''))).toMatchObject({ code: 'AUTH_FAILED' });
    expect(await failing(url('ann@'))).toMatchObject({
      code: 'AUTH_FAILED',
      message: expect.stringContaining('no passcode'),
    });
    expect(events.filter(({ type }) => type === 'login failure')).toMatchObject([
      { user: 'ann', reason: 'the passcode is wrong' },
      { user: 'bob', reason: 'there is no such user' },
    ]);
    expect(events.filter(({ type }) => type === 'connection')).toEqual([]);
  });

  it('takes anonymous clients beside users when asked to', async () => {
    const { at } = await serving({ accounts, anonymous: true });
    const opened = await session(`filex://${at}/?fp=${fingerprint}`);
    expect(opened.server.principal).toBe('anonymous');
  });

  it('notices somebody in between who relays with another key, also when the client trusts that key', async () => {
    const { port, events } = await serving({ accounts });
    const relay = await between(port);
    const trust = { verify: () => undefined };
    expect(await failing(`filex://ann@${relay}/`, { passcode: 'secret', trust })).toMatchObject({
      code: 'AUTH_FAILED',
    });
    expect(events.filter(({ type }) => type === 'login failure')).toMatchObject([
      { reason: expect.stringContaining('channel') },
    ]);
  });
});
