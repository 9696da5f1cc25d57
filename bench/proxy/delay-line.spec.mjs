import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DelayLine } from './delay-line.mjs';

const delays = fc.integer({ min: 0, max: 200 });
/** Bits per second. */
const rates = fc.integer({ min: 1_000_000, max: 10_000_000_000 });
const sizes = fc.array(fc.integer({ min: 1, max: 65_536 }), { minLength: 1, maxLength: 50 });
const pieces = (lengths) => lengths.map((length, i) => new Uint8Array(length).fill(i));

it('gives everything, in order', () => {
  fc.assert(
    fc.property(delays, rates, sizes, (delay, rate, lengths) => {
      const line = new DelayLine(delay, rate);
      const sent = pieces(lengths);
      for (const [i, bytes] of sent.entries()) line.put(bytes, i);
      const arrived = line.take(Number.MAX_VALUE);
      expect(arrived).toHaveLength(sent.length);
      expect(arrived.every((bytes, i) => bytes === sent[i])).toBe(true);
      expect(line.wait(0)).toBeUndefined();
    }),
  );
});

it('gives nothing before it was put on the line at its rate and has gone along it, and then at once', () => {
  fc.assert(
    fc.property(delays, rates, sizes, (delay, rate, lengths) => {
      const line = new DelayLine(delay, rate);
      let bytes = 0;
      for (const piece of pieces(lengths)) {
        line.put(piece, 0);
        bytes += piece.length;
      }
      const arrives = (bytes * 8 * 1000) / rate + delay;
      expect(line.take(arrives * (1 - 1e-9) - 1e-9).length).toBeLessThan(lengths.length);
      expect(line.wait(0)).toBeLessThanOrEqual(arrives * (1 + 1e-9));
      line.take(arrives * (1 + 1e-9));
      expect(line.wait(0)).toBeUndefined();
    }),
  );
});

it('takes nothing before it opens', () => {
  fc.assert(
    fc.property(delays, rates, fc.integer({ min: 0, max: 1000 }), (delay, rate, opens) => {
      const line = new DelayLine(delay, rate, opens);
      line.put(new Uint8Array(1), 0);
      expect(line.take(opens + delay)).toEqual([]);
      expect(line.take(opens + delay + 0.01)).toHaveLength(1);
    }),
  );
});

it('is never idle while a sender keeps some of its backlog filled', () => {
  fc.assert(
    fc.property(delays, rates, (delay, rate) => {
      const line = new DelayLine(delay, rate);
      const piece = new Uint8Array(65_536);
      const seconds = 2;
      let arrived = 0;
      for (let now = 0; now < seconds * 1000; now += 2) {
        while (line.backlog(now) < 8) line.put(piece, now);
        for (const bytes of line.take(now)) arrived += bytes.length;
      }
      const could = (rate / 8) * (seconds - (delay + 2) / 1000);
      expect(arrived).toBeLessThanOrEqual(could + 1 + (rate / 8) * 0.002);
      expect(arrived).toBeGreaterThan(could - piece.length - (rate / 8) * 0.002);
    }),
    { numRuns: 20 },
  );
});
