import { describe, expect, it } from 'vitest';
import { outputProperties } from '../testing/properties/output.js';
import { frameTypes } from '../wire/frame.js';
import { OutputQueue } from './output-queue.js';

describe('the output', () => {
  for (const [property, check] of Object.entries(outputProperties)) it(property, check, 20_000);

  it('joins small frames in one part, up to the next file bytes', () => {
    const queue = new OutputQueue();
    const payload = Uint8Array.of(1);
    for (let i = 0; i < 40; i += 1) queue.control(frameTypes.PING, 0, payload);
    queue.data(1, payload);
    queue.control(frameTypes.PING, 0, payload);
    const lengths = queue.take(Number.POSITIVE_INFINITY).map((part) => part.length);
    expect(lengths).toEqual([40 * 11 + 10, 1, 11]);
    expect(queue.take(Number.POSITIVE_INFINITY)).toEqual([]);
  });

  it('holds little memory for who says little, and larger pieces for who says more', () => {
    const queue = new OutputQueue();
    const payload = new Uint8Array(100);
    const sizes = Array.from({ length: 1000 }, () => {
      queue.control(frameTypes.PING, 0, payload);
      return queue.take(Number.POSITIVE_INFINITY).map((part) => part.buffer.byteLength);
    }).flat();
    expect(sizes[0]).toBe(512);
    expect(new Set(sizes)).toEqual(new Set([512, 1024, 2048, 4096, 8192, 16_384]));
  });
});
