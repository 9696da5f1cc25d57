import { once } from 'node:events';
import { createServer as createHttpServer, get } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { cleanUp } from '../harness/clean-up.js';
import { filex } from '../harness/client.js';
import { Command } from '../harness/command.js';
import { repository } from '../harness/paths.js';
import { exchange, listen, rawServer } from '../harness/raw-peer.js';
import { startServer } from '../harness/server.js';

const OTHER = 1;

async function portOf(server: Server): Promise<number> {
  await listen(server);
  cleanUp(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A server of somebody who gave it no key. */
async function plaintextOnly(): Promise<number> {
  const server = new Command(process.execPath, [join(repository, 'examples/embedded-server.mjs'), '0']);
  return Number(new URL(await server.line('stdout', /^filex\+tcp:/)).port);
}

/** Servers of others, and what the client has to call them. */
const strangers: readonly (readonly [string, () => Promise<number>, RegExp])[] = [
  ['a web server', () => portOf(createHttpServer((_, response) => response.end('hi'))), /HTTP/],
  ['a TLS server', () => rawServer((s) => void s.end(Buffer.from('15030100020246', 'hex'))), /TLS/],
  ['an SSH server', () => rawServer((s) => void s.write('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n')), /SSH/],
  ['a mail server', () => rawServer((s) => void s.write('220 mail.example ESMTP\r\n')), /FTP or SMTP/],
  [
    'something that talks nonsense',
    () => rawServer((s) => void s.write(Buffer.alloc(64, 0xfe))),
    /not a FileX/,
  ],
];

describe('the client', () => {
  test.each(strangers)('told of %s: exit 1 and what it is', async (_title, start, name) => {
    const port = await start();
    const exit = await filex(['ls', `filex+tcp://127.0.0.1:${port}/`]);
    expect(exit.code, exit.stderr).toBe(OTHER);
    expect(exit.stderr).toMatch(name);
    expect(exit.stderr).toContain(`127.0.0.1:${port}`);
    expect(exit.stderr).toMatch(/Check host and port/);
    expect(exit.stdout).toBe('');
  });

  test.each([
    ['something', () => rawServer((socket) => void socket.end())],
    // OpenSSL says nothing to somebody whose first bytes are not TLS; it needs no certificate for that.
    ['a TLS server of Node', () => portOf(createTlsServer({}))],
  ] as const)('%s that hangs up without a word: exit 5', async (_title, start) => {
    const port = await start();
    const exit = await filex(['ls', `filex+tcp://127.0.0.1:${port}/`]);
    expect(exit.code, exit.stderr).toBe(5);
    expect(exit.stderr).toMatch(/closed the connection/);
  });

  test('something that never says a word: exit 10 when the time is up', async () => {
    const port = await rawServer(() => undefined);
    const exit = await filex(['ls', '--connect-timeout', '1', `filex+tcp://127.0.0.1:${port}/`]);
    expect(exit.code, exit.stderr).toBe(10);
    expect(exit.stderr).toMatch(/did not answer/);
  });

  test('a server that speaks plaintext only, asked for TLS, is not spoken to in plaintext', async () => {
    const exit = await filex(['ls', `filex://127.0.0.1:${await plaintextOnly()}/`]);
    expect(exit.code, exit.stderr).toBe(5);
    expect(exit.stderr).toMatch(/TLS/);
  });
});

describe('the server', () => {
  test('tells a browser that it is no web server', async () => {
    const server = await startServer();
    const [response] = await once(get({ host: '127.0.0.1', port: server.port }), 'response');
    expect(response.statusCode).toBe(400);
    const body = (await response.setEncoding('utf8').toArray()).join('');
    expect(body).toMatch(/FileX.*filex-client/);
    await server.command.line('stderr', /refused a connection.*|.*HTTP/);
  });

  test('without TLS, answers it with an alert that says which protocol is wrong', async () => {
    const port = await plaintextOnly();
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    const [error] = await once(socket, 'error');
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  test('tells SSH and whoever types text what this is', async () => {
    const server = await startServer();
    for (const words of ['SSH-2.0-OpenSSH_9.2p1\r\n', 'hello, who is there?\r\n']) {
      expect(String(await exchange(server.port, words))).toMatch(/This is a FileX server/);
    }
  });

  test('hangs up on nonsense and goes on serving others', async () => {
    const server = await startServer();
    expect(await exchange(server.port, Buffer.alloc(4096, 0xfe))).toHaveLength(0);
    // A preface that begins well, then a frame of four gigabytes.
    await exchange(server.port, Buffer.from('46494c45580d0a1affffffff0100000000000000', 'hex'));
    const exit = await filex(['ping', '-c', '1', server.url()]);
    expect(exit.code, exit.stderr).toBe(0);
  });
});
