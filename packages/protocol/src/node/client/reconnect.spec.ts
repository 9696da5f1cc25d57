import { writeFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import * as net from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codes } from '../../codes.js';
import { FilexError } from '../../errors.js';
import { BLOCK_SIZE } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { connect } from '../connect.js';
import { serve } from '../serve.js';
import { Cable } from '../testing/cable.js';
import { Deferred, failureOf, Gate } from '../testing/deferred.js';
import { breaches, MemoryHandler } from '../testing/memory-handler.js';
import { type Frame, hostileServer, type RawPeer, rawServer } from '../testing/raw-peer.js';
import { cutAsPlanned, cuts, fast, folder, large, over, part, partOf } from '../testing/reconnecting.js';
import { content, Rig } from '../testing/rig.js';
import { testKeys } from '../testing/tls-keys.js';
import type { ReconnectOptions, Session, SessionState, TlsKey, UploadAttempt } from '../types.js';

/** Waits longer than any test. */
const slow = { minDelay: 1_000_000, maxDelay: 1_000_000 } as const;

/** Resolves when a session waits to connect. */
function waiting(): { options: ReconnectOptions; reached: Promise<void> } {
  const reached = new Deferred();
  const onState = ({ state }: SessionState): void => {
    if (state === 'waiting') reached.resolve();
  };
  return { options: { ...slow, onState }, reached: reached.promise };
}

async function drain<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of iterable) all.push(each);
  return all;
}

describe('an upload that is cut again and again', () => {
  it('ends with the same bytes, under one id, and sends at most a block again for each cut', async () => {
    const path = join(await folder(), 'source');
    await fc.assert(
      fc.asyncProperty(part, cuts('up'), fc.boolean(), async (which, plan, fromFile) => {
        const bytes = partOf(which);
        const rig = await Rig.start();
        const { cable, session } = await over(rig);
        cutAsPlanned(cable, plan);
        if (fromFile) await writeFile(path, bytes);
        const attempts: UploadAttempt[] = [];
        let acknowledged = 0;
        const result = await session.upload(fromFile ? path : bytes, 'x', {
          onAttempt: (attempt) => void attempts.push(attempt),
          onProgress: (progress) => {
            // The server keeps what it has acknowledged.
            expect(progress.acknowledged).toBeGreaterThanOrEqual(acknowledged);
            acknowledged = progress.acknowledged;
          },
        });
        expect(result).toMatchObject({ outcome: 'created', size: bytes.length });
        expect(rig.handler.files.get('x')?.content.equals(bytes)).toBe(true);
        expect(new Set(attempts.map(({ operationId }) => operationId)).size).toBe(1);
        expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, i) => i + 1));
        expect(rig.handler.written).toBeLessThanOrEqual(bytes.length + (cable.joined - 1) * BLOCK_SIZE);
        expect(rig.handler.told.filter(({ calls }) => calls.includes('commit')).length).toBe(1);
        await session.close();
        expect(await session.closed).toBeUndefined();
        await rig.server.destroy();
        expect(breaches(rig.handler.told)).toEqual([]);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  }, 60_000);

  it('reads again only what is sent again, and checks that the source is the same', async () => {
    const rig = await Rig.start();
    const { cable, session } = await over(rig);
    cutAsPlanned(cable, [{ direction: 'up', bytes: 2.5 * BLOCK_SIZE }]);
    const path = join(await folder(), 'source');
    await writeFile(path, large);
    const { FileSource } = await import('../files/index.js');
    const reading = FileSource.prototype.read;
    let read = 0;
    FileSource.prototype.read = async function (...args) {
      const count = await reading.apply(this, args);
      read += count;
      return count;
    };
    onTestFinished(() => {
      FileSource.prototype.read = reading;
    });
    await session.upload(path, 'x');
    expect(cable.joined).toBe(2);
    // What was read and not sent before the cut, and what was sent and is not kept: each less than the window.
    expect(read).toBeLessThan(large.length + 2.5 * BLOCK_SIZE);
    expect(rig.handler.files.get('x')?.content.equals(large)).toBe(true);
  });

  it('is begun anew under another id when its file has changed, never mixed', async () => {
    const rig = await Rig.start();
    const { cable, session } = await over(rig);
    const path = join(await folder(), 'source');
    await writeFile(path, large);
    const now = content(3 * BLOCK_SIZE, 7);
    cutAsPlanned(cable, [{ direction: 'up', bytes: 2.5 * BLOCK_SIZE }]);
    const next = cable.onJoin;
    cable.onJoin = () => {
      // At once: what is changed while it is sent is another matter.
      writeFileSync(path, now);
      next?.();
    };
    const attempts: UploadAttempt[] = [];
    const onAttempt = (attempt: UploadAttempt): void => void attempts.push(attempt);
    const result = await session.upload(path, 'x', { onAttempt });
    expect(result.size).toBe(now.length);
    expect(rig.handler.files.get('x')?.content.equals(now)).toBe(true);
    expect(attempts.at(-1)?.operationId).not.toBe(attempts[0]?.operationId);
    expect(attempts.at(-1)?.attempt).toBe(1);
  });

  it('is begun anew when what the server has kept turns out to be wrong', async () => {
    const ids: string[] = [];
    const open = async (peer: RawPeer): Promise<Frame & Messages['OPEN']> => {
      const frame = await peer.next('OPEN');
      ids.push(Buffer.from(frame.operationId as Uint8Array).toString('hex'));
      return frame;
    };
    let connections = 0;
    const { url } = await hostileServer(async (peer) => {
      connections += 1;
      const { stream } = await open(peer);
      if (connections === 1) return void peer.socket.destroy();
      peer.say('ACCEPT', stream, { offset: BLOCK_SIZE, epoch: 2, prefix: new Uint8Array(32) });
      expect((await peer.next('RESET')).code).toBe(codes.SOURCE_CHANGED.number);
      peer.say('RESULT', stream, { status: codes.CANCELLED.number, effect: 'none' });
      const again = await open(peer);
      expect(again.offset).toBeUndefined();
      peer.say('RESULT', again.stream, { status: codes.NO_SPACE.number, effect: 'none' });
    });
    const session = await connect(url, { reconnect: fast });
    onTestFinished(() => session.destroy());
    expect(await failureOf(session.upload(large, 'x'))).toMatchObject({ code: 'NO_SPACE', effect: 'none' });
    expect(ids).toHaveLength(3);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[1]);
  });

  it('is told what became of it when only the answer was lost, though nothing can be read again', async () => {
    const rig = await Rig.start();
    const { cable, session } = await over(rig);
    rig.handler.before = (step) => {
      if (step === 'commit' && cable.joined === 1) cable.cut();
    };
    async function* once() {
      yield large;
    }
    expect(await session.upload(once(), 'x')).toMatchObject({ outcome: 'created', size: large.length });
    expect(rig.handler.written).toBe(large.length);
    expect(cable.joined).toBe(2);
  });

  it('from an iteration that was taken from fails, and says so', async () => {
    const rig = await Rig.start();
    const { cable, session } = await over(rig);
    cutAsPlanned(cable, [{ direction: 'up', bytes: 1.5 * BLOCK_SIZE }]);
    async function* once() {
      yield large;
    }
    expect(await failureOf(session.upload(once(), 'x'))).toMatchObject({
      code: 'CONNECTION_LOST',
      effect: 'none',
    });
    // The session goes on.
    expect(await session.stat('')).toMatchObject({ kind: 'directory' });
  });

  it('from an iteration that nothing was taken from is made', async () => {
    const rig = await Rig.start();
    const { cable, session } = await over(rig);
    async function* once() {
      yield large;
    }
    const onAttempt = async (): Promise<void> => {
      if (cable.joined > 1) return;
      cable.cut();
      // It is known now that the connection is lost for which this attempt was made.
      while (cable.joined === 1) await session.ping();
    };
    expect(await session.upload(once(), 'x', { onAttempt })).toMatchObject({ outcome: 'created' });
    expect(rig.handler.files.get('x')?.content.equals(large)).toBe(true);
  });

  it('says that it may have happened when nobody can be asked', async () => {
    const rig = await Rig.start();
    const { cable, session } = await over(rig, { ...fast, retries: 2 });
    rig.handler.before = (step) => {
      if (step === 'commit') cable.stop();
    };
    expect(await failureOf(session.upload(large, 'x'))).toMatchObject({
      code: 'CONNECT_FAILED',
      effect: 'unknown',
    });
  });
});

describe('a download that is cut again and again', () => {
  it('ends with the same bytes, each given once', async () => {
    const directory = await folder();
    const kind = fc.constantFrom('file' as const, 'sink' as const, 'writable' as const, 'read' as const);
    await fc.assert(
      fc.asyncProperty(part, cuts('down'), kind, async (which, plan, into) => {
        const bytes = partOf(which);
        const rig = await Rig.start();
        rig.handler.put('x', bytes);
        const { cable, session } = await over(rig);
        cutAsPlanned(cable, plan);
        const got: Buffer[] = [];
        const target = join(directory, 'target');
        if (into === 'file') {
          expect(await session.download('x', target)).toMatchObject({ outcome: 'created' });
          got.push(await readFile(target));
          await rm(target);
        } else if (into === 'read') {
          for await (const chunk of session.read('x')) got.push(Buffer.from(chunk));
        } else {
          const sink = { write: (chunk: Uint8Array) => void got.push(Buffer.from(chunk)) };
          const writable = new Writable({
            write: (chunk: Buffer, _encoding, done) => {
              got.push(chunk);
              setImmediate(done);
            },
          });
          await session.download('x', into === 'sink' ? sink : writable);
        }
        expect(Buffer.concat(got).equals(bytes)).toBe(true);
        expect(await readdir(directory)).toEqual([]);
        await session.close();
        await rig.server.destroy();
      }),
      { numRuns: 30, endOnFailure: true },
    );
  }, 60_000);

  it.each(['file', 'sink'])('never mixes two versions: to a %s', async (into) => {
    const rig = await Rig.start();
    rig.handler.put('x', large);
    const { cable, session } = await over(rig);
    cutAsPlanned(cable, [{ direction: 'down', bytes: 2.5 * BLOCK_SIZE }]);
    const next = cable.onJoin;
    const now = content(large.length, 9);
    cable.onJoin = () => {
      rig.handler.put('x', now);
      next?.();
    };
    const target = join(await folder(), 'target');
    if (into === 'file') {
      await session.download('x', target);
      expect((await readFile(target)).equals(now)).toBe(true);
    } else {
      const reasons: Error[] = [];
      const sink = { write: () => undefined, abort: (reason: Error) => void reasons.push(reason) };
      expect(await failureOf(session.download('x', sink))).toMatchObject({ code: 'SOURCE_CHANGED' });
      expect(reasons).toHaveLength(1);
    }
  });

  it('is over at once when it is given up while its sink is slow', async () => {
    const rig = await Rig.start();
    rig.handler.put('x', large);
    const { cable, session } = await over(rig);
    const reached = new Deferred();
    const writable = new Writable({ write: () => reached.resolve() });
    const controller = new AbortController();
    const running = session.download('x', writable, controller);
    await reached.promise;
    cable.cut();
    controller.abort();
    expect(await failureOf(running)).toMatchObject({ code: 'CANCELLED' });
  });
});

describe('while connections are lost', () => {
  it('a listing gives every entry once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(3000), cuts('down'), async (count, plan) => {
        const rig = await Rig.start();
        for (let i = 0; i < count; i += 1) rig.handler.put(`file ${i}`, new Uint8Array(0));
        const { cable, session } = await over(rig, { ...fast, retries: 100 });
        cutAsPlanned(
          cable,
          plan.map((each) => ({ ...each, bytes: each.bytes % 100_000 })),
        );
        const names = (await drain(session.list())).map(({ path }) => path);
        expect(names.length).toBe(count);
        expect(new Set(names).size).toBe(count);
        await session.close();
        await rig.server.destroy();
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 60_000);

  it.each(['makeDirectory', 'remove', 'stat'] as const)(
    '%s is asked again when its answer was lost',
    async (name) => {
      const rig = await Rig.start();
      rig.handler.put('x', large);
      const { cable, session } = await over(rig);
      let asked = 0;
      rig.handler.before = (step) => {
        if (step !== name) return;
        asked += 1;
        if (asked === 1) cable.cut();
      };
      await session[name](name === 'makeDirectory' ? 'folder' : 'x');
      expect(asked).toBe(2);
      expect(rig.handler.folders.has('folder')).toBe(name === 'makeDirectory');
      expect(rig.handler.files.has('x')).toBe(name !== 'remove');
    },
  );

  it('a rename that was asked for is not asked for again', async () => {
    const rig = await Rig.start();
    rig.handler.put('x', large);
    const { cable, session } = await over(rig);
    rig.handler.before = (step) => {
      if (step === 'rename') cable.cut();
    };
    expect(await failureOf(session.rename('x', 'y'))).toMatchObject({
      code: 'CONNECTION_LOST',
      effect: 'unknown',
    });
    rig.handler.before = undefined;
    // One that was not is.
    cable.cut();
    expect(await session.rename('y', 'z')).toEqual({ outcome: 'renamed' });
    expect(await session.ping()).toBeGreaterThan(0);
  });

  it('a hundred operations go on together, over one connection', async () => {
    const rig = await Rig.start();
    const gate = new Gate();
    rig.handler.before = () => gate.pass();
    const { cable, session } = await over(rig);
    const running = Array.from({ length: 100 }, (_, i) => session.makeDirectory(`folder ${i}`));
    await gate.reached;
    cable.cut();
    rig.handler.before = undefined;
    gate.open();
    await Promise.all(running);
    expect(rig.handler.folders.size).toBe(101);
    expect(cable.joined).toBe(2);
  });
});

describe('a session that reconnects', () => {
  it('says where it is, in order', async () => {
    const rig = await Rig.start();
    const { cable, session, states } = await over(rig, { ...fast, retries: 5 });
    cable.cut();
    await session.stat('');
    expect(states).toMatchObject([
      { state: 'connected', connection: 1 },
      { state: 'waiting', attempt: 1, retries: 5, error: { code: 'CONNECTION_LOST' } },
      { state: 'connecting', attempt: 1, retries: 5 },
      { state: 'connected', connection: 2 },
    ]);
    // That counts anew.
    cable.cut();
    await session.stat('');
    expect(states.at(-2)).toMatchObject({ state: 'connecting', attempt: 1 });
  });

  it('gives up after so many attempts in a row that nothing comes of, and is over', async () => {
    const rig = await Rig.start();
    const { cable, session, states } = await over(rig, { ...fast, retries: 3 });
    cable.stop();
    const failures = await Promise.all([failureOf(session.stat('')), failureOf(session.upload(large, 'x'))]);
    for (const failure of failures) expect(failure).toMatchObject({ code: 'CONNECT_FAILED', effect: 'none' });
    expect(states.filter(({ state }) => state === 'connecting')).toMatchObject([
      { attempt: 1 },
      { attempt: 2 },
      { attempt: 3 },
    ]);
    expect(await session.closed).toMatchObject({ code: 'CONNECT_FAILED' });
    expect(await failureOf(session.stat(''))).toMatchObject({ code: 'CONNECT_FAILED' });
  });

  it('counts a connection of which nothing came', async () => {
    const rig = await Rig.start();
    const { cable, session } = await over(rig, { ...fast, retries: 4 });
    rig.handler.before = (step) => {
      if (step === 'stat') cable.cut();
    };
    expect(await failureOf(session.stat(''))).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(cable.joined).toBe(5);
  });

  it('counts a connection on which an upload comes no further than on one before', async () => {
    let connections = 0;
    const { url } = await hostileServer(async (peer) => {
      connections += 1;
      const { stream } = await peer.next('OPEN');
      peer.say('ACCEPT', stream, { offset: 0, epoch: 1 });
      await peer.next('DATA');
      peer.say('ACK', stream, { offset: 1 });
      peer.socket.end();
    });
    const session = await connect(url, { reconnect: { ...fast, retries: 3 } });
    onTestFinished(() => session.destroy());
    expect(await failureOf(session.upload(large, 'x'))).toMatchObject({ code: 'CONNECTION_LOST' });
    // One that counts, and three that do not.
    expect(connections).toBe(4);
  });

  it('counts a server that says nothing but that it goes away', async () => {
    let connections = 0;
    const { url } = await hostileServer(async (peer) => {
      connections += 1;
      const { stream } = await peer.next('OPEN');
      peer.say('RESULT', stream, { status: codes.SHUTTING_DOWN.number, effect: 'none', retry: true });
      peer.say('GOAWAY', 0, { code: codes.OK.number, lastStream: stream });
      peer.socket.end();
    });
    const session = await connect(url, { reconnect: { ...fast, retries: 3, operationRetries: 10 } });
    onTestFinished(() => session.destroy());
    expect(await failureOf(session.stat(''))).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(connections).toBe(4);
  });

  it('does not try the first connection again', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await failureOf(connect(`filex+tcp://127.0.0.1:${port}/`, { reconnect: true }))).toMatchObject({
      code: 'CONNECT_FAILED',
    });
    const nonsense = { reconnect: { retries: -1 } };
    expect(await failureOf(connect(`filex+tcp://127.0.0.1:${port}/`, nonsense))).toBeInstanceOf(RangeError);
  });

  it('does not come back to what is no server any more', async () => {
    const rig = await Rig.start();
    const { session, states, cable } = await over(rig);
    const other = await rawServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    cable.target = other.port;
    cable.cut();
    expect(await failureOf(session.stat(''))).toMatchObject({ code: 'WRONG_PROTOCOL' });
    expect(states.filter(({ state }) => state === 'connecting')).toHaveLength(1);
    expect(await session.closed).toMatchObject({ code: 'WRONG_PROTOCOL' });
  });

  it('does not talk to a server with another identity, whoever would vouch for it', async () => {
    const start = async (tls: TlsKey): Promise<number> => {
      const server = await serve({ handler: new MemoryHandler(), host: '127.0.0.1', port: 0, tls });
      onTestFinished(() => server.destroy());
      return server.address.port;
    };
    const cable = await Cable.start(await start(testKeys.own));
    const asked: string[] = [];
    const session = await connect(cable.url.replace('filex+tcp', 'filex'), {
      reconnect: fast,
      trust: { verify: ({ fingerprint }) => void asked.push(fingerprint) },
    });
    onTestFinished(() => session.destroy());
    cable.cut();
    expect(await session.stat('')).toMatchObject({ kind: 'directory' });
    cable.target = await start(testKeys.other);
    cable.cut();
    expect(await failureOf(session.stat(''))).toMatchObject({ code: 'IDENTITY_CHANGED' });
    expect(asked).toHaveLength(1);
  });

  it('tries an operation again that may succeed later, so often and no more', async () => {
    const rig = await Rig.start();
    const { session } = await over(rig, { ...fast, operationRetries: 2 });
    let refusals = 2;
    rig.handler.before = (step) => {
      if (step !== 'upload' && step !== 'stat') return;
      refusals -= 1;
      if (refusals >= 0) throw new FilexError('BUSY');
    };
    expect(await session.upload(large, 'x')).toMatchObject({ outcome: 'created' });
    refusals = 2;
    await session.stat('x');
    refusals = 3;
    expect(await failureOf(session.stat('x'))).toMatchObject({ code: 'BUSY' });
    rig.handler.before = undefined;
    // Not what does not get better.
    expect(await failureOf(session.stat('y'))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('goes to another connection when the server goes away, and lets the old one finish', async () => {
    const rig = await Rig.start();
    const { session, cable } = await over(rig);
    const gate = new Gate();
    rig.handler.before = (step) => (step === 'commit' ? gate.pass() : undefined);
    const running = session.upload(large, 'x');
    await gate.reached;
    const next = await Rig.start();
    cable.target = next.port;
    const shutdown = rig.server.shutdown();
    await session.makeDirectory('new');
    expect(next.handler.folders.has('new')).toBe(true);
    gate.open();
    expect(await running).toMatchObject({ outcome: 'created' });
    expect(rig.handler.files.has('x')).toBe(true);
    await shutdown;
  });

  it('ends waits at once', async () => {
    const ends: [string, (session: Session, controller: AbortController) => void, object][] = [
      ['abort', (_session, controller) => controller.abort('enough'), { code: 'CANCELLED', cause: 'enough' }],
      ['close', (session) => void session.close(), { code: 'CANCELLED' }],
      ['destroy', (session) => session.destroy(), { code: 'CONNECTION_LOST' }],
    ];
    for (const [, end, expected] of ends) {
      const rig = await Rig.start();
      const { options, reached } = waiting();
      const { session, cable } = await over(rig, options);
      cable.cut();
      const controller = new AbortController();
      const running = Promise.all([
        failureOf(session.upload(large, 'x', controller)),
        failureOf(session.stat('', controller)),
        failureOf(drain(session.list('', controller))),
        failureOf(drain(session.read('x', controller))),
      ]);
      await reached;
      end(session, controller);
      for (const failure of await running) expect(failure).toMatchObject(expected);
      await session.close();
      await session.closed;
      expect(await failureOf(session.stat(''))).toMatchObject({ code: 'CANCELLED' });
    }
  });

  it('waits for nobody when nobody waits for it', async () => {
    const rig = await Rig.start();
    const { options, reached } = waiting();
    const { session, cable, states } = await over(rig, options);
    cable.cut();
    const controller = new AbortController();
    const running = failureOf(session.stat('', controller));
    await reached;
    controller.abort();
    await running;
    // Whoever comes next begins to wait, and is the first attempt still.
    const again = failureOf(session.stat('', { signal: AbortSignal.timeout(20) }));
    await again;
    expect(states.filter(({ state }) => state === 'waiting')).toMatchObject([{ attempt: 1 }, { attempt: 1 }]);
  });

  it('ends by what its state listener throws', async () => {
    const rig = await Rig.start();
    const onState = ({ state }: SessionState): void => {
      if (state === 'waiting') throw new Error('no');
    };
    const { session, cable } = await over(rig, { ...fast, onState });
    cable.cut();
    expect(await failureOf(session.stat(''))).toMatchObject({ code: 'INTERNAL' });
    expect(await session.closed).toMatchObject({ code: 'INTERNAL' });
  });
});
