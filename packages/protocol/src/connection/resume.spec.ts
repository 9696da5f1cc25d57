import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalProtocolError } from '../errors.js';
import { Bench, faultOf, op } from '../testing/peer.js';
import { BLOCK_SIZE } from '../wire/digest.js';
import { acceptFault, openFault } from './resume.js';

const prefix = new Uint8Array(32).fill(7);
const digest = new Uint8Array(32).fill(9);
const around = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(-1, 0, 1, 17))
  .map(([blocks, more]) => Math.max(0, blocks * BLOCK_SIZE + more));

describe('an upload that goes on', () => {
  const resuming = (offset = 2 * BLOCK_SIZE + 5) => {
    const client = Bench.open('client');
    const stream = client.connection.open({ operation: 'upload', path: 'a', offset });
    client.sent();
    return { client, stream };
  };

  it('sends nothing before it knows where', () => {
    const { client, stream } = resuming();
    expect(client.connection.sendable(stream)).toBe(0);
    expect(() => client.connection.write(stream, digest)).toThrow(LocalProtocolError);
    expect(() => client.connection.end(stream, 0, digest)).toThrow(LocalProtocolError);
    expect(faultOf(client.hear('ACCEPT', stream, { offset: BLOCK_SIZE, epoch: 2, prefix }))).toBeUndefined();
    client.connection.write(stream, digest);
    client.connection.end(stream, BLOCK_SIZE + digest.length, digest);
    expect(client.sent()).toMatchObject([
      { frame: 'DATA' },
      { frame: 'END', length: BLOCK_SIZE + digest.length },
    ]);
  });

  it('does not look at what is said about it once it was given up', () => {
    const { client, stream } = resuming();
    client.connection.reset(stream, 'SUPERSEDED');
    for (const offset of [7, 3 * BLOCK_SIZE])
      expect(client.hear('ACCEPT', stream, { offset, epoch: 1 })).toEqual([]);
    expect(client.hear('ACK', stream, { offset: 99 * BLOCK_SIZE })).toEqual([]);
    expect(faultOf(client.hear('RESULT', stream, { status: 0x20, effect: 'none' }))).toBeUndefined();
    expect(client.connection.openStreams).toBe(0);
  });

  it('is ended with one word when it is refused, since nothing is under way', () => {
    const { client, stream } = resuming();
    client.hear('RESULT', stream, { status: 0x35, effect: 'none' });
    expect(client.sent()).toEqual([]);
    expect(client.connection.openStreams).toBe(0);
  });

  it('faults when the peer sends before it was told where', () => {
    for (const frame of ['DATA', 'END'] as const) {
      const server = Bench.open('server');
      server.hearOpen(1, op.upload, { offset: BLOCK_SIZE });
      const events =
        frame === 'DATA' ? server.hearData(1, 5) : server.hear('END', 1, { length: BLOCK_SIZE, digest });
      expect(faultOf(events)).toBe('STATE_VIOLATION');
    }
  });

  it('may end at once when all of it is there', () => {
    const server = Bench.open('server');
    server.hearOpen(1, op.upload, { offset: 10, size: 10 });
    server.connection.accept(1, { offset: 10, epoch: 3, prefix });
    expect(server.hear('END', 1, { length: 10, digest })).toMatchObject([{ type: 'end', length: 10 }]);
  });

  it('is accepted between two blocks or where it asked to, with the digest of what is there', () => {
    fc.assert(
      fc.property(around, around, fc.boolean(), (asked, offset, given) => {
        const accept = { offset, prefix: given ? prefix : undefined };
        const fits =
          offset <= asked && (offset === asked || offset % BLOCK_SIZE === 0) && given === offset > 0;
        expect(acceptFault('upload', asked, accept) === undefined).toBe(fits);
      }),
    );
  });

  it('cannot ask for more than the file has', () => {
    expect(openFault('upload', { offset: 11, size: 10 })).toBeDefined();
    expect(openFault('upload', { offset: 10, size: 10 })).toBeUndefined();
    expect(openFault('upload', { offset: 11, size: undefined })).toBeUndefined();
    const server = Bench.open('server');
    expect(faultOf(server.hearOpen(1, op.upload, { offset: 11, size: 10 }))).toBe('MESSAGE_MALFORMED');
  });
});

describe('a download that goes on', () => {
  it('says what it has, and is given what follows it or everything', () => {
    fc.assert(
      fc.property(around, around, fc.boolean(), (asked, offset, given) => {
        const accept = { offset, prefix: given ? prefix : undefined };
        expect(acceptFault('download', asked, accept) === undefined).toBe(
          !given && (offset === 0 || offset === asked),
        );
        expect(
          openFault('download', { offset: asked, prefix: accept.prefix, size: undefined }) === undefined,
        ).toBe(given === asked > 0);
      }),
    );
  });

  it('faults without the digest of what it has', () => {
    const server = Bench.open('server');
    expect(faultOf(server.hearOpen(1, op.download, { offset: BLOCK_SIZE }))).toBe('MESSAGE_MALFORMED');
    const client = Bench.open('client');
    expect(() => client.connection.open({ operation: 'download', path: 'a', offset: 1 })).toThrow(
      LocalProtocolError,
    );
  });

  it('goes on from there', () => {
    const server = Bench.open('server');
    expect(server.hearOpen(1, op.download, { offset: BLOCK_SIZE, prefix })).toMatchObject([
      { type: 'open', request: { offset: BLOCK_SIZE, prefix } },
    ]);
    server.connection.accept(1, { offset: BLOCK_SIZE, size: BLOCK_SIZE + 1 });
    server.connection.write(1, Uint8Array.of(1));
    server.connection.end(1, BLOCK_SIZE + 1, digest);
    expect(server.sent()).toMatchObject([{ frame: 'ACCEPT' }, { frame: 'DATA' }, { frame: 'END' }]);
  });
});
