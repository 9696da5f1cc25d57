import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { resolveLimits } from '../limits.js';
import { connect } from './connect.js';
import { RateLimit, windowsFor } from './rate-limit.js';
import { serve } from './serve.js';
import { MemoryHandler } from './testing/memory-handler.js';

describe('RateLimit', () => {
  it('never lets more through than the rate and one spend allow, however it is asked', () => {
    const waits = fc.integer({ min: 0, max: 500 });
    const spends = fc.integer({ min: 1, max: 5_000 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.array(fc.tuple(waits, spends), { maxLength: 50 }),
        (rate, steps) => {
          const limit = new RateLimit(rate);
          let now = 1_000;
          let moved = 0;
          let last = 0;
          for (const [wait, bytes] of steps) {
            now += wait;
            if (limit.delay(now) > 0) continue;
            moved += bytes;
            last = bytes;
            limit.spend(bytes, now);
            // What came before the last spend was paid for by the time that passed.
            expect((moved - last) / rate).toBeLessThanOrEqual((now - 1_000) / 1_000 + 1e-6);
          }
        },
      ),
    );
  });

  it('says how long to wait', () => {
    const limit = new RateLimit(1_000);
    limit.spend(500, 100);
    expect(limit.delay(100)).toBe(500);
    expect(limit.delay(400)).toBe(200);
    expect(limit.delay(700)).toBe(0);
  });
});

it('windowsFor asks for windows that every end may have', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 2 ** 40 }), (rate) => {
      expect(() => resolveLimits(windowsFor(rate))).not.toThrow();
    }),
  );
});

describe('a session with a bandwidth limit', () => {
  const close: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const each of close.splice(0).reverse()) await each();
  });

  async function limited(bandwidthLimit: number) {
    const handler = new MemoryHandler();
    const server = await serve({ handler, port: 0, host: '127.0.0.1' });
    close.push(() => server.shutdown());
    const url = `filex+tcp://127.0.0.1:${server.address.port}/`;
    const session = await connect(url, { bandwidthLimit });
    close.push(() => session.close());
    return { handler, session };
  }

  // Time can only be longer than the rate asks for, so these hold on any machine.
  it('sends no faster', async () => {
    const { handler, session } = await limited(1_000_000);
    const content = Buffer.alloc(400_000, 'x');
    const started = performance.now();
    await session.upload(content, 'file');
    // All but the last portion (a tenth of a second) has been waited for.
    expect(performance.now() - started).toBeGreaterThanOrEqual(290);
    expect(handler.files.get('file')?.content.equals(content)).toBe(true);
  });

  it('receives no faster than its windows and the rate allow', async () => {
    const { handler, session } = await limited(400_000);
    const content = handler.put('file', Buffer.alloc(800_000, 'x'));
    const started = performance.now();
    const parts: Uint8Array[] = [];
    for await (const part of session.read('file')) parts.push(part);
    // At most one window (half a second) comes ahead of the rate.
    expect(performance.now() - started).toBeGreaterThanOrEqual(900);
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });

  it('receives many small files no faster, though each has a window of its own', async () => {
    const { handler, session } = await limited(1_000_000);
    const files = Array.from({ length: 60 }, (_, i) => `file ${i}`);
    for (const file of files) handler.put(file, Buffer.alloc(30_000, 'x'));
    const started = performance.now();
    await Promise.all(files.map((file) => session.download(file, { write: () => undefined })));
    // All but the window of the connection, and what is on its way to being read.
    expect(performance.now() - started).toBeGreaterThanOrEqual(900);
  });

  it('lets a stream that nobody reads from stop no other', async () => {
    const { handler, session } = await limited(1_000_000);
    const content = handler.put('file', Buffer.alloc(300_000, 'x'));
    const paused = Array.from({ length: 5 }, () => session.read('file')[Symbol.asyncIterator]());
    for (const iterator of paused) await iterator.next();
    expect(await session.download('file', { write: () => undefined })).toMatchObject({
      size: content.length,
    });
    for (const iterator of paused) await iterator.return?.();
  });

  it('ends at once when it is destroyed while it waits', async () => {
    const { session } = await limited(1024);
    const upload = session.upload(Buffer.alloc(1_000_000), 'file');
    const failed = expect(upload).rejects.toMatchObject({ code: expect.any(String) });
    session.destroy();
    await failed;
    await session.closed;
  });

  it('refuses a limit that makes no sense', async () => {
    await expect(limited(0)).rejects.toThrow(RangeError);
  });
});
