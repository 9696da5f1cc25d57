import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../testing/bytes.js';
import { rawFrame } from '../testing/frames.js';
import { FrameDecoder } from '../wire/decoder.js';
import { frameTypes } from '../wire/frame.js';
import { PREFACE } from '../wire/preface.js';
import {
  IDLE_READ_SIZE,
  LEAST_READ_SIZE,
  MANY_RECEIVED_SLABS,
  MAX_READING_SLABS,
  SLAB_PAYLOAD,
  SLAB_SIZE,
  SMALL_READ_SIZE,
} from './bounds.js';
import { type Slab, slabs } from './slab-pool.js';
import { slabReader } from './socket-reader.js';
import { SlabWatch } from './testing/slab-watch.js';

/** A reader and what Node does with it: asks for a buffer, fills it, tells how much. */
function reading() {
  const got: { readonly bytes: Uint8Array; readonly slab: Slab }[] = [];
  const reader = slabReader(() => (bytes, slab) => void got.push({ bytes, slab }));
  let buffer = reader.buffer();
  const read = (count: number): Buffer => {
    reader.callback(Math.min(count, buffer.length), buffer);
    buffer = reader.buffer();
    return buffer;
  };
  return { reader, got, read, offered: () => buffer.length };
}

/** Reads frames off a wire as a kernel does: what is there, as far as the buffer takes it. */
function readFrames(payloads: readonly number[], arriving: readonly number[]) {
  const told: Uint8Array[] = [];
  const decoder = new FrameDecoder(
    {
      onPreface: () => undefined,
      onDataHeader: () => undefined,
      onData: () => undefined,
      onFrame: () => undefined,
      onFault: (code) => expect.unreachable(code),
    },
    { maxDataPayload: 2 * SLAB_PAYLOAD, maxControlPayload: 1024 },
  );
  decoder.push(PREFACE);
  const reader = slabReader(
    () => (bytes) => {
      decoder.push(bytes);
      told.push(Uint8Array.from(bytes));
    },
    { missing: (bytes) => decoder.missing(bytes) },
  );
  const wire = concat(
    payloads.map((size, i) => rawFrame(frameTypes.DATA, 1, new Uint8Array(size).fill(i + 1))),
  );
  let buffer = reader.buffer();
  for (let at = 0, i = 0; at < wire.length; i += 1) {
    let there = arriving[i % arriving.length] as number;
    while (there > 0 && at < wire.length) {
      const count = Math.min(there, buffer.length, wire.length - at);
      buffer.set(wire.subarray(at, at + count));
      reader.callback(count, buffer);
      buffer = reader.buffer();
      at += count;
      there -= count;
    }
  }
  reader.close();
  return { told, wire };
}

describe('a payload that comes in many reads', () => {
  const size = fc.oneof(
    fc.constantFrom(SLAB_PAYLOAD, SLAB_PAYLOAD - 1, 2 * SLAB_PAYLOAD),
    fc.integer({ min: 1, max: 200_000 }),
  );
  const reads = fc.array(fc.oneof(fc.integer({ min: 1, max: 300_000 }), fc.constant(SLAB_SIZE)), {
    minLength: 1,
    maxLength: 5,
  });

  it('is told in order and wholly, however it comes, also when the socket closes in the middle', () => {
    const watch = new SlabWatch();
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 4 }), reads, (payloads, arriving) => {
        const { told, wire } = readFrames(payloads, arriving);
        expect(Buffer.concat(told).equals(wire)).toBe(true);
        expect(watch.out).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('is told as one, header and all, once the socket is busy and the payloads have the size of slabs', () => {
    const busy = fc.array(fc.integer({ min: 2 * SMALL_READ_SIZE + 1, max: 300_000 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(busy, (arriving) => {
        const { told } = readFrames(Array(6).fill(SLAB_PAYLOAD), arriving);
        expect(told.slice(-4).map(({ length }) => length)).toEqual(Array(4).fill(SLAB_SIZE));
      }),
      { numRuns: 30 },
    );
  });

  it('is not waited for when it trickles', () => {
    const { told } = readFrames([SLAB_PAYLOAD], [SMALL_READ_SIZE, 1000]);
    expect(told.length).toBeGreaterThan(20);
  });
});

describe('a socket', () => {
  it('that is idle is offered little, and one that is busy much', () => {
    const watch = new SlabWatch();
    const { read, offered, reader } = reading();
    expect(offered()).toBe(IDLE_READ_SIZE);
    read(100);
    expect(offered()).toBe(IDLE_READ_SIZE);
    read(IDLE_READ_SIZE);
    expect(offered()).toBe(SMALL_READ_SIZE);
    read(SMALL_READ_SIZE);
    expect(offered()).toBe(SLAB_SIZE);
    read(100_000);
    expect(offered()).toBe(SLAB_SIZE);
    read(10);
    expect(offered()).toBe(IDLE_READ_SIZE);
    expect(watch.out).toBe(0);
    reader.close();
  });

  it('fills its slab in several reads while many are out, and nobody writes to what was told', () => {
    const crowd = Array.from({ length: MANY_RECEIVED_SLABS }, () => slabs.take('receive'));
    const watch = new SlabWatch();
    const counts = fc.array(fc.integer({ min: SMALL_READ_SIZE + 1, max: 150_000 }), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(counts, (counts) => {
        const told: { readonly bytes: Uint8Array; readonly slab: Slab }[] = [];
        const reader = slabReader(() => (bytes, slab) => {
          slab.hold();
          told.push({ bytes, slab });
        });
        const sent: Uint8Array[] = [];
        for (const [i, count] of counts.entries()) {
          const buffer = reader.buffer();
          const read = Math.min(count, buffer.length);
          buffer.fill(i + 1, 0, read);
          sent.push(new Uint8Array(read).fill(i + 1));
          reader.callback(read, buffer);
        }
        reader.close();
        expect(Buffer.concat(told.map(({ bytes }) => bytes)).equals(Buffer.concat(sent))).toBe(true);
        const pooled = told.filter(({ slab }) => slab.pooled);
        const total = pooled.reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(watch.out).toBeLessThanOrEqual(1 + total / (SLAB_SIZE - LEAST_READ_SIZE));
        for (const { slab } of told) slab.release();
        expect(watch.out).toBe(0);
      }),
      { numRuns: 60 },
    );
    for (const slab of crowd) slab.release();
  });

  it('that closes gives back what waited for data', () => {
    const watch = new SlabWatch();
    const { read, reader } = reading();
    read(IDLE_READ_SIZE);
    read(SMALL_READ_SIZE);
    expect(watch.out).toBe(1);
    reader.close();
    reader.close();
    expect(watch.out).toBe(0);
  });

  it('that many others are as busy as is offered little', () => {
    const watch = new SlabWatch();
    const sockets = Array.from({ length: MAX_READING_SLABS + 5 }, reading);
    for (const { read } of sockets) {
      read(IDLE_READ_SIZE);
      read(SMALL_READ_SIZE);
    }
    expect(watch.out).toBe(MAX_READING_SLABS);
    expect(sockets.at(-1)?.offered()).toBe(SMALL_READ_SIZE);
    sockets[0]?.reader.close();
    sockets.at(-1)?.read(SMALL_READ_SIZE);
    expect(sockets.at(-1)?.offered()).toBe(SLAB_SIZE);
    for (const { reader } of sockets) reader.close();
    expect(watch.out).toBe(0);
  });

  it('whose data is not taken well is none the worse', () => {
    const watch = new SlabWatch();
    const reader = slabReader(() => () => {
      throw new Error('a defect');
    });
    const small = reader.buffer();
    expect(() => reader.callback(small.length, small)).toThrow('a defect');
    const large = reader.buffer();
    expect(() => reader.callback(large.length, large)).toThrow('a defect');
    expect(watch.out).toBe(0);
    reader.close();
  });
});
