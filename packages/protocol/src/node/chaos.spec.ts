import { Readable, Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { FilexError } from '../errors.js';
import { connect } from './connect.js';
import { serve } from './serve.js';
import { Cable } from './testing/cable.js';
import { turns } from './testing/deferred.js';
import { breaches, MemoryHandler } from './testing/memory-handler.js';
import { content } from './testing/rig.js';
import { SlabWatch } from './testing/slab-watch.js';
import type { ServeEvent, Server, Session, UploadOptions } from './types.js';

vi.mock('./bounds.js', async (original) => ({
  ...(await original<typeof import('./bounds.js')>()),
  LINGER_TIMEOUT: 20,
  CANCEL_TIMEOUT: 20,
}));

const sizes = fc.constantFrom(0, 1, 500, 9000, 70_000, 600_000, 1_300_000);

const operation = fc.record({
  kind: fc.constantFrom('upload', 'download', 'read', 'list', 'stat', 'makeDirectory', 'remove'),
  size: sizes,
  /** How the bytes come or go. */
  shape: fc.constantFrom('memory', 'stream', 'idle', 'broken'),
  /** At which step of the whole run its signal aborts. */
  abortAt: fc.option(fc.nat(60), { nil: undefined, freq: 2 }),
  known: fc.boolean(),
});

/** What the server does at each step it comes to. */
const conduct = fc.oneof(
  { weight: 20, arbitrary: fc.constant('go' as const) },
  { weight: 6, arbitrary: fc.constant('wait' as const) },
  { weight: 1, arbitrary: fc.constantFrom('hold' as const, 'throw' as const) },
);

const ending = fc.oneof(
  fc.record({ how: fc.constant('none' as const), at: fc.nat(1) }),
  fc.record({ how: fc.constantFrom('up' as const, 'down' as const), at: fc.nat(800_000) }),
  fc.record({
    how: fc.constantFrom(
      'destroy session' as const,
      'close session' as const,
      'shut down server' as const,
      'destroy server' as const,
      'cut' as const,
    ),
    at: fc.nat(60),
  }),
);

const plan = fc.record({
  operations: fc.array(operation, { minLength: 1, maxLength: 12 }),
  conducts: fc.array(conduct, { minLength: 1, maxLength: 30 }),
  ending,
  window: fc.constantFrom(8192, 20_000, 262_144),
  maxStreams: fc.constantFrom(1, 2, 5, 256),
});

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;
type Operation = Plan['operations'][number];

/** One run of a plan. */
class Run {
  readonly handler = new MemoryHandler();
  readonly events: ServeEvent[] = [];
  readonly #plan: Plan;
  readonly #controllers: AbortController[] = [];
  readonly #held: (() => void)[] = [];
  #released = false;
  #step = 0;
  #session!: Session;
  #server!: Server;
  #cable!: Cable;
  readonly #endings: Promise<unknown>[] = [];

  constructor(each: Plan) {
    this.#plan = each;
  }

  async go(): Promise<void> {
    const { window, maxStreams, operations, ending: end } = this.#plan;
    const limits = { initialStreamWindow: window, initialConnectionWindow: window, maxStreams };
    const { handler } = this;
    this.#server = await serve({
      handler,
      host: '127.0.0.1',
      port: 0,
      limits,
      onEvent: (event) => this.events.push(event),
    });
    this.#cable = await Cable.start(this.#server.address.port);
    this.#session = await connect(this.#cable.url, { limits });
    for (const [i, { size }] of operations.entries()) handler.put(`file ${i}`, content(size, i + 1));
    handler.before = () => this.#conduct();
    if (end.how === 'up' || end.how === 'down') this.#cable.cutAfter(end.how, end.at);

    const running = operations.map((each, i) => this.#start(each, i));
    const all = Promise.all(running);
    // Some are held until the server is told to go on.
    await Promise.race([all, turns(500)]);
    this.#released = true;
    for (const release of this.#held.splice(0)) release();
    for (const controller of this.#controllers) controller.abort();
    await all;

    await this.#session.close();
    await this.#session.closed;
    await Promise.all(this.#endings);
    await this.#server.destroy();
    this.#cable.stop();
    expect(this.#server.connections).toBe(0);
    expect(breaches(handler.told)).toEqual([]);
    const asked = this.events.filter(({ type }) => type === 'operation').length;
    expect(asked).toBeLessThanOrEqual(operations.length);
  }

  /** Called at each step of the server. */
  async #conduct(): Promise<void> {
    const { conducts, operations, ending: end } = this.#plan;
    this.#step += 1;
    const step = this.#step;
    for (const [i, { abortAt }] of operations.entries()) if (abortAt === step) this.#controllers[i]?.abort();
    if (end.at === step) this.#end(end.how);
    switch (conducts[step % conducts.length]) {
      case 'wait':
        return turns(3);
      case 'hold':
        if (!this.#released) await new Promise<void>((resolve) => this.#held.push(resolve));
        return;
      case 'throw':
        throw new FilexError('IO_ERROR', 'as planned');
      default:
        return;
    }
  }

  #end(how: Plan['ending']['how']): void {
    if (how === 'destroy session') this.#session.destroy();
    if (how === 'close session') this.#endings.push(this.#session.close());
    if (how === 'shut down server') this.#endings.push(this.#server.shutdown());
    if (how === 'destroy server') this.#endings.push(this.#server.destroy());
    if (how === 'cut') this.#cable.cut();
  }

  async #start(each: Operation, i: number): Promise<void> {
    const controller = new AbortController();
    this.#controllers.push(controller);
    try {
      await this.#operate(each, i, controller.signal);
    } catch (error) {
      expect(error).toBeInstanceOf(FilexError);
      const { code, effect } = error as FilexError;
      if (each.kind === 'upload') {
        const stored = this.handler.files.has(`new ${i}`);
        // Whatever became of it, what is said about it is true.
        if (effect !== 'unknown') expect(stored, `${code} says ${effect}`).toBe(effect === 'applied');
      } else if (each.kind !== 'makeDirectory' && each.kind !== 'remove') {
        expect(effect).toBe('none');
      }
    }
  }

  async #operate({ kind, size, shape, known }: Operation, i: number, signal: AbortSignal): Promise<void> {
    const session = this.#session;
    const path = `file ${i}`;
    const expected = content(size, i + 1);
    switch (kind) {
      case 'upload': {
        const options: UploadOptions = {
          signal,
          size: known ? size : undefined,
          onProgress: () => undefined,
        };
        await session.upload(sourceOf(expected, shape), `new ${i}`, options);
        expect(this.handler.files.get(`new ${i}`)?.content.equals(expected)).toBe(true);
        return;
      }
      case 'download': {
        const got: Buffer[] = [];
        await session.download(path, sinkOf(got, shape), { signal });
        expect(Buffer.concat(got).equals(expected)).toBe(true);
        return;
      }
      case 'read': {
        let length = 0;
        for await (const chunk of session.read(path, { signal })) {
          expect(expected.subarray(length, length + chunk.length).equals(chunk)).toBe(true);
          length += chunk.length;
          if (shape === 'broken') return;
          if (shape === 'stream') await turns();
        }
        expect(length).toBe(size);
        return;
      }
      case 'list':
        for await (const entry of session.list('', { signal })) {
          expect(entry.path).toMatch(/^(file|new|folder) \d+$/);
          if (shape === 'broken') return;
        }
        return;
      case 'stat':
        expect(await session.stat(path, { signal })).toMatchObject({ kind: 'file', size });
        return;
      case 'makeDirectory':
        await session.makeDirectory(`folder ${i}`, { signal });
        expect(this.handler.folders.has(`folder ${i}`)).toBe(true);
        return;
      case 'remove':
        await session.remove(path, { signal });
        expect(this.handler.files.has(path)).toBe(false);
        return;
    }
  }
}

function sourceOf(bytes: Buffer, shape: Operation['shape']): Uint8Array | AsyncIterable<Uint8Array> {
  if (shape === 'memory') return bytes;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 30_000) {
      yield bytes.subarray(at, at + 30_000);
      await turns();
      if (shape === 'broken') throw new Error('the source broke');
    }
    if (shape === 'idle') await new Promise(() => undefined);
  }
  return shape === 'stream' ? Readable.from(chunks()) : chunks();
}

function sinkOf(got: Buffer[], shape: Operation['shape']): Writable {
  let writes = 0;
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes += 1;
      got.push(chunk);
      if (shape === 'memory') done();
      else if (shape === 'stream') setImmediate(done);
      else if (writes < 3) done();
      else if (shape === 'broken') done(new Error('the sink broke'));
    },
  });
}

it('whatever happens when, every operation ends with the truth and nothing is left', async () => {
  const watch = new SlabWatch();
  await fc.assert(
    fc.asyncProperty(plan, async (each) => {
      await new Run(each).go();
      await watch.allBack();
    }),
    { numRuns: 100, endOnFailure: true, timeout: 10_000 },
  );
}, 60_000);
