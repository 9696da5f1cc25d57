import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreeDigest } from '../wire/digest.js';
import { SMALL_PIECE } from './bounds.js';
import { DataReceiver } from './data-receiver.js';
import { sha256Provider } from './digests.js';
import type { Arrival } from './driver.js';
import { Deferred, failureOf, turns } from './testing/deferred.js';
import { content } from './testing/rig.js';

/** A receiver whose surroundings are counted. */
class Bench {
  readonly receiver: DataReceiver;
  /** Where it was made durable. */
  readonly synced: number[] = [];
  consumed = 0;
  held = 0;
  readonly stored: number[] = [];
  readonly failures: Error[] = [];

  /** @param during told while it is made durable. */
  constructor(
    onStored: (offset: number) => void | Promise<void> = () => undefined,
    isSyncDue: (offset: number) => boolean = () => false,
    during: () => void | Promise<void> = () => undefined,
  ) {
    this.receiver = new DataReceiver({
      createHash: sha256Provider.create,
      consume: (count) => {
        this.consumed += count;
      },
      onStored: (offset) => {
        this.stored.push(offset);
        return onStored(offset);
      },
      isSyncDue,
      sync: async (offset) => {
        this.synced.push(offset);
        await during();
      },
      onFailure: (error) => void this.failures.push(error),
    });
  }

  /** Bytes that are overwritten as soon as they are released. */
  arrival(bytes: Uint8Array): Arrival {
    const own = Buffer.from(bytes);
    let released = false;
    this.held += 1;
    return {
      bytes: own,
      release: () => {
        expect(released, 'released once').toBe(false);
        released = true;
        this.held -= 1;
        own.fill(0xee);
      },
    };
  }
}

function digestOf(bytes: Uint8Array): Uint8Array {
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(bytes);
  return tree.digest();
}

describe('what arrives', () => {
  it('is written in order, whole and once, however it was cut and however slow the writing', async () => {
    const sizes = fc.array(
      fc.oneof(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 2 * SMALL_PIECE }),
        fc.constant(70_000),
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(fc.nat(2)), fc.nat(60), async (each, pauses, openAt) => {
        const bench = new Bench();
        const whole = content(each.reduce((sum, size) => sum + size, 0));
        const written: Buffer[] = [];
        let writing = 0;
        const write = async (bytes: Uint8Array): Promise<void> => {
          writing += 1;
          expect(writing, 'one write at a time').toBe(1);
          const before = Buffer.from(bytes);
          for (let i = pauses[written.length] ?? 0; i > 0; i -= 1) await Promise.resolve();
          expect(before.equals(bytes), 'the view stays as it is').toBe(true);
          written.push(before);
          writing -= 1;
        };
        let at = 0;
        for (const [i, size] of each.entries()) {
          if (i === openAt) bench.receiver.open(write);
          bench.receiver.push(bench.arrival(whole.subarray(at, at + size)));
          at += size;
          if (pauses[i] === 1) await Promise.resolve();
        }
        bench.receiver.open(write);
        expect(bench.receiver.received).toBe(whole.length);
        expect(await bench.receiver.finish()).toEqual(digestOf(whole));
        expect(Buffer.concat(written).equals(whole)).toBe(true);
        expect(bench.consumed).toBe(whole.length);
        expect(bench.held).toBe(0);
        expect(bench.stored.at(-1) ?? 0).toBe(whole.length);
      }),
      { numRuns: 60 },
    );
  });

  it('is written by as many writes at once as may be, each where it belongs, and counted in order', async () => {
    const sizes = fc.array(fc.integer({ min: SMALL_PIECE, max: 2 * SMALL_PIECE }), { maxLength: 40 });
    let most = 0;
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(6)),
        fc.array(fc.boolean()),
        async (each, maxInFlight, pauses, dues) => {
          let inFlight = 0;
          const ended = new Set<number>();
          let asked = 0;
          const isEnded = (offset: number): void => {
            // All before is there.
            for (let at = 0; at < offset; at += SMALL_PIECE)
              expect([...ended].some((end) => end > at)).toBe(true);
          };
          const bench = new Bench(
            (offset) => {
              isEnded(offset);
              if (maxInFlight === 1) expect(inFlight, 'one call at a time').toBe(0);
            },
            () => dues[asked++] ?? false,
            async () => {
              for (let i = 0; i < 3; i += 1) {
                expect(inFlight, 'nothing is written meanwhile').toBe(0);
                await Promise.resolve();
              }
            },
          );
          const whole = content(each.reduce((sum, size) => sum + size, 0));
          const stored = Buffer.alloc(whole.length);
          let begun = 0;
          const write = async (bytes: Uint8Array, offset: number): Promise<void> => {
            inFlight += 1;
            most = Math.max(most, inFlight);
            expect(inFlight).toBeLessThanOrEqual(maxInFlight);
            const pause = pauses[begun++] ?? 0;
            for (let i = 0; i < pause; i += 1) await Promise.resolve();
            stored.set(bytes, offset);
            ended.add(offset + bytes.length);
            inFlight -= 1;
          };
          bench.receiver.open(write, maxInFlight);
          let at = 0;
          for (const size of each) {
            bench.receiver.push(bench.arrival(whole.subarray(at, at + size)));
            at += size;
            if (size % 3 === 0) await Promise.resolve();
          }
          expect(await bench.receiver.finish()).toEqual(digestOf(whole));
          expect(stored.equals(whole)).toBe(true);
          expect(bench.consumed).toBe(whole.length);
          expect(bench.held).toBe(0);
          expect(bench.receiver.stored).toBe(whole.length);
          expect(bench.stored).toEqual(
            each.map((_, i) => each.slice(0, i + 1).reduce((sum, size) => sum + size, 0)),
          );
          for (const offset of bench.synced) expect(bench.stored).toContain(offset);
          if (dues.slice(0, each.length).includes(true)) expect(bench.synced.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 100 },
    );
    expect(most).toBe(4);
  });

  it('gives credit back only when it is stored', async () => {
    const bench = new Bench();
    const gate = new Deferred();
    bench.receiver.open(() => gate.promise);
    bench.receiver.push(bench.arrival(content(10_000)));
    bench.receiver.push(bench.arrival(content(5)));
    await turns();
    expect(bench.consumed).toBe(0);
    gate.resolve();
    await bench.receiver.finish();
    expect(bench.consumed).toBe(10_005);
  });

  it('in single bytes costs little more than these', async () => {
    const bench = new Bench();
    for (let i = 0; i < 10_000; i += 1) bench.receiver.push(bench.arrival(Uint8Array.of(i)));
    // One that came first and the pieces the others were gathered in.
    expect(bench.held).toBeLessThanOrEqual(1);
    const writes: number[] = [];
    bench.receiver.open((bytes) => void writes.push(bytes.length));
    await bench.receiver.finish();
    expect(writes).toEqual([10_000]);
  });
});

describe('a write that fails', () => {
  it.each(['rejects', 'throws'])('and %s gives everything back, and is told once', async (how) => {
    const bench = new Bench();
    for (let i = 0; i < 10; i += 1) bench.receiver.push(bench.arrival(content(5000)));
    let writes = 0;
    bench.receiver.open(() => {
      writes += 1;
      if (writes < 3) return undefined;
      const error = new Error('full');
      if (how === 'throws') throw error;
      return Promise.reject(error);
    });
    expect(await failureOf(bench.receiver.finish())).toMatchObject({ code: 'IO_ERROR', message: 'full' });
    bench.receiver.push(bench.arrival(content(5000)));
    expect(bench.consumed).toBe(55_000);
    expect(bench.held).toBe(0);
    expect(bench.failures.length).toBe(1);
    expect(writes).toBe(3);
  });

  it('beside others ends after these, and what is behind it does not count', async () => {
    const bench = new Bench();
    const gates = Array.from({ length: 4 }, () => new Deferred());
    let begun = 0;
    bench.receiver.open(() => (gates[begun++] as Deferred).promise, 3);
    for (let i = 0; i < 5; i += 1) bench.receiver.push(bench.arrival(content(5000)));
    expect(begun).toBe(3);
    gates[2]?.resolve();
    gates[1]?.reject(new Error('full'));
    await turns();
    expect(bench.failures).toMatchObject([{ code: 'IO_ERROR', message: 'full' }]);
    expect(bench.consumed).toBe(20_000);
    const finishing = failureOf(bench.receiver.finish());
    gates[0]?.resolve();
    expect(await finishing).toMatchObject({ message: 'full' });
    expect(begun).toBe(3);
    expect(bench.receiver.stored).toBe(5000);
    expect(bench.consumed).toBe(25_000);
    expect(bench.held).toBe(0);
  });

  it('to make it durable is a failure too', async () => {
    const bench = new Bench(
      undefined,
      () => true,
      () => Promise.reject(new Error('no device')),
    );
    bench.receiver.push(bench.arrival(content(5)));
    bench.receiver.open(() => undefined, 3);
    expect(await failureOf(bench.receiver.finish())).toMatchObject({ message: 'no device' });
    expect(bench.failures).toHaveLength(1);
  });

  it('after the end is told all the same', async () => {
    const bench = new Bench(() => {
      throw new Error('no sync');
    });
    bench.receiver.push(bench.arrival(content(5)));
    bench.receiver.open(() => undefined);
    expect(await failureOf(bench.receiver.finish())).toMatchObject({ message: 'no sync' });
    expect(bench.consumed).toBe(5);
  });
});

describe('stopping', () => {
  it('drops what waits at once, and waits for the write that is under way', async () => {
    const bench = new Bench();
    const gate = new Deferred();
    bench.receiver.open(() => gate.promise);
    for (let i = 0; i < 5; i += 1) bench.receiver.push(bench.arrival(content(5000)));
    await turns();
    let stopped = false;
    const stopping = bench.receiver.stop().then(() => {
      stopped = true;
    });
    await turns();
    expect(bench.consumed).toBe(20_000);
    expect(stopped).toBe(false);
    gate.resolve();
    await stopping;
    expect(bench.consumed).toBe(25_000);
    expect(bench.held).toBe(0);
    expect(bench.stored).toEqual([]);
    expect(await failureOf(bench.receiver.finish())).toMatchObject({ code: 'CANCELLED' });
    // A write that fails now is nobody's business.
    expect(bench.failures).toEqual([]);
  });

  it('before it was opened, or twice, is fine', async () => {
    const bench = new Bench();
    bench.receiver.push(bench.arrival(content(5000)));
    await bench.receiver.stop();
    await bench.receiver.stop();
    bench.receiver.open(() => expect.unreachable());
    bench.receiver.push(bench.arrival(content(5000)));
    expect(bench.consumed).toBe(10_000);
    expect(bench.held).toBe(0);
  });
});
