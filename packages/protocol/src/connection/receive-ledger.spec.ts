import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveLimits } from '../limits.js';
import { ReceiveLedger } from './receive-ledger.js';

const MiB = 1024 * 1024;
const FRAME = 64 * 1024;
const limits = resolveLimits({ maxStreamWindow: 32 * MiB, maxConnectionWindow: 64 * MiB });

interface Flight {
  readonly at: number;
  readonly count: number;
}

/**
 * One file over a line: a sender that uses all its credit, as fast as the line is, and a reader that is no slower.
 * @param trip milliseconds there and back; `rate` in bytes per millisecond.
 * @returns which part of the line was used in the second half of the time, the windows at the end, and when that of the stream was wide enough.
 */
function transfer(trip: number, rate: number, reserve = (_bytes: number): boolean => true) {
  const ledger = new ReceiveLedger(limits, reserve);
  const stream = ledger.openStream();
  const [data, grants]: [Flight[], { at: number; stream?: number; connection?: number }[]] = [[], []];
  let [streamLimit, connectionLimit] = [stream.limit, limits.initialConnectionWindow];
  let [sent, freeAt] = [0, 0];
  const end = 60 * trip + 200;
  let [late, wideAt] = [0, Number.POSITIVE_INFINITY];
  for (let now = 0; now < end; ) {
    for (let grant = grants[0]; grant !== undefined && grant.at <= now; grant = grants[0]) {
      streamLimit = Math.max(streamLimit, grant.stream ?? 0);
      connectionLimit = Math.max(connectionLimit, grant.connection ?? 0);
      grants.shift();
    }
    for (let flight = data[0]; flight !== undefined && flight.at <= now; flight = data[0]) {
      data.shift();
      expect(ledger.receive(stream, flight.count, now)).toBeUndefined();
      const connection = ledger.consume(1, stream, flight.count, now);
      const grant = stream.grant();
      if (grant !== undefined) ledger.widen(stream, now);
      if (stream.window > trip * rate) wideAt = Math.min(wideAt, now);
      const at = now + trip / 2;
      if (connection !== undefined) grants.push({ at, connection });
      if (grant !== undefined) grants.push({ at, stream: grant });
      if (now > end / 2) late += flight.count;
    }
    const room = Math.min(streamLimit, connectionLimit) - sent;
    if (room > 0 && freeAt <= now) {
      const count = Math.min(FRAME, room);
      sent += count;
      freeAt = now + count / rate;
      data.push({ at: freeAt + trip / 2, count });
    }
    const next = [grants[0]?.at, data[0]?.at, room > 0 ? freeAt : undefined].filter((at) => at !== undefined);
    now = Math.max(now, Math.min(...next.filter((at) => at > now), end));
  }
  return { used: late / (rate * (end / 2)), window: stream.window, connection: ledger.window, wideAt };
}

describe('windows', () => {
  it('become as wide as the distance needs: one file fills the line', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 20_000, max: 125_000 }),
        (trip, rate) => {
          expect(transfer(trip, rate).used).toBeGreaterThan(0.95);
        },
      ),
      {
        numRuns: 30,
        examples: [
          [100, 125_000],
          [75, 125_000],
          [50, 125_000],
        ],
      },
    );
  });

  it('become so within a few round trips', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 200 }),
        fc.integer({ min: 20_000, max: 125_000 }),
        (trip, rate) => {
          const { window, wideAt } = transfer(trip, rate);
          expect(window).toBeGreaterThan(trip * rate);
          // From 256 KiB to 25 MB it doubles about seven times, and what is granted is seen a round trip later.
          expect(wideAt).toBeLessThan(10 * trip);
        },
      ),
      {
        numRuns: 30,
        examples: [
          [100, 125_000],
          [200, 125_000],
        ],
      },
    );
  });

  it('become no wider than that, nor than what the ends need side by side', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 100, noNaN: true }),
        fc.integer({ min: 1000, max: 1_000_000 }),
        (trip, rate) => {
          const { window, connection } = transfer(trip, rate);
          const needed = trip * rate;
          expect(window).toBeLessThanOrEqual(Math.max(2 * MiB, 8 * needed));
          expect(connection).toBeLessThanOrEqual(Math.max(4 * MiB, 8 * needed));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('stay as they are when the budget is used up', () => {
    const { window, connection } = transfer(100, 125_000, () => false);
    expect(connection).toBe(limits.initialConnectionWindow);
    // Less than what is granted on top of the connection's window for what streams hold.
    expect(window - limits.initialStreamWindow).toBeLessThan(connection);
  });
});
