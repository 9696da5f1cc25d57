import { describe, expect, it } from 'vitest';
import { LocalProtocolError } from '../errors.js';
import { limitTable } from '../limits.js';
import { messageFrame } from '../testing/frames.js';
import { Bench, faultOf, op } from '../testing/peer.js';

const digest = new Uint8Array(32);
const both = ['client', 'server'] as const;

describe.each(both)('a %s that hears nothing', (role) => {
  const limits = { keepaliveInterval: 100, keepaliveTimeout: 30 };

  it('asks once, and gives the peer up', () => {
    const bench = Bench.open(role, { limits });
    expect(bench.connection.nextTimeout()).toBe(bench.now + 100);
    expect(bench.pass(99)).toEqual([]);
    expect(bench.connection.outputSize).toBe(0);
    bench.pass(1);
    expect(bench.sent()).toMatchObject([{ frame: 'PING', token: 1 }]);
    expect(bench.connection.nextTimeout()).toBe(bench.now + 30);
    expect(bench.pass(29)).toEqual([]);
    expect(bench.sent()).toEqual([]);
    expect(bench.pass(1)).toEqual([
      { type: 'fault', code: 'TIMEOUT', message: 'nothing was heard for 130 ms' },
    ]);
    expect(bench.sent()).toMatchObject([{ frame: 'GOAWAY', code: 0x0b }]);
    expect(bench.connection.nextTimeout()).toBeUndefined();
  });

  it('is content with any byte', () => {
    const bench = Bench.open(role, { limits });
    bench.pass(100);
    bench.now += 20;
    bench.feed(messageFrame('PONG', 0, { token: 1 }).subarray(0, 1));
    expect(bench.connection.nextTimeout()).toBe(bench.now + 100);
    bench.now += 90;
    bench.feed(messageFrame('PONG', 0, { token: 1 }).subarray(1));
    expect(bench.connection.nextTimeout()).toBe(bench.now + 100);
    // No bytes are no sign of life.
    bench.now += 50;
    bench.connection.receive(new Uint8Array(0), bench.now);
    expect(bench.connection.nextTimeout()).toBe(bench.now + 50);
  });

  it('asks again after every silence, for as long as it is answered', () => {
    const bench = Bench.open(role, { limits });
    for (let token = 1; token < 100; token += 1) {
      expect(bench.pass(100)).toEqual([]);
      expect(bench.sent()).toMatchObject([{ frame: 'PING', token }]);
      bench.now += 1;
      expect(bench.hear('PONG', 0, { token })).toEqual([{ type: 'pong', token }]);
    }
  });

  it('because the machine slept asks first', () => {
    const bench = Bench.open(role, { limits });
    expect(bench.pass(1_000_000)).toEqual([]);
    expect(bench.sent()).toMatchObject([{ frame: 'PING' }]);
    expect(bench.connection.nextTimeout()).toBe(bench.now + 30);
  });
});

describe.each(both)('PINGs of a %s', (role) => {
  const most = limitTable.maxUnansweredPings.floor;

  it('are answered in order', () => {
    const bench = Bench.open(role);
    bench.feed(...[5, 7, 0].map((token) => messageFrame('PING', 0, { token })));
    expect(bench.sent()).toMatchObject([5, 7, 0].map((token) => ({ frame: 'PONG', token })));
  });

  it('that nobody reads the answers to are a flood', () => {
    const bench = Bench.open(role);
    const ping = messageFrame('PING', 0, { token: 1 });
    expect(faultOf(bench.feed(...Array(most).fill(ping)))).toBeUndefined();
    expect(faultOf(bench.feed(ping))).toBe('RATE_LIMITED');
    expect(bench.sent().filter(({ frame }) => frame === 'PONG')).toHaveLength(most);
  });

  it('are no flood when the answers leave, also while the output is never empty', () => {
    const bench = Bench.open('server');
    bench.hearOpen(1, op.download);
    bench.connection.accept(1, { offset: 0 });
    for (let token = 0; token < 10 * most; token += 1) {
      // There is always one more block behind the PONG.
      expect(faultOf(bench.hear('PING', 0, { token }))).toBeUndefined();
      bench.connection.write(1, new Uint8Array(10));
      bench.connection.takeOutput(11);
      expect(bench.connection.outputSize).toBeGreaterThan(0);
    }
  });

  it('that this end sends are never a flood', () => {
    const bench = Bench.open(role);
    for (let i = 1; i <= most; i += 1) expect(bench.connection.ping()).toBe(i);
    expect(() => bench.connection.ping()).toThrow(LocalProtocolError);
    bench.sent();
    // Not even to probe a peer that owes so many answers already.
    bench.pass(limitTable.keepaliveInterval.standard);
    expect(bench.sent()).toEqual([]);
    expect(bench.connection.nextTimeout()).toBe(bench.now + limitTable.keepaliveTimeout.standard);
    bench.hear('PONG', 0, { token: 1 });
    expect(bench.connection.ping()).toBe(most + 1);
  });

  it('are answered once each, in order, or the connection ends', () => {
    for (const tokens of [[1], [0]]) {
      expect(
        faultOf(Bench.open(role).feed(...tokens.map((token) => messageFrame('PONG', 0, { token })))),
      ).toBe('STATE_VIOLATION');
    }
    for (const tokens of [
      [2, 1],
      [1, 1],
      [1, 2, 3],
    ]) {
      const bench = Bench.open(role);
      bench.connection.ping();
      bench.connection.ping();
      expect(faultOf(bench.feed(...tokens.map((token) => messageFrame('PONG', 0, { token }))))).toBe(
        'STATE_VIOLATION',
      );
    }
  });
});

describe('a graceful end', () => {
  it('lets what runs finish and starts nothing', () => {
    const server = Bench.open('server');
    server.hearOpen(1, op.upload);
    server.hearOpen(3, op.stat);
    server.connection.shutdown('maintenance');
    server.connection.shutdown('said once');
    expect(server.connection.state).toBe('draining');
    expect(server.sent()).toMatchObject([{ frame: 'GOAWAY', code: 0, lastStream: 3, reason: 'maintenance' }]);

    // It was under way before the client heard: answered, so that the client knows that nothing happened.
    expect(server.hearOpen(5, op.upload)).toEqual([]);
    expect(server.sent()).toMatchObject([
      { frame: 'RESULT', stream: 5, status: 0x0d, effect: 'none', retry: true },
    ]);
    expect(server.hearData(5, 100)).toEqual([]);
    expect(server.hear('RESET', 5, { code: 0x20, finalOffset: 100 })).toEqual([]);

    expect(server.hearData(1, 3)).toMatchObject([{ type: 'data', stream: 1 }]);
    expect(server.hear('END', 1, { length: 3, digest })).toMatchObject([{ type: 'end' }]);
    server.connection.result(3, { status: 'OK', effect: 'none' });
    expect(server.connection.events()).toEqual([]);
    server.connection.result(1, { status: 'OK', effect: 'applied' });
    expect(server.connection.events()).toEqual([{ type: 'drained' }]);
    expect(faultOf(server.hear('PING', 0, { token: 1 }))).toBeUndefined();
  });

  it('is drained at once when nothing runs', () => {
    for (const role of both) {
      const bench = Bench.open(role);
      bench.connection.shutdown();
      expect(bench.connection.events()).toEqual([{ type: 'drained' }]);
      expect(bench.hear('GOAWAY', 0, { code: 0, lastStream: 0 })).toMatchObject([
        { type: 'goaway', code: 'OK' },
      ]);
      // Said once.
      expect(bench.connection.events()).toEqual([]);
      expect(bench.connection.state).toBe('draining');
    }
  });

  it('that the server asks for stops a client from opening', () => {
    const client = Bench.open('client');
    const stream = client.connection.open({ operation: 'stat' });
    expect(client.hear('GOAWAY', 0, { code: 0, lastStream: 1, reason: 'bye' })).toEqual([
      { type: 'goaway', code: 'OK', lastStream: 1, reason: 'bye' },
    ]);
    expect(client.connection.canOpen).toBe(false);
    expect(() => client.connection.open({ operation: 'stat' })).toThrow(LocalProtocolError);
    expect(client.hear('RESULT', stream, { status: 0, effect: 'none' })).toMatchObject([
      { type: 'result' },
      { type: 'drained' },
    ]);
  });

  it('is an abort while the handshake runs', () => {
    const client = new Bench({ role: 'client' });
    client.connection.shutdown('changed my mind');
    expect(client.connection.state).toBe('closed');
    expect(client.sent()).toMatchObject([{ frame: 'HELLO' }, { frame: 'GOAWAY', code: 0x0d }]);
  });
});

describe('an end at once', () => {
  it('says why, forgets every stream and reads nothing more', () => {
    for (const role of both) {
      const bench = Bench.open(role);
      const other = role === 'client' ? Bench.open('server') : Bench.open('client');
      if (role === 'client') bench.connection.open({ operation: 'stat' });
      else bench.hearOpen(1, op.stat);
      bench.connection.takeOutput();
      bench.connection.abort('INTERNAL', `a \ud800 ${'long '.repeat(1000)}`);
      expect(bench.connection.openStreams).toBe(0);
      const output = bench.connection.takeOutput();
      const [event] = other.feed(...output);
      expect(event).toMatchObject({ type: 'goaway', code: 'INTERNAL' });
      expect(event?.type === 'goaway' && event.reason?.startsWith('a \ufffd long')).toBe(true);
      expect(other.connection.state).toBe('closed');
      expect(bench.feed(new Uint8Array(100))).toEqual([]);
    }
  });

  it('with a code that never travels is told as a defect', () => {
    const bench = Bench.open('client');
    bench.connection.abort('CONNECTION_LOST');
    expect(bench.sent()).toMatchObject([{ frame: 'GOAWAY', code: 0x33 }]);
  });

  it('by the peer with a code nobody knows is still an end', () => {
    const bench = Bench.open('client');
    expect(bench.hear('GOAWAY', 0, { code: 0x7777, lastStream: 0 })).toMatchObject([
      { type: 'goaway', code: 'UNKNOWN_CODE' },
    ]);
    expect(bench.connection.state).toBe('closed');
  });
});

describe('the window of a connection', () => {
  it('widens while it is used and the budget lasts', () => {
    const asked: number[] = [];
    let budget = 30_000;
    const bench = Bench.open('server', {
      limits: { initialConnectionWindow: 10_000, maxConnectionWindow: 70_000 },
      reserveCredit: (bytes) => {
        asked.push(bytes);
        if (bytes > budget) return false;
        budget -= bytes;
        return true;
      },
    });
    bench.hearOpen(1, op.upload);
    const windows: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      bench.hearData(1, 5000);
      bench.connection.consume(1, 5000);
      windows.push(bench.connection.connectionWindow);
    }
    expect(asked.slice(0, 3)).toEqual([10_000, 20_000, 30_000]);
    expect(windows.at(-1)).toBe(40_000);
    expect(new Set(windows)).toEqual(new Set([20_000, 40_000]));
  });

  it('of a stream never shrinks', () => {
    const bench = Bench.open('server', {
      limits: { initialStreamWindow: 20_000, maxStreamWindow: 8192, initialConnectionWindow: 60_000 },
    });
    bench.hearOpen(1, op.upload);
    for (let i = 1; i <= 3; i += 1) {
      bench.hearData(1, 10_000);
      bench.connection.consume(1, 10_000);
      const credits = bench.sent().filter(({ frame, stream }) => frame === 'CREDIT' && stream === 1);
      expect(credits).toMatchObject([{ limit: 10_000 * i + 20_000 }]);
    }
  });
});
