import { type ConnectionOptions, connect as dialTls } from 'node:tls';
import type { Attack } from '../harness/attack.js';
import type { Scene } from '../harness/scene.js';
import { frame, header, message, PREFACE, rawFrame, types, type Values } from '../harness/wire.js';

/** Before anything else, says `bytes`, and tells how the server ends it. */
const begins =
  (...bytes: readonly Uint8Array[]) =>
  async (scene: Scene): Promise<string> => {
    const client = await scene.connect();
    return client.send(...bytes).verdict();
  };

/** As `begins`, to a server that knows the peer for a foreign one: in which language it answers. */
const foreign =
  (bytes: string | Uint8Array) =>
  async (scene: Scene): Promise<string> => {
    const client = await scene.connect();
    client.send(Buffer.from(bytes as string));
    await client.gone();
    const answer = client.foreign.toString('latin1');
    if (answer.startsWith('HTTP/1.1 400 ')) return 'HTTP 400';
    if (answer.startsWith('\x15\x03')) return 'TLS alert';
    if (/^This is a FileX server[^\n]*\n$/m.test(answer)) return 'a line of text';
    return answer === '' ? 'closed' : JSON.stringify(answer);
  };

const helloWith =
  (values: Values) =>
  async (scene: Scene): Promise<string> => {
    const client = await scene.connect();
    return client.greet(values).verdict();
  };

/** TLS with these settings: `connected`, or the alert that ends it. */
const secureWith =
  (options: ConnectionOptions) =>
  (scene: Scene): Promise<string> =>
    new Promise((resolve) => {
      const socket = dialTls(
        { port: scene.port, host: '127.0.0.1', rejectUnauthorized: false, ...options },
        () => resolve(`connected ${socket.getProtocol()} ${socket.alpnProtocol}`),
      );
      scene.onEnd(() => void socket.destroy());
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });

export const handshake: readonly Attack[] = [
  {
    id: 'handshake-http',
    class: 'handshake',
    target: 'server',
    what: 'a web browser',
    expected: 'HTTP 400',
    slice: true,
    run: foreign('GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n'),
  },
  {
    id: 'handshake-ssh',
    class: 'handshake',
    target: 'server',
    what: 'an SSH client',
    expected: 'a line of text',
    run: foreign('SSH-2.0-OpenSSH_9.2p1\r\n'),
  },
  {
    id: 'handshake-binary',
    class: 'handshake',
    target: 'server',
    what: 'a megabyte of nonsense',
    expected: 'closed',
    run: foreign(Buffer.alloc(1024 * 1024, 0xfe)),
  },
  {
    id: 'handshake-tls-garbage',
    class: 'handshake',
    target: 'server',
    what: 'a TLS record header with garbage behind it',
    expected: ['closed', 'TLS alert'],
    slice: true,
    run: foreign(Buffer.concat([Buffer.from('1603010200', 'hex'), Buffer.alloc(512, 0xa5)])),
  },
  {
    id: 'handshake-tls-oversized',
    class: 'handshake',
    target: 'server',
    what: 'a TLS record that announces 65 535 bytes',
    expected: ['closed', 'TLS alert'],
    run: foreign(Buffer.concat([Buffer.from('160301ffff', 'hex'), Buffer.alloc(65_535, 1)])),
  },
  {
    id: 'handshake-tls-1.2',
    class: 'handshake',
    target: 'server',
    what: 'TLS 1.2',
    expected: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    slice: true,
    run: secureWith({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
  },
  {
    id: 'handshake-alpn',
    class: 'handshake',
    target: 'server',
    what: 'TLS for another application (ALPACA)',
    expected: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    run: secureWith({ ALPNProtocols: ['http/1.1', 'h2'] }),
  },
  {
    id: 'handshake-damaged-preface',
    class: 'handshake',
    target: 'server',
    what: 'a preface as a text-mode transfer damages it',
    expected: 'a line of text',
    run: foreign('FILEX\n\x1a\0\0\0\0'),
  },
  {
    id: 'handshake-half-preface',
    class: 'handshake',
    target: 'server',
    what: 'half of the preface, then the end',
    expected: 'closed',
    run: async (scene) => {
      const client = await scene.connect();
      client.send(PREFACE.subarray(0, 4));
      client.socket.end();
      await client.gone();
      return client.ending;
    },
  },
  {
    id: 'handshake-oversized-hello',
    class: 'handshake',
    target: 'server',
    what: 'a HELLO one byte longer than a frame may be',
    expected: 'GOAWAY FRAME_TOO_LARGE',
    slice: true,
    run: begins(PREFACE, header(65_537, types.HELLO)),
  },
  {
    id: 'handshake-malformed-hello',
    class: 'handshake',
    target: 'server',
    what: 'a HELLO with a nonce of 31 bytes',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    slice: true,
    run: helloWith({ nonce: Buffer.alloc(31) }),
  },
  {
    id: 'handshake-no-version',
    class: 'handshake',
    target: 'server',
    what: 'a HELLO with 30 000 versions, none of which there is',
    expected: 'GOAWAY VERSION_UNSUPPORTED',
    run: helloWith({ versions: Array.from({ length: 30_000 }, (_, i) => 2 + i) }),
  },
  {
    id: 'handshake-no-digest',
    class: 'handshake',
    target: 'server',
    what: 'a downgrade to no digest at all',
    expected: 'GOAWAY VERSION_UNSUPPORTED',
    run: helloWith({ digests: [0x0a0a] }),
  },
  {
    id: 'handshake-tiny-window',
    class: 'handshake',
    target: 'server',
    what: 'a window of one byte, to be sent every byte in a frame of its own',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: helloWith({ streamWindow: 1, connectionWindow: 1 }),
  },
  {
    id: 'handshake-hello-twice',
    class: 'handshake',
    target: 'server',
    what: 'HELLO a second time, to negotiate again',
    expected: 'GOAWAY STATE_VIOLATION',
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      return client.send(client.helloBytes()).verdict();
    },
  },
  {
    id: 'handshake-open-before-login',
    class: 'handshake',
    target: 'server',
    what: 'OPEN of a download before authentication, in the same write as HELLO',
    expected: 'GOAWAY STATE_VIOLATION',
    slice: true,
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      client.open('download', { path: 'kept/precious.txt' });
      const verdict = await client.verdict();
      return client.kept.some(({ name }) => name === 'ACCEPT' || name === 'DATA') ? 'let in' : verdict;
    },
  },
  {
    id: 'handshake-auth-first',
    class: 'handshake',
    target: 'server',
    what: 'AUTH before HELLO',
    expected: 'GOAWAY STATE_VIOLATION',
    run: begins(PREFACE, frame('AUTH', 0, { mechanism: 'ANONYMOUS' })),
  },
  {
    id: 'handshake-success-from-client',
    class: 'handshake',
    target: 'server',
    what: 'a client that says *success* to itself',
    expected: ['GOAWAY AUTH_FAILED', 'GOAWAY STATE_VIOLATION', 'GOAWAY MESSAGE_MALFORMED'],
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      await client.receive('HELLO');
      return client.frame('AUTH', 0, { step: 1, principal: 'honest' }).verdict();
    },
  },
  {
    id: 'handshake-bytes-before-login',
    class: 'handshake',
    target: 'server',
    what: '64 MiB of frames that are to be skipped, before authentication',
    expected: ['GOAWAY RATE_LIMITED', 'GOAWAY FRAME_TOO_LARGE'],
    growth: 48,
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      await client.receive('HELLO');
      await client.pour(rawFrame(0xf0, 0, Buffer.alloc(65_000)), 64 * 1024 * 1024);
      return client.verdict();
    },
  },
  {
    id: 'handshake-mechanism',
    class: 'handshake',
    target: 'server',
    what: 'a mechanism that was not offered, named like one',
    expected: 'GOAWAY AUTH_FAILED',
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      await client.receive('HELLO');
      return client
        .send(rawFrame(types.AUTH, 0, message('AUTH', { mechanism: 'PLAIN\n', data: 'x' })))
        .verdict();
    },
  },
];
