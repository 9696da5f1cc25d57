import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FilexError } from '../errors.js';
import type { Limits } from '../limits.js';
import { concat } from '../testing/bytes.js';
import { messageFrame } from '../testing/frames.js';
import { greasedHello, op, read, type Sent } from '../testing/peer.js';
import { HEADER_SIZE } from '../wire/frame.js';
import { PREFACE } from '../wire/preface.js';
import { MAX_TURNS, SLAB_PAYLOAD, SLAB_SIZE, SOCKET_HIGH_WATER } from './bounds.js';
import { DataSender } from './data-sender.js';
import { sha256Provider } from './digests.js';
import { Driver, type DriverOwner, type StreamListener } from './driver.js';
import { SlabSource } from './pieces.js';
import { Slab, slabs } from './slab-pool.js';
import { turns } from './testing/deferred.js';
import { content } from './testing/rig.js';

const KiB = 1024;

/** A socket that sends nothing until it is told to. */
class Wire extends Duplex {
  /** All that was written, also what is not sent yet. */
  readonly written: Uint8Array[] = [];
  #sent: (() => void)[] = [];

  constructor() {
    super({ highWaterMark: 1, allowHalfOpen: true });
  }

  setNoDelay(): this {
    return this;
  }

  destroySoon(): void {
    if (this.writableFinished) this.destroy();
    else this.end(() => this.destroy());
  }

  /** Lets what was written leave. */
  async drain(): Promise<void> {
    while (this.#sent.length > 0) {
      for (const done of this.#sent.splice(0)) done();
      await turns(2);
    }
  }

  /** As a socket does: writes that were not finished are given back before 'close'. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const sent of this.#sent.splice(0)) sent();
    done(error);
  }

  override _read(): void {
    // Reads come by `onRead`.
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.written.push(chunk);
    this.#sent.push(done);
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: () => void): void {
    for (const { chunk } of chunks) this.written.push(chunk);
    this.#sent.push(done);
  }
}

/** The server's end of a connection with a client that has shaken hands and gives plenty of credit. */
class Bench {
  readonly wire = new Wire();
  readonly driver: Driver;
  readonly heard: string[] = [];
  #seen = 0;

  constructor(limits: Partial<Limits> = {}) {
    const note =
      (name: string) =>
      (...details: unknown[]): void => {
        const [first] = details;
        this.heard.push(first instanceof Error ? `${name} ${(first as { code?: string }).code}` : name);
      };
    const owner: DriverOwner = {
      onNegotiated: note('negotiated'),
      onAuth: () => this.driver.connection.authenticated('anonymous'),
      onReady: note('ready'),
      onOpen: ({ stream, request }) => this.heard.push(`open ${stream} ${request.operation}`),
      onPong: note('pong'),
      onDraining: note('draining'),
      onStreamClosed: note('stream closed'),
      onLost: note('lost'),
      onClosed: note('closed'),
    };
    this.driver = new Driver({ role: 'server', limits }, owner);
    this.driver.attach(this.wire as unknown as Socket);
    this.hear(
      PREFACE,
      messageFrame('HELLO', 0, {
        ...greasedHello,
        connectionWindow: 2 ** 40,
        streamWindow: 2 ** 40,
        maxDataPayload: SLAB_PAYLOAD,
      }),
      messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' }),
    );
  }

  hear(...parts: Uint8Array[]): void {
    const bytes = Buffer.from(concat(parts));
    this.driver.onRead(bytes, new Slab(bytes));
  }

  /** Opens downloads and accepts them. */
  download(...streams: number[]): void {
    for (const stream of streams) {
      this.hear(
        messageFrame('OPEN', stream, { operation: op.download, operationId: new Uint8Array(16), path: 'a' }),
      );
      this.driver.connection.accept(stream, { offset: 0, size: 2 ** 40 });
    }
  }

  listen(stream: number): string[] {
    const heard: string[] = [];
    const listener: StreamListener = {
      onEvent: ({ type }) => heard.push(type),
      onLost: ({ code }) => heard.push(`lost ${code}`),
    };
    this.driver.listen(stream, listener);
    return heard;
  }

  /** Writes to a stream when it may; tells how much and when it has left. */
  write(stream: number, size: number): { written: number; sent: boolean } {
    const state = { written: 0, sent: false };
    this.driver.requestRoom(stream, 1, (room) => {
      state.written = Math.min(room, size);
      this.driver.connection.write(stream, new Uint8Array(state.written));
      // As a sender does: in a later step, when the output may have been taken already.
      void Promise.resolve().then(() =>
        this.driver.onSent(() => {
          expect(state.sent, 'released once').toBe(false);
          state.sent = true;
        }),
      );
    });
    return state;
  }

  /** Frames that were written since the last call. */
  sent(): Sent[] {
    const parts = this.wire.written.slice(this.#seen);
    this.#seen = this.wire.written.length;
    return read(parts);
  }
}

describe('what is sent', () => {
  it('is released when it has left, and not before', async () => {
    const bench = new Bench();
    bench.download(1, 3);
    await turns();
    await bench.wire.drain();
    const first = bench.write(1, 100 * KiB);
    await turns(3);
    expect(bench.wire.written.at(-1)?.length).toBe(100 * KiB);
    expect(first).toEqual({ written: 100 * KiB, sent: false });
    const second = bench.write(3, 10);
    await turns(3);
    expect([first.sent, second.sent]).toEqual([false, false]);
    await bench.wire.drain();
    expect([first.sent, second.sent]).toEqual([true, true]);
    const idle = vi.fn();
    bench.driver.onSent(idle);
    expect(idle, 'nothing is under way').toHaveBeenCalledOnce();
  });

  it('is released with what is under way when it was taken long ago', async () => {
    const bench = new Bench();
    bench.download(1);
    await turns();
    await bench.wire.drain();
    bench.driver.requestRoom(1, 1, () => bench.driver.connection.write(1, new Uint8Array(100)));
    await turns(3);
    expect(bench.driver.connection.outputSize).toBe(0);
    const release = vi.fn();
    bench.driver.onSent(release);
    expect(release).not.toHaveBeenCalled();
    await bench.wire.drain();
    expect(release).toHaveBeenCalledOnce();
  });

  it.each(['in the socket', 'not even there'])(
    'is released when the connection closes, also when it is still %s',
    async (where) => {
      const bench = new Bench();
      bench.download(1, 3);
      await turns();
      await bench.wire.drain();
      const states = [bench.write(1, 100 * KiB)];
      if (where === 'in the socket') await turns(3);
      else await Promise.resolve();
      states.push(bench.write(3, 100 * KiB));
      await Promise.resolve();
      bench.driver.destroy(undefined);
      await turns(3);
      expect(states.map(({ sent }) => sent)).toEqual([true, true]);
      const late = vi.fn();
      bench.driver.onSent(late);
      expect(late).toHaveBeenCalledOnce();
    },
  );

  it('leaves by one write for each slab, header and all, without a copy', async () => {
    const bench = new Bench();
    bench.download(1);
    await turns();
    await bench.wire.drain();
    const taken = vi.spyOn(slabs, 'take');
    const bytes = content(5 * SLAB_PAYLOAD + 1000);
    const file = { read: async (into: Uint8Array, at: number) => bytes.copy(into, 0, at, at + into.length) };
    const sender = new DataSender(bench.driver, 1, sha256Provider.create, () => undefined);
    const before = bench.wire.written.length;
    const running = sender.run(new SlabSource(file, bytes.length), bytes.length);
    for (let i = 0; i < 20; i += 1) {
      await turns(3);
      await bench.wire.drain();
    }
    expect((await running)?.length).toBe(bytes.length);
    const sent = bench.wire.written.slice(before);
    expect(sent.map(({ length }) => length)).toEqual([...Array(5).fill(SLAB_SIZE), HEADER_SIZE + 1000]);
    const memory = taken.mock.results.map(({ value }) => (value as Slab).buffer.buffer);
    for (const part of sent.slice(0, 5)) expect(memory).toContain(part.buffer);
    expect(slabs.out).toBe(0);
    taken.mockRestore();
  });

  it('waits while the socket has enough, in turn', async () => {
    const bench = new Bench();
    const streams = Array.from({ length: 20 }, (_, i) => 2 * i + 1);
    bench.download(...streams);
    await turns();
    await bench.wire.drain();
    const states = streams.map((stream) => bench.write(stream, SLAB_PAYLOAD));
    await turns(3);
    const written = states.filter((state) => state.written > 0).length;
    expect(written).toBe(SOCKET_HIGH_WATER / SLAB_PAYLOAD);
    expect(states.slice(0, written).every((state) => state.written > 0)).toBe(true);
    await bench.wire.drain();
    expect(states.every((state) => state.written === SLAB_PAYLOAD)).toBe(true);
  });

  it('stays in the core while the socket has enough, where answers are counted', async () => {
    const bench = new Bench();
    bench.download(1, 3, 5, 7, 9);
    const states = [1, 3, 5, 7, 9].map((stream) => bench.write(stream, SLAB_PAYLOAD));
    await turns(3);
    expect(states.at(-1)?.written).toBe(0);
    for (let token = 1; token <= 32; token += 1) {
      bench.hear(messageFrame('PING', 0, { token }));
      await turns();
    }
    expect(bench.heard).not.toContain('lost RATE_LIMITED');
    bench.hear(messageFrame('PING', 0, { token: 33 }));
    expect(bench.heard).toContain('lost RATE_LIMITED');
  });

  it('stays in the core, where streams are counted until their last word has left', async () => {
    const bench = new Bench({ maxStreams: 10 });
    bench.download(1, 3, 5, 7, 9);
    for (const stream of [1, 3, 5, 7, 9]) bench.write(stream, SLAB_PAYLOAD);
    await turns(3);
    // These are answered at once, but the peer reads nothing.
    const ask = async (stream: number): Promise<void> => {
      bench.hear(
        messageFrame('OPEN', stream, { operation: op.stat, operationId: new Uint8Array(16), path: 'a' }),
      );
      if (bench.driver.connection.isOpen(stream)) {
        bench.driver.connection.result(stream, { status: 'NOT_FOUND', effect: 'none' });
        bench.driver.schedule();
      }
      await turns();
    };
    for (let i = 0; i < 5; i += 1) await ask(11 + 2 * i);
    expect(bench.heard).not.toContain('lost STREAM_LIMIT');
    await ask(21);
    expect(bench.heard).toContain('lost STREAM_LIMIT');
  });

  it('by a stream that has ended is not asked for', async () => {
    const bench = new Bench();
    bench.download(1, 3, 5, 7, 9);
    const states = [1, 3, 5, 7, 9].map((stream) => bench.write(stream, SLAB_PAYLOAD));
    await turns(3);
    bench.driver.connection.reset(9, 'CANCELLED');
    await bench.wire.drain();
    expect(states.map(({ written }) => written > 0)).toEqual([true, true, true, true, false]);
    expect(bench.driver.tryTurn(1, 0), 'nobody waits any more').toBeGreaterThan(0);
  });
});

describe('turns', () => {
  it('are limited, and passed on', async () => {
    const bench = new Bench();
    const streams = Array.from({ length: MAX_TURNS + 3 }, (_, i) => 2 * i + 1);
    bench.download(...streams);
    await turns();
    await bench.wire.drain();
    const taken: number[] = [];
    for (const stream of streams) bench.driver.requestTurn(stream, () => void taken.push(stream));
    await turns();
    expect(taken.length).toBe(MAX_TURNS);
    expect(bench.driver.tryTurn(1, 0)).toBe(0);
    for (let i = 0; i < 3; i += 1) {
      bench.driver.endTurn();
      await turns();
      expect(taken.length).toBe(MAX_TURNS + i + 1);
    }
    bench.driver.endTurn();
    expect(bench.driver.tryTurn(1, 1000)).toBe(2 ** 40 - 1000);
    expect(bench.driver.tryTurn(1, 0)).toBe(0);
  });

  it('are not to be had without credit, or behind others', async () => {
    const bench = new Bench();
    bench.download(1, 3, 5, 7, 9);
    await turns();
    await bench.wire.drain();
    expect(bench.driver.tryTurn(1, 2 ** 40)).toBe(0);
    bench.driver.requestRoom(3, 2 ** 41, () => expect.unreachable());
    expect(bench.driver.tryTurn(1, 0)).toBe(0);
    for (const stream of [1, 3, 5, 7, 9]) bench.write(stream, SLAB_PAYLOAD);
    await turns();
    expect(bench.driver.tryTurn(1, 0)).toBe(0);
  });
});

describe('an ending', () => {
  it.each([
    ['abort', (bench: Bench) => bench.driver.shutdown()],
    ['goaway', (bench: Bench) => bench.hear(messageFrame('GOAWAY', 0, { code: 0x33, lastStream: 0 }))],
    ['fault', (bench: Bench) => bench.hear(Buffer.alloc(20, 0xff))],
    ['end', (bench: Bench) => bench.wire.push(null)],
    ['error', (bench: Bench) => bench.wire.destroy(new Error('cut'))],
    ['destroy', (bench: Bench) => bench.driver.destroy(undefined)],
  ])('by %s is told to streams once, then to the owner once, then it is over', async (how, act) => {
    const bench = new Bench();
    bench.download(1);
    const heard = bench.listen(1);
    bench.heard.length = 0;
    act(bench);
    bench.wire.resume();
    await turns(3);
    if (how === 'abort') {
      // Graceful: what runs may finish.
      expect(heard).toEqual([]);
      bench.driver.abort(new FilexError('INTERNAL'));
      await turns(3);
    }
    await bench.wire.drain();
    bench.wire.push(null);
    bench.wire.destroy();
    await turns(3);
    expect(heard.length).toBe(1);
    expect(bench.heard.map((what) => what.split(' ')[0])).toEqual(['lost', 'closed']);
    expect(bench.driver.closed).toBe(true);
  });

  it('waits for nothing when the other end has closed already', async () => {
    const bench = new Bench();
    await turns();
    bench.wire.push(null);
    bench.wire.resume();
    await turns(2);
    await bench.wire.drain();
    expect(bench.wire.destroyed).toBe(true);
  });

  it('waits for the last words to leave, but not for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const bench = new Bench();
    bench.hear(Buffer.alloc(20, 0xff));
    vi.advanceTimersByTime(1_999);
    expect(bench.wire.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(bench.wire.destroyed).toBe(true);
  });
});

describe('time', () => {
  let now = 0;
  beforeEach(() => {
    now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  const pass = async (milliseconds: number): Promise<void> => {
    now += milliseconds;
    vi.advanceTimersByTime(milliseconds);
    await turns(2);
  };

  it('is watched from the handshake to the end', async () => {
    const bench = new Bench({ keepaliveInterval: 100, keepaliveTimeout: 50, handshakeTimeout: 10_000 });
    await turns();
    await bench.wire.drain();
    bench.sent();
    await pass(101);
    expect(bench.sent()).toMatchObject([{ frame: 'PING' }]);
    await pass(40);
    bench.hear(messageFrame('PONG', 0, { token: 1 }));
    await bench.wire.drain();
    await pass(90);
    expect(bench.sent()).toEqual([]);
    await pass(20);
    expect(bench.sent()).toMatchObject([{ frame: 'PING' }]);
    await pass(51);
    expect(bench.heard).toContain('lost TIMEOUT');
  });

  it('in which this process did not run is not held against the peer', async () => {
    const bench = new Bench({ keepaliveInterval: 100, keepaliveTimeout: 50 });
    await turns();
    await pass(101);
    // All of this comes at once when the process goes on: first the timer rings, then the socket is read.
    now += 1_000_000;
    vi.advanceTimersByTime(1_000_000);
    bench.hear(messageFrame('PONG', 0, { token: 1 }));
    await turns(2);
    expect(bench.heard).not.toContain('lost TIMEOUT');
  });
});
