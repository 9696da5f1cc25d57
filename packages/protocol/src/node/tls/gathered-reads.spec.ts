import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SLAB_SIZE } from '../bounds.js';
import { slabs } from '../slab-pool.js';
import { readGathered } from './gathered-reads.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function reading(mayGather = true) {
  const socket = new EventEmitter();
  const got: Buffer[] = [];
  // Views are good for the call only, as those of any read.
  readGathered(
    socket as Socket,
    (bytes) => void got.push(Buffer.from(bytes)),
    () => mayGather,
  );
  return { socket, got };
}

describe('reading inside TLS', () => {
  it('tells all bytes in order, in pieces that fit a slab, whatever chunks they come in, and before the end', async () => {
    const chunk = fc.oneof(
      fc.integer({ min: 1, max: 100 }),
      fc.constantFrom(16_384, SLAB_SIZE / 2, SLAB_SIZE - 1, SLAB_SIZE),
    );
    const turns = fc.array(fc.array(chunk, { maxLength: 6 }), { maxLength: 4 });
    const last = fc.constantFrom('end', 'error', 'close');
    await fc.assert(
      fc.asyncProperty(turns, chunk, last, async (sizes, unfinished, event) => {
        const { socket, got } = reading();
        const sent: Buffer[] = [];
        const send = (size: number): void => {
          const bytes = Buffer.alloc(size, sent.length + 1);
          sent.push(bytes);
          socket.emit('data', bytes);
        };
        for (const ofTurn of sizes) {
          for (const size of ofTurn) send(size);
          await turn();
          expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
        }
        send(unfinished);
        let atEnd = 0;
        socket.on(event, () => {
          atEnd = Buffer.concat(got).length;
        });
        socket.emit(event, new Error('gone'));
        const whole = Buffer.concat(sent);
        expect(atEnd).toBe(whole.length);
        expect(Buffer.concat(got).equals(whole)).toBe(true);
        expect(Math.max(...got.map(({ length }) => length))).toBeLessThanOrEqual(SLAB_SIZE);
        await turn();
        expect(Buffer.concat(got)).toHaveLength(whole.length);
      }),
      { numRuns: 60 },
    );
    expect(slabs.out).toBe(0);
  });

  it('puts the records of one turn together', async () => {
    const { socket, got } = reading();
    for (let i = 0; i < 20; i += 1) socket.emit('data', Buffer.alloc(16_384));
    await turn();
    expect(got.map(({ length }) => length)).toEqual([20 * 16_384]);
  });

  it('takes no slab for who is not worth one', () => {
    const { socket, got } = reading(false);
    for (let i = 0; i < 3; i += 1) socket.emit('data', Buffer.alloc(10));
    expect(got.map(({ length }) => length)).toEqual([10, 10, 10]);
  });
});
