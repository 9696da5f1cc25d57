import { describe, expect, it } from 'vitest';
import { outputProperties } from '../testing/properties/output.js';
import { frameTypes } from '../wire/frame.js';
import { OutputQueue } from './output-queue.js';

describe('the output', () => {
  for (const [property, check] of Object.entries(outputProperties)) it(property, check, 20_000);

  it('joins small frames in one part, up to the next file bytes', () => {
    const queue = new OutputQueue();
    const payload = Uint8Array.of(1);
    for (let i = 0; i < 50; i += 1) queue.control(frameTypes.PING, 0, payload);
    queue.data(1, payload);
    queue.control(frameTypes.PING, 0, payload);
    const lengths = queue.take(Number.POSITIVE_INFINITY).map((part) => part.length);
    expect(lengths).toEqual([50 * 11 + 10, 1, 11]);
    expect(queue.take(Number.POSITIVE_INFINITY)).toEqual([]);
  });
});
