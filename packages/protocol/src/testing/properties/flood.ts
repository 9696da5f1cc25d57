import fc from 'fast-check';
import { expect } from 'vitest';
import type { ConnectionEvent } from '../../connection.js';
import { concat } from '../bytes.js';
import { messageFrame, splitFrames } from '../frames.js';
import { Bench, faultOf, op, read } from '../peer.js';

/** Output as a transport takes it: in portions, so that what counts as having left can be told apart. */
class Drain {
  #wire: Uint8Array = new Uint8Array(0);

  take(bench: Bench, max: number): void {
    this.#wire = concat([this.#wire, ...bench.connection.takeOutput(max)]);
  }

  count(frame: string): number {
    return read([this.#wire]).filter((each) => each.frame === frame).length;
  }

  /** Parts end with frames here, since nothing but control frames is sent. */
  get whole(): boolean {
    return splitFrames(this.#wire).every(({ payload }) => payload.length >= 0);
  }
}

const portion = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }), fc.constant(1e6));

export const floodProperties = {
  'PINGs are answered until as many wait as are allowed, and one more is the end'() {
    fc.assert(
      fc.property(
        fc.integer({ min: 32, max: 40 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 45 }), portion), { maxLength: 12 }),
        (most, steps) => {
          const bench = Bench.open('server', { limits: { maxUnansweredPings: most } });
          const drain = new Drain();
          let pings = 0;
          for (const [count, max] of steps) {
            for (let i = 0; i < count; i += 1) {
              const waiting = pings - drain.count('PONG');
              pings += 1;
              const fault = faultOf(bench.hear('PING', 0, { token: pings }));
              expect(fault).toBe(waiting >= most ? 'RATE_LIMITED' : undefined);
              if (fault === undefined) continue;
              drain.take(bench, 1e6);
              expect(drain.count('PONG')).toBe(pings - 1);
              return;
            }
            // What waits is bounded by what is allowed, whatever came.
            expect(bench.connection.outputSize).toBeLessThanOrEqual(most * 22);
            drain.take(bench, max);
            expect(drain.whole).toBe(true);
          }
        },
      ),
    );
  },

  'streams are taken until as many are open or wait for their last word to leave, and one more is the end'() {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }), portion), {
          maxLength: 20,
        }),
        (most, steps) => {
          const bench = Bench.open('server', { limits: { maxStreams: most } });
          const drain = new Drain();
          const running: number[] = [];
          let opened = 0;
          for (const [opens, answers, max] of steps) {
            for (let i = 0; i < opens; i += 1) {
              const counted = opened - drain.count('RESULT');
              const fault = faultOf(bench.hearOpen(2 * opened + 1, op.stat));
              expect(fault).toBe(counted >= most ? 'STREAM_LIMIT' : undefined);
              if (fault !== undefined) return;
              running.push(2 * opened + 1);
              opened += 1;
            }
            for (let i = 0; i < answers && running.length > 0; i += 1) {
              const stream = running.shift() as number;
              bench.connection.result(stream, { status: 'NOT_FOUND', effect: 'none', retry: false });
            }
            expect(bench.connection.openStreams).toBe(running.length);
            drain.take(bench, max);
          }
        },
      ),
    );
  },

  'a handshake ends in time, whatever dribbles in'() {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 10_000 }),
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 60 }),
        (handshakeTimeout, pauses) => {
          const bench = new Bench({ role: 'server', limits: { handshakeTimeout } });
          const start = bench.now;
          const wire = concat([
            Uint8Array.of(0x46, 0x49, 0x4c, 0x45, 0x58, 0x0d, 0x0a, 0x1a),
            ...Array.from({ length: 20 }, () => messageFrame('PING', 0, { token: 1 }).subarray(0, 10)),
          ]).subarray(0, 18);
          let at = 0;
          for (const pause of pauses) {
            const events: ConnectionEvent[] = [
              ...bench.feed(wire.subarray(at, at + 1)),
              ...bench.pass(pause),
            ];
            at += at < 17 ? 1 : 0;
            const late = bench.now - start >= handshakeTimeout;
            expect(faultOf(events)).toBe(late ? 'TIMEOUT' : undefined);
            expect(bench.connection.state).toBe(late ? 'closed' : 'idle');
            if (late) return;
            expect(bench.connection.nextTimeout()).toBe(start + handshakeTimeout);
          }
        },
      ),
    );
  },
};
