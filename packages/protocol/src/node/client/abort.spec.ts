import { getEventListeners } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Code } from '../../codes.js';
import { FilexError } from '../../errors.js';
import { CANCEL_TIMEOUT } from '../bounds.js';
import { Deferred, failureOf, Gate } from '../testing/deferred.js';
import { breaches, type Step } from '../testing/memory-handler.js';
import { content, startPair } from '../testing/rig.js';
import { SlabWatch } from '../testing/slab-watch.js';
import type { OperationOptions, Session } from '../types.js';

const MiB = 1024 * 1024;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'filex-abort-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function drain(iterable: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of iterable);
}

const operations: [string, (session: Session, options: OperationOptions) => Promise<unknown>][] = [
  ['upload', (session, options) => session.upload(content(10), 'new', options)],
  ['download', (session, options) => session.download('a', { write: () => undefined }, options)],
  ['read', (session, options) => drain(session.read('a', options))],
  ['list', (session, options) => drain(session.list('', options))],
  ['stat', (session, options) => session.stat('a', options)],
  ['makeDirectory', (session, options) => session.makeDirectory('d', options)],
  ['rename', (session, options) => session.rename('a', 'b', options)],
  ['remove', (session, options) => session.remove('a', options)],
];

/** A session with a server that stops at a step until its gate is opened. */
async function heldAt(step: Step, options: Parameters<typeof startPair>[0] = {}) {
  const pair = await startPair(options);
  const gate = new Gate();
  pair.rig.handler.put('a', content(MiB));
  pair.rig.handler.before = (at) => (at === step ? gate.pass() : undefined);
  return { ...pair, gate, handler: pair.rig.handler };
}

function expectCancelled(error: unknown, reason: unknown, effect = 'none'): void {
  expect(error).toBeInstanceOf(FilexError);
  expect(error).toMatchObject({ code: 'CANCELLED' satisfies Code, effect, cause: reason });
}

afterEach(() => {
  vi.useRealTimers();
});

describe('an operation whose signal', () => {
  it.each(operations)('was aborted before: %s never starts', async (_name, start) => {
    const { rig, session } = await startPair();
    const reason = new Error('enough');
    expectCancelled(await failureOf(start(session, { signal: AbortSignal.abort(reason) })), reason);
    await session.close();
    expect(rig.events.filter(({ type }) => type === 'operation')).toEqual([]);
  });

  it.each(operations)('aborts while it waits for a stream: %s never starts', async (_name, start) => {
    const { session, gate, rig } = await heldAt('stat', { server: { limits: { maxStreams: 1 } } });
    const first = session.stat('a');
    await gate.reached;
    const controller = new AbortController();
    const waiting = start(session, controller);
    // What was asked later must not be served before, nor be forgotten when the one before it goes.
    const later = session.stat('a');
    await new Promise((resolve) => setImmediate(resolve));
    const reason = new Error('enough');
    controller.abort(reason);
    expectCancelled(await failureOf(waiting), reason);
    gate.open();
    await first;
    await later;
    await session.close();
    expect(rig.events.filter(({ type }) => type === 'operation').length).toBe(2);
  });

  it.each(operations)('never aborts leaves no listener behind: %s', async (_name, start) => {
    const { rig, session } = await startPair();
    rig.handler.put('a', content(10));
    const { signal } = new AbortController();
    await start(session, { signal });
    await failureOf(start(session, { signal }).then(() => Promise.reject(new Error('fine too'))));
    expect(getEventListeners(signal, 'abort').length).toBe(0);
  });

  it.each([
    ['download', 'download'],
    ['download', 'read'],
    ['read', 'download'],
    ['list', 'list'],
    ['stat', 'stat'],
  ] as const)('aborts while the server is stuck: %s (at %s) is over at once', async (name, step) => {
    const { session, gate, rig } = await heldAt(step);
    const controller = new AbortController();
    const start = new Map(operations).get(name) as (typeof operations)[0][1];
    const running = start(session, controller);
    await gate.reached;
    const reason = new Error('enough');
    controller.abort(reason);
    expectCancelled(await failureOf(running), reason);
    gate.open();
    await rig.event('operation');
    expect(await session.stat('')).toMatchObject({ kind: 'directory' });
    await session.close();
  });
});

describe('an upload that is aborted', () => {
  it('while its source has nothing to say is over at once, and the source is closed', async () => {
    const { rig, session } = await startPair();
    const controller = new AbortController();
    const idle = new PassThrough();
    idle.write('something first');
    const running = session.upload(idle, 'x', controller);
    while (rig.handler.told.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expectCancelled(await failureOf(running), controller.signal.reason);
    expect(idle.destroyed).toBe(true);
    await rig.event('operation');
    expect(rig.handler.told[0]?.calls.at(-1)).toBe('abort!');
  });

  it('while an iterator that cannot be closed is pending is over at once', async () => {
    const { rig, session } = await startPair();
    const controller = new AbortController();
    const asked = new Deferred();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      asked.resolve();
      await new Promise(() => undefined);
      yield content(1);
    }
    const running = session.upload(stuck(), 'x', controller);
    await asked.promise;
    controller.abort();
    expectCancelled(await failureOf(running), controller.signal.reason);
    await session.close();
    expect(rig.handler.files.size).toBe(0);
  });

  it('while it waits for credit is over at once, though the server is stuck', async () => {
    const watch = new SlabWatch();
    const { rig, session, gate, handler } = await heldAt('write');
    const directory = await folder();
    const path = join(directory, 'source');
    await writeFile(path, content(20 * MiB));
    const controller = new AbortController();
    const running = session.upload(path, 'x', controller);
    await gate.reached;
    controller.abort();
    expectCancelled(await failureOf(running), controller.signal.reason);
    gate.open();
    expect(await rig.event('operation')).toMatchObject({ code: 'CANCELLED' });
    expect(breaches(handler.told)).toEqual([]);
    expect(handler.signals[0]?.aborted).toBe(true);
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('after all was sent hears from the server whether it was too late', async () => {
    // Nothing remembered, no timer of the server.
    const { session, gate, handler } = await heldAt('commit', {
      server: { serverLimits: { resumeTimeout: 0 } },
    });
    const controller = new AbortController();
    const running = session.upload(content(10), 'x', controller);
    await gate.reached;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    controller.abort();
    gate.open();
    expect(await running).toMatchObject({ outcome: 'created' });
    expect(vi.getTimerCount()).toBe(0);
    expect(handler.files.has('x')).toBe(true);
  });

  it('after all was sent hears from the server that it was in time', async () => {
    const { session, rig } = await startPair();
    const reached = new Deferred();
    rig.handler.before = (step, _path, { signal }) => {
      if (step !== 'commit') return undefined;
      reached.resolve();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    };
    const controller = new AbortController();
    const running = session.upload(content(10), 'x', controller);
    await reached.promise;
    controller.abort();
    expectCancelled(await failureOf(running), controller.signal.reason);
    expect(rig.handler.files.size).toBe(0);
  });

  it.each([
    ['upload', 'commit'],
    ['makeDirectory', 'makeDirectory'],
    ['rename', 'rename'],
    ['remove', 'remove'],
  ] as const)(
    'or %s, with a server that does not answer, ends in time with an unknown effect',
    async (name, step) => {
      const { session, gate } = await heldAt(step);
      const controller = new AbortController();
      const start = new Map<string, (typeof operations)[0][1]>(operations).get(
        name,
      ) as (typeof operations)[0][1];
      const running = start(session, controller);
      await gate.reached;
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      controller.abort();
      vi.advanceTimersByTime(CANCEL_TIMEOUT);
      vi.useRealTimers();
      expectCancelled(await failureOf(running), controller.signal.reason, 'unknown');
      gate.open();
      expect(await session.stat('')).toMatchObject({ kind: 'directory' });
    },
  );
});

describe('a download that is aborted', () => {
  const stalled = (): [Writable, Promise<void>] => {
    const reached = new Deferred();
    return [new Writable({ write: () => reached.resolve() }), reached.promise];
  };

  it.each([
    ['a small file that has all arrived', 100],
    ['a large one', 20 * MiB],
  ])('while a Writable does not take it is over at once: %s', async (_what, size) => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    rig.handler.put('a', content(size));
    const controller = new AbortController();
    const [writable, reached] = stalled();
    const running = session.download('a', writable, controller);
    await reached;
    if (size === 100) await rig.event('operation');
    controller.abort();
    expectCancelled(await failureOf(running), controller.signal.reason);
    // The write that is under way may still fail.
    writable.destroy(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('by `read` whose caller does nothing ends it for the server, and throws when the caller comes back', async () => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    rig.handler.put('a', content(20 * MiB));
    const controller = new AbortController();
    const reading = session.read('a', controller)[Symbol.asyncIterator]();
    await reading.next();
    controller.abort();
    expect(await rig.event('operation')).toMatchObject({ code: 'CANCELLED' });
    expectCancelled(await failureOf(reading.next()), controller.signal.reason);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('while its sink opens writes nothing, and the sink is told', async () => {
    const { rig, session } = await startPair();
    rig.handler.put('a', content(100));
    const controller = new AbortController();
    const gate = new Gate();
    const calls: string[] = [];
    const running = session.download(
      'a',
      {
        open: () => gate.pass(),
        write: () => void calls.push('write'),
        commit: async () => void calls.push('commit'),
        abort: () => void calls.push('abort'),
      },
      controller,
    );
    await gate.reached;
    controller.abort();
    gate.open();
    expectCancelled(await failureOf(running), controller.signal.reason);
    expect(calls).toEqual(['abort']);
  });

  it('into a folder leaves nothing there', async () => {
    const { rig, session } = await startPair();
    rig.handler.put('a', content(20 * MiB));
    const directory = await folder();
    for (const after of [1, 5 * MiB]) {
      const controller = new AbortController();
      const running = session.download('a', join(directory, 'a'), {
        signal: controller.signal,
        onProgress: ({ acknowledged }) => {
          if (acknowledged >= after) controller.abort();
        },
      });
      expectCancelled(await failureOf(running), controller.signal.reason);
      expect(await readdir(directory)).toEqual([]);
    }
  });

  it('while it commits is too late', async () => {
    const { rig, session } = await startPair();
    rig.handler.put('a', content(100));
    const controller = new AbortController();
    const calls: string[] = [];
    const result = await session.download(
      'a',
      {
        write: () => undefined,
        commit: async () => {
          controller.abort();
          return { outcome: 'created', path: 'here' };
        },
        abort: () => void calls.push('abort'),
      },
      controller,
    );
    expect(result).toMatchObject({ outcome: 'created', path: 'here' });
    expect(calls).toEqual([]);
  });
});

describe('a listing that is aborted', () => {
  it('in the loop throws at the next step, whatever has arrived', async () => {
    const { rig, session } = await startPair();
    for (let i = 0; i < 100; i += 1) rig.handler.put(`file ${i}`, content(1));
    const controller = new AbortController();
    let seen = 0;
    const looping = (async () => {
      for await (const _entry of session.list('', controller)) {
        seen += 1;
        if (seen === 3) controller.abort();
      }
    })();
    expectCancelled(await failureOf(looping), controller.signal.reason);
    expect(seen).toBe(3);
  });
});

describe('a listener that throws', () => {
  it.each(['upload', 'download'] as const)('fails its %s and nothing else', async (name) => {
    const { rig, session } = await startPair();
    rig.handler.put('a', content(3 * MiB));
    const onProgress = (): void => {
      throw new Error('my own fault');
    };
    const running =
      name === 'upload'
        ? session.upload(content(3 * MiB), 'x', { onProgress })
        : session.download('a', { write: () => undefined }, { onProgress });
    expect(await failureOf(running)).toMatchObject({ code: 'INTERNAL', message: 'my own fault' });
    expect(await session.stat('a')).toMatchObject({ kind: 'file' });
    await rig.event('operation', ({ operation }) => operation === name);
    expect(breaches(rig.handler.told)).toEqual([]);
  });

  it('after the server has stored the file says that it is stored', async () => {
    const { rig, session } = await startPair();
    const onProgress = ({ acknowledged }: { acknowledged: number }): void => {
      if (acknowledged > 0) throw new Error('my own fault');
    };
    const running = session.upload(content(10), 'x', { onProgress });
    expect(await failureOf(running)).toMatchObject({ code: 'INTERNAL', effect: 'applied' });
    expect(rig.handler.files.has('x')).toBe(true);
  });
});
