import { describe, expect, it } from 'vitest';
import { codes } from '../codes.js';
import { LocalProtocolError } from '../errors.js';
import { MAX_U64 } from '../limits.js';
import { dataFrame, messageFrame } from '../testing/frames.js';
import { Bench, faultOf, op } from '../testing/peer.js';
import type { Entry } from '../vocabulary.js';
import type { Messages } from '../wire/messages.js';

const digest = new Uint8Array(32).fill(3);
const entry: Entry = { path: 'a', kind: 'file', size: 1, mtime: 0, executable: false };
const failure = { status: 'NO_SPACE', effect: 'none' } as const;

describe('stream ids', () => {
  it('given by a client are odd and go up by two', () => {
    const { connection } = Bench.open('client');
    expect([connection.open({ operation: 'stat' }), connection.open({ operation: 'list' })]).toEqual([1, 3]);
  });

  it.each([
    ['even', [2]],
    ['used again', [1, 1]],
    ['lower than one before', [5, 3]],
  ])('that are %s end the connection', (_what, ids) => {
    const server = Bench.open('server');
    for (const id of ids.slice(0, -1)) expect(faultOf(server.hearOpen(id, op.stat))).toBeUndefined();
    expect(faultOf(server.hearOpen(ids.at(-1) as number, op.stat))).toBe('STREAM_LIMIT');
  });

  it('may leave some out, and reach the last there is', () => {
    const server = Bench.open('server');
    for (const id of [1, 7, 0xffff_ffff]) {
      expect(server.hearOpen(id, op.stat)).toEqual([expect.objectContaining({ type: 'open', stream: id })]);
    }
    server.connection.result(0xffff_ffff, { status: 'OK', effect: 'none' });
    expect(server.sent().at(-1)).toMatchObject({ frame: 'RESULT', stream: 0xffff_ffff });
  });
});

describe('the limit of streams', () => {
  it('of the peer is kept by a client', () => {
    const { connection } = Bench.open('client', { hello: { maxStreams: 2 } });
    connection.open({ operation: 'stat' });
    expect(connection.canOpen).toBe(true);
    connection.open({ operation: 'stat' });
    expect(connection.canOpen).toBe(false);
    expect(() => connection.open({ operation: 'stat' })).toThrow(LocalProtocolError);
    expect(connection.openStreams).toBe(2);
  });

  it('is kept against the peer', () => {
    const server = Bench.open('server', { limits: { maxStreams: 2 } });
    for (const id of [1, 3]) server.hearOpen(id, op.upload);
    expect(faultOf(server.hearOpen(5, op.upload))).toBe('STREAM_LIMIT');
  });

  it('counts a stream until its last word was taken, so that a peer that never reads cannot pile up answers', () => {
    const server = Bench.open('server', { limits: { maxStreams: 3 } });
    let faults = 0;
    for (let id = 1; id < 2000 && faults === 0; id += 2) {
      const events = server.hearOpen(id, id % 4 === 1 ? 99 : op.stat);
      if (server.connection.isOpen(id)) server.connection.result(id, { status: 'NOT_FOUND', effect: 'none' });
      if (faultOf(events) === 'STREAM_LIMIT') faults += 1;
    }
    expect(faults).toBe(1);
    expect(server.connection.outputSize).toBeLessThan(400);

    const reading = Bench.open('server', { limits: { maxStreams: 3 } });
    for (let id = 1; id < 200; id += 2) {
      expect(faultOf(reading.hearOpen(id, 99))).toBeUndefined();
      expect(reading.sent()).toMatchObject([{ frame: 'RESULT', stream: id }]);
    }
  });
});

describe('frames that only one end sends', () => {
  const result: Messages['RESULT'] = { status: 0x2b, effect: 'none' };

  // The tables name events for their sender. Taken from the wrong end, RESULT would end the server's own operation.
  it.each([
    ['ACCEPT', { offset: 0, epoch: 0 }],
    ['ACK', { offset: 0 }],
    ['ENTRY', { entries: [entry] }],
    ['RESULT', result],
  ] as const)('%s is not taken from a client', (name, message) => {
    for (const operation of Object.values(op)) {
      const server = Bench.open('server');
      server.hearOpen(1, operation);
      expect(server.hear(name, 1, message as never)).toEqual([
        { type: 'fault', code: 'STATE_VIOLATION', message: `${name}, which only a server sends` },
      ]);
    }
  });

  it('OPEN is not taken from a server', () => {
    const client = Bench.open('client');
    expect(faultOf(client.hearOpen(1, op.stat))).toBe('STATE_VIOLATION');
  });
});

describe('an upload', () => {
  const opened = (more = {}, options = {}) => {
    const server = Bench.open('server', {
      limits: { initialStreamWindow: 8192, initialConnectionWindow: 10_000 },
      ...options,
    });
    server.hearOpen(1, op.upload, more);
    return server;
  };

  it('may come whole before anything was said about it', () => {
    const server = Bench.open('server');
    const bytes = Uint8Array.of(1, 2, 3);
    const events = server.feed(
      messageFrame('OPEN', 1, {
        operation: op.upload,
        operationId: digest.subarray(0, 16),
        path: 'a/b',
        size: 3,
      }),
      dataFrame(1, bytes),
      messageFrame('END', 1, { length: 3, digest }),
    );
    expect(events).toEqual([
      {
        type: 'open',
        stream: 1,
        request: expect.objectContaining({ operation: 'upload', path: 'a/b', size: 3 }),
      },
      { type: 'data', stream: 1, bytes },
      { type: 'end', stream: 1, length: 3, digest },
    ]);
    server.connection.result(1, { status: 'OK', effect: 'applied', outcome: 'created', path: 'a/b' });
    expect(server.sent()).toMatchObject([
      { frame: 'RESULT', stream: 1, status: 0, outcome: 'created', path: 'a/b' },
    ]);
    expect(server.connection.openStreams).toBe(0);
  });

  it.each([
    ['more than the stream was granted', [8193], 'CREDIT_EXCEEDED'],
    ['more than the stream was granted, in pieces', [8000, 193], 'CREDIT_EXCEEDED'],
    ['all it was granted', [8000, 192], undefined],
  ])('of %s', (_what, sizes, code) => {
    const server = opened();
    expect(sizes.map((size) => faultOf(server.hearData(1, size))).at(-1)).toBe(code);
  });

  it('of more than the connection was granted is refused on the header, before a byte of it', () => {
    const server = opened({}, { reserveCredit: () => false });
    server.hearOpen(3, op.upload);
    expect(faultOf(server.hearData(1, 8000))).toBeUndefined();
    const frame = dataFrame(3, new Uint8Array(2001));
    expect(faultOf(server.feed(frame.subarray(0, 9)))).toBeUndefined();
    expect(faultOf(server.feed(frame.subarray(9, 10)))).toBe('CREDIT_EXCEEDED');
  });

  it('ends with the length that came, or the connection does', () => {
    for (const length of [0, 4, 6, MAX_U64]) {
      const server = opened();
      server.hearData(1, 5);
      expect(faultOf(server.hear('END', 1, { length, digest }))).toBe('LENGTH_MISMATCH');
    }
  });

  it('takes nothing after its END', () => {
    for (const again of [dataFrame(1, digest), messageFrame('END', 1, { length: 0, digest })]) {
      const server = opened();
      server.hear('END', 1, { length: 0, digest });
      expect(faultOf(server.feed(again))).toBe('STATE_VIOLATION');
    }
  });

  it('that was refused is heard out: what is under way is dropped and its credit returned', () => {
    const server = opened();
    server.hearData(1, 4000);
    server.connection.result(1, failure);
    expect(server.connection.isOpen(1)).toBe(true);
    server.connection.consume(1, 4000);
    server.connection.takeOutput();
    expect(server.hearData(1, 4000)).toEqual([]);
    expect(server.sent()).toMatchObject([{ frame: 'CREDIT', stream: 0, limit: 8000 + 20_000 }]);
    // A length that does not fit is of no interest any more.
    expect(server.hear('END', 1, { length: 1, digest })).toEqual([]);
    expect(server.connection.openStreams).toBe(0);
    expect(faultOf(server.hearData(1, 1))).toBe('STATE_VIOLATION');
  });

  it('can be refused in the middle of a frame', () => {
    const server = opened();
    const frame = dataFrame(1, new Uint8Array(1000).fill(1));
    expect(server.feed(frame.subarray(0, 500))).toMatchObject([{ type: 'data', stream: 1 }]);
    server.connection.reset(1, 'NO_SPACE');
    expect(server.feed(frame.subarray(500))).toEqual([]);
    expect(server.hear('RESET', 1, { code: 0x20, finalOffset: 1000 })).toEqual([]);
    expect(server.connection.openStreams).toBe(0);
    server.connection.consume(1, 490);
  });

  it('of a client stops when the server gives a failure, and says so', () => {
    const client = Bench.open('client');
    const stream = client.connection.open({ operation: 'upload', path: 'a' });
    client.connection.write(stream, digest);
    client.sent();
    expect(
      client.hear('RESULT', stream, { status: 0x2b, effect: 'none', retry: true, detail: 'full' }),
    ).toMatchObject([
      { type: 'result', stream, result: { status: 'NO_SPACE', effect: 'none', retry: true, detail: 'full' } },
    ]);
    expect(client.sent()).toMatchObject([
      { frame: 'RESET', stream, code: codes.CANCELLED.number, finalOffset: 32 },
    ]);
    expect(client.connection.openStreams).toBe(0);
    expect(() => client.connection.write(stream, digest)).toThrow(LocalProtocolError);
  });

  it('cannot succeed before its END', () => {
    const client = Bench.open('client');
    const stream = client.connection.open({ operation: 'upload', path: 'a' });
    expect(faultOf(client.hear('RESULT', stream, { status: 0, effect: 'applied' }))).toBe('STATE_VIOLATION');
  });

  it('is acknowledged upwards and never beyond what was sent', () => {
    const acks = [
      [[10, 10, 32], undefined],
      [[10, 9], 'STATE_VIOLATION'],
      [[33], 'STATE_VIOLATION'],
    ] as const;
    for (const [offsets, code] of acks) {
      const client = Bench.open('client');
      const stream = client.connection.open({ operation: 'upload', path: 'a' });
      client.connection.write(stream, digest);
      client.hear('ACCEPT', stream, { offset: 0, epoch: 0 });
      const events = offsets.flatMap((offset) => client.hear('ACK', stream, { offset }));
      expect(faultOf(events)).toBe(code);
    }
  });

  it('begins where it was asked to or before, so that what was sent already keeps its place', () => {
    const client = Bench.open('client');
    const stream = client.connection.open({ operation: 'upload', path: 'a' });
    client.connection.write(stream, digest);
    expect(faultOf(client.hear('ACCEPT', stream, { offset: MAX_U64, epoch: 0 }))).toBe('STATE_VIOLATION');

    const server = opened({ offset: 100 });
    const prefix = digest;
    expect(() => server.connection.accept(1, { offset: 101, prefix })).toThrow(LocalProtocolError);
    server.connection.accept(1, { offset: 100, prefix });
    server.hearData(1, 5);
    expect(() => server.connection.acknowledge(1, 99)).toThrow(LocalProtocolError);
    expect(() => server.connection.acknowledge(1, 106)).toThrow(LocalProtocolError);
    server.connection.acknowledge(1, 105);
    expect(server.hear('END', 1, { length: 105, digest })).toMatchObject([{ type: 'end', length: 105 }]);
  });
});

describe('a download', () => {
  const opened = () => {
    const client = Bench.open('client', { limits: { initialStreamWindow: 8192 } });
    const stream = client.connection.open({ operation: 'download', path: 'a' });
    client.sent();
    return { client, stream };
  };

  it('is announced, sent, ended and concluded', () => {
    const server = Bench.open('server');
    server.hearOpen(1, op.download);
    const { connection } = server;
    expect(connection.sendable(1)).toBe(0);
    connection.accept(1, { offset: 0, size: 3, etag: 'v1' });
    expect(connection.sendable(1)).toBe(10_000);
    connection.write(1, Uint8Array.of(1, 2, 3));
    connection.end(1, 3, digest);
    connection.result(1, { status: 'OK', effect: 'none', outcome: 'read' });
    expect(server.sent()).toMatchObject([
      { frame: 'ACCEPT', offset: 0, epoch: 0, size: 3, etag: 'v1' },
      { frame: 'DATA', bytes: Uint8Array.of(1, 2, 3) },
      { frame: 'END', length: 3 },
      { frame: 'RESULT', status: 0, outcome: 'read' },
    ]);
    expect(connection.openStreams).toBe(0);
  });

  it.each([
    ['DATA before ACCEPT', (stream: number) => [dataFrame(stream, digest)]],
    ['END before ACCEPT', (stream: number) => [messageFrame('END', stream, { length: 0, digest })]],
    [
      'a RESULT of success before END',
      (stream: number) => [messageFrame('RESULT', stream, { status: 0, effect: 'none' })],
    ],
    [
      'a second ACCEPT',
      (stream: number) => Array(2).fill(messageFrame('ACCEPT', stream, { offset: 0, epoch: 0 })),
    ],
    ['an ACK', (stream: number) => [messageFrame('ACK', stream, { offset: 0 })]],
    ['an ENTRY', (stream: number) => [messageFrame('ENTRY', stream, { entries: [] })]],
    [
      'more bytes than END says',
      (stream: number) => [
        messageFrame('ACCEPT', stream, { offset: 0, epoch: 0 }),
        dataFrame(stream, digest),
        messageFrame('END', stream, { length: 31, digest }),
      ],
    ],
    [
      'more bytes than were granted',
      (stream: number) => [
        messageFrame('ACCEPT', stream, { offset: 0, epoch: 0 }),
        dataFrame(stream, new Uint8Array(8193)),
      ],
    ],
    [
      'bytes from further on than was asked',
      (stream: number) => [messageFrame('ACCEPT', stream, { offset: 1, epoch: 0 })],
    ],
    [
      'credit for a stream that sends nothing',
      (stream: number) => [messageFrame('CREDIT', stream, { limit: 9 })],
    ],
    [
      'frames of a stream that was never opened',
      (stream: number) => [messageFrame('RESULT', stream + 2, { status: 1, effect: 'none' })],
    ],
    [
      'credit for a stream that was never opened',
      (stream: number) => [messageFrame('CREDIT', stream + 2, { limit: 9 })],
    ],
    [
      'a RESET of a stream that was never opened',
      (stream: number) => [messageFrame('RESET', stream + 2, { code: 0x20, finalOffset: 0 })],
    ],
    [
      'a RESET of an even stream',
      (stream: number) => [messageFrame('RESET', stream + 1, { code: 0x20, finalOffset: 0 })],
    ],
  ])('with %s ends the connection', (_what, frames) => {
    const { client, stream } = opened();
    const code = faultOf(client.feed(...frames(stream)));
    expect(['STATE_VIOLATION', 'CREDIT_EXCEEDED', 'LENGTH_MISMATCH']).toContain(code);
    expect(client.connection.state).toBe('closed');
    expect(client.sent().at(-1)).toMatchObject({
      frame: 'GOAWAY',
      code: codes[code as 'STATE_VIOLATION'].number,
    });
  });

  it('that was given up is discarded until the server has answered', () => {
    const { client, stream } = opened();
    const { connection } = client;
    connection.reset(stream, 'CANCELLED', 'enough');
    connection.reset(stream, 'CANCELLED', 'twice says no more');
    expect(client.sent()).toMatchObject([{ frame: 'RESET', code: 0x20, finalOffset: 0, reason: 'enough' }]);
    expect(
      client.feed(
        messageFrame('ACCEPT', stream, { offset: 0, epoch: 0 }),
        dataFrame(stream, new Uint8Array(8000)),
        messageFrame('END', stream, { length: 9, digest }),
      ),
    ).toEqual([]);
    expect(connection.isOpen(stream)).toBe(true);
    client.hear('RESULT', stream, { status: 0, effect: 'none' });
    expect(connection.isOpen(stream)).toBe(false);
    // All of its credit is back.
    expect(faultOf(client.hear('PING', 0, { token: 1 }))).toBeUndefined();
    expect(client.sent()).toMatchObject([{ frame: 'PONG', token: 1 }]);
  });

  it('that was given up as it succeeded: RESET crosses RESULT', () => {
    const server = Bench.open('server');
    server.hearOpen(1, op.download);
    server.connection.accept(1, { offset: 0 });
    server.connection.end(1, 0, digest);
    server.connection.result(1, { status: 'OK', effect: 'none' });
    expect(server.hear('RESET', 1, { code: 0x20, finalOffset: 0 })).toEqual([]);
    // So may credit.
    expect(server.hear('CREDIT', 1, { limit: 99_999 })).toEqual([]);
    expect(server.connection.state).toBe('open');
  });

  it('that the client gave up is answered by the server', () => {
    const server = Bench.open('server');
    server.hearOpen(1, op.download);
    server.connection.accept(1, { offset: 0 });
    expect(server.hear('RESET', 1, { code: 0x20, finalOffset: 0, reason: 'enough' })).toEqual([
      { type: 'reset', stream: 1, code: 'CANCELLED', reason: 'enough' },
    ]);
    expect(server.connection.sendable(1)).toBe(0);
    expect(() => server.connection.write(1, digest)).toThrow(LocalProtocolError);
    server.connection.reset(1, 'CANCELLED');
    expect(server.connection.openStreams).toBe(0);
  });
});

describe('a listing', () => {
  it('comes in pages under credit', () => {
    const server = Bench.open('server', { hello: { streamWindow: 8192 } });
    server.hearOpen(1, op.list);
    const { connection } = server;
    expect(() => connection.write(1, digest)).toThrow(LocalProtocolError);
    const before = connection.sendable(1);
    connection.writeEntries(1, [entry, { ...entry, path: 'b/c', kind: 'directory', etag: undefined }]);
    const [page] = server.sent();
    expect(page).toMatchObject({ frame: 'ENTRY', entries: [entry, { path: 'b/c', kind: 'directory' }] });
    expect(connection.sendable(1)).toBeLessThan(before);
    while (connection.sendable(1) > 4000) {
      connection.writeEntries(1, Array<Entry>(20).fill({ ...entry, path: 'x'.repeat(150) }));
    }
    expect(() => connection.writeEntries(1, Array<Entry>(100).fill(entry))).toThrow(LocalProtocolError);
    connection.result(1, { status: 'OK', effect: 'none' });
    expect(server.sent().at(-1)).toMatchObject({ frame: 'RESULT' });
  });

  it('gives its credit back when a page was consumed, or at once when it was given up', () => {
    const client = Bench.open('client', {
      limits: { initialStreamWindow: 8192, initialConnectionWindow: 8192 },
    });
    const stream = client.connection.open({ operation: 'list' });
    client.sent();
    const page = { entries: Array<Entry>(20).fill({ ...entry, path: 'x'.repeat(100) }) };
    const [event] = client.hear('ENTRY', stream, page);
    expect(event).toMatchObject({ type: 'entries', stream, entries: page.entries });
    const size = event?.type === 'entries' ? event.size : 0;
    expect(client.connection.outputSize).toBe(0);
    client.connection.consume(stream, size);
    expect(client.sent()).toMatchObject([
      { frame: 'CREDIT', stream: 0, limit: size + 8192 },
      { frame: 'CREDIT', stream, limit: size + 8192 },
    ]);
    client.connection.reset(stream, 'CANCELLED');
    client.sent();
    expect(client.hear('ENTRY', stream, page)).toEqual([]);
    expect(client.sent()).toMatchObject([{ frame: 'CREDIT', stream: 0 }]);
  });
});

describe('a call', () => {
  it('asks and is answered', () => {
    const client = Bench.open('client');
    const id = new Uint8Array(16).fill(5);
    const stream = client.connection.open({ operation: 'rename', path: 'a', target: 'b', operationId: id });
    expect(client.sent()).toMatchObject([
      { frame: 'OPEN', stream, operation: op.rename, operationId: id, path: 'a', target: 'b' },
    ]);
    expect(client.hear('RESULT', stream, { status: 0, effect: 'applied', outcome: 'renamed' })).toMatchObject(
      [{ type: 'result', result: { status: 'OK', outcome: 'renamed', effect: 'applied' } }],
    );
    expect(faultOf(client.hear('RESULT', stream, { status: 0, effect: 'applied' }))).toBe('STATE_VIOLATION');
  });

  it('with a status nobody knows has failed', () => {
    const client = Bench.open('client');
    const stream = client.connection.open({ operation: 'stat' });
    expect(client.hear('RESULT', stream, { status: 0x1234, effect: 'unknown' })).toMatchObject([
      { type: 'result', result: { status: 'UNKNOWN_CODE', effect: 'unknown' } },
    ]);
  });

  it('for something this version has never heard of is answered, not punished', () => {
    const server = Bench.open('server');
    for (const [stream, operation] of [
      [1, 0],
      [3, 8],
      [5, 255],
    ] as const) {
      expect(server.hearOpen(stream, operation)).toEqual([]);
      expect(server.sent()).toMatchObject([
        { frame: 'RESULT', stream, status: codes.UNSUPPORTED.number, effect: 'none' },
      ]);
    }
    expect(server.connection.openStreams).toBe(0);
  });

  it('carries no bytes', () => {
    const server = Bench.open('server');
    server.hearOpen(1, op.stat);
    expect(() => server.connection.accept(1, { offset: 0 })).toThrow(LocalProtocolError);
    expect(faultOf(server.hearData(1, 1))).toBe('STATE_VIOLATION');
  });
});
