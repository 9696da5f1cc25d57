import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AheadBound, AheadQueue } from './ahead-queue.js';
import { runLanes, sliced } from './lanes.js';

const atMost = <T>(items: number): AheadBound<T> => ({ items, weight: 1, weigh: () => 0 });

describe('runLanes', () => {
  it('works on every item once, never on more than it has lanes, whatever takes how long', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 5 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        async (delays, lanes, ahead) => {
          const done: number[] = [];
          let running = 0;
          await runLanes(delays.entries(), { lanes, ahead: atMost(ahead) }, async ([index, delay]) => {
            running += 1;
            expect(running).toBeLessThanOrEqual(lanes);
            for (let i = 0; i < delay; i += 1) await Promise.resolve();
            running -= 1;
            done.push(index);
          });
          expect(done.sort((a, b) => a - b)).toEqual(delays.map((_, index) => index));
        },
      ),
    );
  });

  it('looks no further ahead than it may', async () => {
    let given = 0;
    let taken = 0;
    function* source(): Generator<number> {
      for (given = 1; given <= 100; given += 1) {
        expect(given - taken).toBeLessThanOrEqual(4 + 2 + 1);
        yield given;
      }
    }
    await runLanes(source(), { lanes: 2, ahead: atMost(4) }, async () => {
      taken += 1;
      await Promise.resolve();
    });
    expect(taken).toBe(100);
  });

  it('stops at what is thrown, after waiting for what runs', async () => {
    let finished = 0;
    let faults = 0;
    const begun: number[] = [];
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const running = runLanes(
      [1, 2, 3, 4, 5, 6],
      {
        lanes: 2,
        ahead: atMost(2),
        onFault: () => {
          faults += 1;
          release();
        },
      },
      async (item) => {
        begun.push(item);
        if (item === 2) throw new Error('two');
        await gate;
        finished += 1;
      },
    );
    await expect(running).rejects.toThrow('two');
    expect(begun).toEqual([1, 2]);
    expect(finished).toBe(1);
    expect(faults).toBe(1);
  });

  it('a source that throws stops it too, and is closed when a lane throws', async () => {
    await expect(
      runLanes(
        (function* () {
          yield 1;
          throw new Error('source');
        })(),
        { lanes: 3, ahead: atMost(9) },
        async () => undefined,
      ),
    ).rejects.toThrow('source');
    let closed = false;
    await expect(
      runLanes(
        (function* () {
          try {
            for (;;) yield 1;
          } finally {
            closed = true;
          }
        })(),
        { lanes: 3, ahead: atMost(9) },
        async () => {
          throw new Error('lane');
        },
      ),
    ).rejects.toThrow('lane');
    expect(closed).toBe(true);
  });
});

describe('AheadQueue', () => {
  it('is first in, first out, through growth and compaction', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 30 }), async (bursts) => {
        const queue = new AheadQueue<number>(atMost(1e9));
        let put = 0;
        let taken = 0;
        for (const burst of bursts) {
          for (let i = 0; i < burst; i += 1) queue.put(put++);
          for (let i = 0; i < burst * 0.9; i += 1) expect(await queue.take()).toBe(taken++);
        }
        queue.close();
        while (taken < put) expect(await queue.take()).toBe(taken++);
        expect(await queue.take()).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });

  it('holds no more than one item beyond its weight, whatever is put and taken', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 9 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 30 }),
        async (weights, weight) => {
          const queue = new AheadQueue<number>({ items: 1e9, weight, weigh: (item) => item });
          const inside: number[] = [];
          const sum = (): number => inside.reduce((total, one) => total + one, 0);
          for (const one of weights) {
            expect(sum()).toBeLessThan(weight);
            inside.push(one);
            const more = queue.put(one);
            expect(more).toBe(sum() < weight);
            if (more) continue;
            const room = queue.room();
            while (sum() >= weight) expect(await queue.take()).toBe(inside.shift());
            await room;
          }
        },
      ),
    );
  });

  it('tells everybody who waits when it ends', async () => {
    const queue = new AheadQueue<number>(atMost(1));
    const takers = [queue.take(), queue.take()].map(async (one) => one);
    queue.close();
    expect(await Promise.all(takers)).toEqual([undefined, undefined]);
    const full = new AheadQueue<number>(atMost(1));
    expect(full.put(1)).toBe(false);
    const room = full.room();
    full.abandon();
    await room;
    expect(await full.take()).toBeUndefined();
  });
});

describe('sliced', () => {
  it('yields everything in order', async () => {
    const got: number[] = [];
    for await (const one of sliced([1, 2, 3], 0)) got.push(one);
    expect(got).toEqual([1, 2, 3]);
  });
});
