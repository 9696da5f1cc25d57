import { describe, expect, it } from 'vitest';
import { Connection } from '../connection.js';
import { LocalProtocolError } from '../errors.js';
import { concat, cut } from '../testing/bytes.js';
import { messageFrame, rawField, rawFrame } from '../testing/frames.js';
import { Bench, faultOf, greasedHello, read } from '../testing/peer.js';
import { frameTypes } from '../wire/frame.js';
import { encodeMessage } from '../wire/messages.js';
import { foreignReply, PREFACE } from '../wire/preface.js';

const hello = messageFrame('HELLO', 0, greasedHello);

describe('the handshake', () => {
  it('of a client begins at once; of a server, when it was greeted', () => {
    const client = new Bench({ role: 'client' });
    const output = client.connection.takeOutput();
    expect(concat(output).subarray(0, 8)).toEqual(PREFACE);
    expect(read(output)).toEqual([
      expect.objectContaining({ frame: 'HELLO', versions: [1], digests: [1], agent: '' }),
    ]);
    expect(client.connection.state).toBe('greeted');

    const server = new Bench({ role: 'server' });
    expect(server.connection.outputSize).toBe(0);
    expect(server.connection.state).toBe('idle');
    expect(server.feed(PREFACE, hello)).toEqual([expect.objectContaining({ type: 'negotiated' })]);
    const reply = server.connection.takeOutput();
    expect(concat(reply).subarray(0, 8)).toEqual(PREFACE);
    expect(read(reply)).toEqual([expect.objectContaining({ frame: 'HELLO', mechanisms: ['ANONYMOUS'] })]);
  });

  it('settles on what both have, and passes over what only a later version knows', () => {
    const server = new Bench({ role: 'server', capabilities: [1, 2, 3], digests: ['blake3', 'sha256'] });
    const later = {
      ...greasedHello,
      capabilities: [0xdada, 3, 1],
      digests: [0x3a3a, 1, 2],
      agent: 'other/2',
    };
    const payload = concat([encodeMessage('HELLO', later), rawField(0x7a7b, Uint8Array.of(1, 2, 3))]);
    const ignorable = rawFrame(0xda, 0x8000_0001, Uint8Array.of(1, 2, 3), 0xff);
    expect(server.feed(PREFACE, ignorable, rawFrame(frameTypes.HELLO, 0, payload), ignorable)).toEqual([
      {
        type: 'negotiated',
        version: 1,
        // The client's best among those the server has.
        algorithm: 'sha256',
        digests: ['sha256', 'blake3'],
        agent: 'other/2',
        capabilities: [1, 3],
        mechanisms: [],
      },
    ]);
    expect(server.connection.negotiated).toMatchObject({ algorithm: 'sha256' });

    const client = new Bench({ role: 'client', digests: ['blake3', 'sha256'] });
    const [event] = client.feed(
      PREFACE,
      messageFrame('HELLO', 0, { ...greasedHello, digests: [1, 2], mechanisms: ['X'] }),
    );
    expect(event).toMatchObject({ type: 'negotiated', algorithm: 'blake3', mechanisms: ['X'] });
  });

  it('knows both HELLOs as they were said, until authentication has ended', () => {
    const server = new Bench({ role: 'server' });
    const client = new Bench({ role: 'client' });
    const said = client.connection.takeOutput();
    expect(client.connection.helloTranscript).toBeUndefined();
    for (const part of said) for (const byte of part) server.feed(Uint8Array.of(byte));
    const answered = server.connection.takeOutput();
    client.feed(...answered);
    const frames = Buffer.concat([...said, ...answered].map((part) => Buffer.from(part)));
    const [client8, server8] = [frames.indexOf(PREFACE), frames.lastIndexOf(PREFACE)];
    const both = Buffer.concat([frames.subarray(client8 + 8, server8), frames.subarray(server8 + 8)]);
    for (const { connection } of [client, server])
      expect(Buffer.from(connection.helloTranscript ?? [])).toEqual(both);
  });

  it('goes through as many steps of authentication as the mechanism wants', () => {
    const server = new Bench({ role: 'server' });
    const client = new Bench({ role: 'client' });
    server.feed(...client.connection.takeOutput());
    client.feed(...server.connection.takeOutput());
    client.connection.authenticate('SCRAM-SHA-256', Uint8Array.of(1));
    expect(server.feed(...client.connection.takeOutput())).toEqual([
      { type: 'auth', mechanism: 'SCRAM-SHA-256', data: Uint8Array.of(1) },
    ]);
    server.connection.challenge(Uint8Array.of(2));
    expect(client.feed(...server.connection.takeOutput())).toEqual([
      { type: 'auth', mechanism: undefined, data: Uint8Array.of(2) },
    ]);
    client.connection.authenticate(undefined, Uint8Array.of(3));
    server.feed(...client.connection.takeOutput());
    server.connection.authenticated('ann', Uint8Array.of(4));
    expect(server.connection.events()).toEqual([{ type: 'ready', principal: 'ann', data: undefined }]);
    const heard = [client, server].map(({ connection }) => connection.helloTranscript);
    expect(client.feed(...server.connection.takeOutput())).toEqual([
      { type: 'ready', principal: 'ann', data: Uint8Array.of(4) },
    ]);
    expect(heard).toEqual([expect.any(Uint8Array), undefined]);
    expect(client.connection.helloTranscript).toBeUndefined();
    expect([client.connection.state, server.connection.state]).toEqual(['open', 'open']);
    expect(client.connection.canOpen).toBe(true);
    expect(server.connection.canOpen).toBe(false);
  });

  it.each([
    ['no version in common', { versions: [2, 0x7a7a] }, 'VERSION_UNSUPPORTED'],
    ['no version at all', { versions: [] }, 'VERSION_UNSUPPORTED'],
    ['no digest in common', { digests: [2, 9] }, 'VERSION_UNSUPPORTED'],
    ['frames too small to be of use', { maxDataPayload: 4095 }, 'MESSAGE_MALFORMED'],
    ['no streams', { maxStreams: 0 }, 'MESSAGE_MALFORMED'],
    ['a stream window too small for a listing', { streamWindow: 8191 }, 'MESSAGE_MALFORMED'],
    ['a connection window too small for a listing', { connectionWindow: 0 }, 'MESSAGE_MALFORMED'],
  ])('with %s ends in a GOAWAY that the peer can read', (_what, change, code) => {
    for (const role of ['client', 'server'] as const) {
      const bench = new Bench({ role });
      bench.connection.takeOutput();
      const events = bench.feed(PREFACE, messageFrame('HELLO', 0, { ...greasedHello, ...change }), hello);
      expect(events).toEqual([expect.objectContaining({ type: 'fault', code })]);
      expect(bench.connection.state).toBe('closed');
      const output = bench.connection.takeOutput();
      if (role === 'server') expect(concat(output).subarray(0, 8)).toEqual(PREFACE);
      expect(read(output)).toEqual([expect.objectContaining({ frame: 'GOAWAY', stream: 0, lastStream: 0 })]);
    }
  });

  it.each([
    ['a second HELLO', [hello, hello]],
    ['AUTH before HELLO', [messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' })]],
    ['a step of AUTH after a step of AUTH', [hello, ...Array(2).fill(messageFrame('AUTH', 0, {}))]],
    [
      'an operation before AUTH',
      [hello, messageFrame('OPEN', 1, { operation: 4, operationId: new Uint8Array(16) })],
    ],
    ['DATA before AUTH', [hello, rawFrame(frameTypes.DATA, 1, Uint8Array.of(1))]],
    ['credit before AUTH', [hello, messageFrame('CREDIT', 0, { limit: 1 })]],
    ['a PING before AUTH', [hello, messageFrame('PING', 0, { token: 1 })]],
    ['a PING before HELLO', [messageFrame('PING', 0, { token: 1 })]],
  ])('is not taken with %s', (_what, frames) => {
    const server = new Bench({ role: 'server' });
    expect(faultOf(server.feed(PREFACE, ...frames))).toBe('STATE_VIOLATION');
  });

  it('of a server that says no before it was greeted can be read by the client', () => {
    const server = new Bench({ role: 'server' });
    server.connection.abort('TOO_MANY_CONNECTIONS', 'come back later');
    const client = new Bench({ role: 'client' });
    expect(client.feed(...server.connection.takeOutput())).toEqual([
      { type: 'goaway', code: 'TOO_MANY_CONNECTIONS', lastStream: 0, reason: 'come back later' },
    ]);
    expect(client.connection.state).toBe('closed');
    // What the client sent meanwhile is not read any more.
    expect(server.feed(...client.connection.takeOutput())).toEqual([]);
  });

  it('is refused by a server with its reason, and an OK is no success before it is over', () => {
    const client = new Bench({ role: 'client' });
    client.feed(PREFACE, hello);
    client.connection.authenticate('ANONYMOUS');
    const [event] = client.hear('GOAWAY', 0, { code: 0x0a, lastStream: 0, reason: 'who?' });
    expect(event).toMatchObject({ type: 'goaway', code: 'AUTH_FAILED', reason: 'who?' });
    expect(client.connection.state).toBe('closed');

    const early = new Bench({ role: 'client' });
    early.feed(PREFACE, messageFrame('GOAWAY', 0, { code: 0, lastStream: 0 }));
    expect(early.connection.state).toBe('closed');
  });

  it('is malformed when the server does not say which step of AUTH it is', () => {
    const client = new Bench({ role: 'client' });
    client.feed(PREFACE, hello);
    client.connection.authenticate('ANONYMOUS');
    expect(faultOf(client.hear('AUTH', 0, { data: Uint8Array.of(1) }))).toBe('MESSAGE_MALFORMED');
  });

  it('must be over in time, on either side', () => {
    for (const role of ['client', 'server'] as const) {
      const bench = new Bench({ role, limits: { handshakeTimeout: 500 } });
      expect(bench.connection.nextTimeout()).toBe(1500);
      bench.feed(PREFACE.subarray(0, 3));
      expect(bench.pass(499)).toEqual([]);
      expect(faultOf(bench.pass(1))).toBe('TIMEOUT');
      expect(bench.connection.nextTimeout()).toBeUndefined();
      expect(bench.sent().at(-1)).toMatchObject({ frame: 'GOAWAY', code: 0x0b });
    }
    // A byte now and then is no progress.
    const slow = new Bench({ role: 'server', limits: { handshakeTimeout: 500 } });
    for (const byte of cut(concat([PREFACE, hello]).subarray(0, 40), [1])) {
      slow.feed(byte);
      slow.pass(20);
    }
    expect(slow.connection.state).toBe('closed');
  });

  it('takes an offer that does not fit for a mistake of the caller, at once', () => {
    const base = { now: 0, random: (size: number) => new Uint8Array(size) };
    for (const role of ['client', 'server'] as const) {
      expect(() => new Connection({ ...base, role, capabilities: [70_000] })).toThrow(LocalProtocolError);
      expect(() => new Connection({ ...base, role, digests: ['md5' as never] })).toThrow(LocalProtocolError);
      expect(() => new Connection({ ...base, role, random: () => new Uint8Array(3) })).toThrow(
        LocalProtocolError,
      );
      expect(() => new Connection({ ...base, role, limits: { maxStreams: 0 } })).toThrow(RangeError);
      expect(() => new Connection({ ...base, role, agent: 'é'.repeat(500) })).not.toThrow();
    }
    expect(() => new Connection({ ...base, role: 'server', mechanisms: ['x'.repeat(65)] })).toThrow(
      LocalProtocolError,
    );
  });
});

describe('a peer that speaks something else', () => {
  const ascii = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
  it.each([
    ['HTTP', ascii('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'HTTP/1.1 200 OK\r\n'],
    ['TLS', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0), '\x15\x03\x03\x00\x02\x02\x28'],
    ['SSH', ascii('SSH-2.0-OpenSSH_9.6\r\n'), 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['FTP or SMTP', ascii('220 hi\r\n'), '220 mail.example ESMTP\r\n'],
    ['text', ascii('hello\r\n'), 'login: '],
    ['something unknown', Uint8Array.of(0xff, 0xfb, 1), '\xff\xfd\x18'],
  ] as const)('%s is told so in its own words by a server, and named by a client', (name, said, answered) => {
    for (const sizes of [[1], [1000]]) {
      const server = new Bench({ role: 'server' });
      const events = cut(said, sizes).flatMap((piece) => server.feed(piece));
      expect(events).toEqual([
        { type: 'fault', code: 'BAD_PREFACE', message: expect.stringContaining(name) },
      ]);
      expect(concat(server.connection.takeOutput())).toEqual(foreignReply(name));
      expect(server.connection.state).toBe('closed');

      const client = new Bench({ role: 'client' });
      client.connection.takeOutput();
      const heard = cut(ascii(answered), sizes).flatMap((piece) => client.feed(piece));
      expect(heard).toEqual([{ type: 'fault', code: 'BAD_PREFACE', message: expect.stringContaining(name) }]);
      expect(client.connection.outputSize).toBe(0);
    }
  });
});
