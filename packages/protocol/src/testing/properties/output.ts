import fc from 'fast-check';
import { expect } from 'vitest';
import { OutputQueue } from '../../connection/output-queue.js';
import { frameTypes, HEADER_SIZE } from '../../wire/frame.js';
import { bytes } from '../arbitraries.js';
import { concat, hex } from '../bytes.js';
import { dataFrame, rawFrame } from '../frames.js';
import { Bench } from '../peer.js';

type Step =
  | { readonly put: 'data' | 'framed' | 'control'; readonly bytes: Uint8Array }
  | { readonly take: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    put: fc.constantFrom('data' as const, 'framed' as const, 'control' as const),
    bytes: bytes(1, 400),
  }),
  // Larger than one piece of the arena.
  fc.record({ put: fc.constant('control' as const), bytes: bytes(15_000, 20_000) }),
  fc.record({ take: fc.oneof(fc.nat({ max: 2000 }), fc.constant(Number.POSITIVE_INFINITY)) }),
);

/** Where a header is going to be. */
const room = new Uint8Array(HEADER_SIZE).fill(0xee);

export const outputProperties = {
  'what is put in comes out, in order, and does not change afterwards'() {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new OutputQueue();
        const expected: Uint8Array[] = [];
        const taken: [Uint8Array, string][] = [];
        const take = (max: number): void => {
          const parts = queue.take(max);
          const size = parts.reduce((sum, part) => sum + part.length, 0);
          // As much as was asked for, but not a part more than that needs.
          if (queue.size > 0) expect(size).toBeGreaterThanOrEqual(max);
          if (parts.length > 0) expect(size - (parts.at(-1) as Uint8Array).length).toBeLessThan(max);
          for (const part of parts) taken.push([part, hex(part)]);
        };
        for (const each of steps) {
          if ('take' in each) take(each.take);
          else if (each.put === 'data') {
            queue.data(7, each.bytes);
            expected.push(dataFrame(7, each.bytes));
          } else if (each.put === 'framed') {
            queue.framed(7, concat([room, each.bytes]));
            expected.push(dataFrame(7, each.bytes));
          } else {
            queue.control(frameTypes.PING, 0, each.bytes);
            expected.push(rawFrame(frameTypes.PING, 0, each.bytes));
          }
          const put = expected.reduce((sum, part) => sum + part.length, 0);
          expect(queue.taken + queue.size).toBe(put);
        }
        take(Number.POSITIVE_INFINITY);
        expect(queue.size).toBe(0);
        expect(taken.map(([, then]) => then).join('')).toBe(hex(concat(expected)));
        for (const [part, then] of taken) expect(hex(part)).toBe(then);
      }),
      { numRuns: 40 },
    );
  },

  'file bytes leave in the very buffer they were given in'() {
    fc.assert(
      fc.property(fc.array(bytes(1, 500), { minLength: 1, maxLength: 10 }), (pieces) => {
        const { connection } = Bench.open('client');
        const stream = connection.open({ operation: 'upload', path: 'a' });
        for (const piece of pieces) connection.write(stream, piece);
        const parts = connection.takeOutput();
        for (const piece of pieces) expect(parts.filter((part) => part === piece)).toHaveLength(1);
        // Nothing else but the headers in between.
        expect(parts.length).toBe(2 * pieces.length);
      }),
    );
  },

  'file bytes with room before them leave in that very buffer, header and all, as what they would be otherwise'() {
    fc.assert(
      fc.property(fc.array(bytes(1, 500), { minLength: 1, maxLength: 10 }), (pieces) => {
        const [framed, plain] = [Bench.open('client').connection, Bench.open('client').connection];
        const buffers = pieces.map((piece) => concat([room, piece]));
        for (const connection of [framed, plain]) connection.open({ operation: 'upload', path: 'a' });
        for (const connection of [framed, plain]) connection.takeOutput();
        for (const buffer of buffers) framed.writeFramed(1, buffer);
        for (const piece of pieces) plain.write(1, piece);
        expect(framed.sendable(1)).toBe(plain.sendable(1));
        const parts = framed.takeOutput();
        expect(parts).toHaveLength(pieces.length);
        expect(parts.every((part, i) => part === buffers[i])).toBe(true);
        expect(hex(concat(parts))).toBe(hex(concat(plain.takeOutput())));
      }),
    );
  },
};
