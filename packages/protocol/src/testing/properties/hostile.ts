import fc from 'fast-check';
import { expect } from 'vitest';
import { LocalProtocolError } from '../../errors.js';
import { limitTable, MAX_U64 } from '../../limits.js';
import { frameScope, frameTypes } from '../../wire/frame.js';
import { encodeMessage, type Messages } from '../../wire/messages.js';
import { anyMessage, bytes, cuts, u32Values, u64Values } from '../arbitraries.js';
import { clobber, concat, cut } from '../bytes.js';
import { rawFrame } from '../frames.js';
import { Bench, read } from '../peer.js';
import { Random } from '../random.js';
import { Run, scenario } from '../scenario.js';

type Side = 'client' | 'server';
const sides: readonly Side[] = ['client', 'server'];

const stream = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1, 3, 5, 7) },
  { weight: 2, arbitrary: u32Values },
);

const frame = (name: keyof Messages, id: number, message: never): Uint8Array =>
  rawFrame(frameTypes[name], frameScope[name] === 'connection' ? 0 : id, encodeMessage(name, message));

/** Values that are right in form; whether they are right in place is what the connection has to judge. */
const plausible: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.tuple(anyMessage, stream).map(([{ name, message }, id]) => frame(name, id, message)),
  fc
    .tuple(fc.constantFrom(1, 3, 5, 7, 9, 11), fc.integer({ min: 0, max: 9 }), fc.option(u64Values))
    .map(([id, operation, offset]) =>
      frame('OPEN', id, {
        operation,
        operationId: new Uint8Array(16),
        path: 'a',
        offset: offset ?? undefined,
      } as never),
    ),
  fc.tuple(stream, bytes(1, 300)).map(([id, payload]) => rawFrame(frameTypes.DATA, Math.max(1, id), payload)),
  fc
    .tuple(stream, fc.constantFrom(0, 0, 0, 1, 32, MAX_U64))
    .map(([id, offset]) => frame('ACCEPT', Math.max(1, id), { offset, epoch: 0 } as never)),
  fc
    .tuple(stream, fc.nat({ max: 40 }))
    .map(([id, offset]) => frame('ACK', Math.max(1, id), { offset } as never)),
  fc
    .tuple(stream, fc.constantFrom(0, 0x20, 0x2b, 0x9999))
    .map(([id, status]) => frame('RESULT', Math.max(1, id), { status, effect: 'none' } as never)),
  fc.tuple(stream, u64Values).map(([id, limit]) => frame('CREDIT', id, { limit } as never)),
  fc
    .tuple(stream, fc.constantFrom(0, 0x20, 0xf000))
    .map(([id, code]) => frame('RESET', Math.max(1, id), { code, finalOffset: 0 } as never)),
  fc
    .tuple(stream, fc.nat({ max: 40 }))
    .map(([id, length]) => frame('END', Math.max(1, id), { length, digest: new Uint8Array(32) } as never)),
  fc.nat({ max: 5 }).map((token) => frame('PONG', 0, { token } as never)),
);

const anything: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 30, arbitrary: plausible },
  { weight: 1, arbitrary: bytes(1, 30) },
  {
    weight: 2,
    arbitrary: fc.tuple(plausible, fc.nat(), fc.nat({ max: 255 })).map(([sound, at, value]) => {
      const damaged = sound.slice();
      damaged[at % damaged.length] = value;
      return damaged;
    }),
  },
);

/** What the program around the connection might do next; it may be wrong, but only in ways that are told to it. */
function act(bench: Bench, random: Random, output: Uint8Array[]): void {
  const { connection } = bench;
  const id = random.pick([1, 3, 5, 7]) as number;
  const acts = [
    () => connection.accept(id, { offset: random.integer(0, 3), size: 100 }),
    () => connection.write(id, new Uint8Array(random.integer(1, 2000))),
    () => connection.end(id, random.integer(0, 2000), new Uint8Array(32)),
    () => connection.acknowledge(id, random.integer(0, 300)),
    () => connection.writeEntries(id, [{ path: 'a', kind: 'file', size: 1, mtime: 0, executable: false }]),
    () => connection.result(id, { status: random.chance(0.5) ? 'OK' : 'BUSY', effect: 'none' }),
    () => connection.reset(id, 'CANCELLED'),
    () => connection.consume(id, random.integer(0, 300)),
    () =>
      connection.open({ operation: random.pick(['upload', 'download', 'list', 'stat'] as const) as 'stat' }),
    () => connection.ping(),
    () => random.chance(0.05) && connection.shutdown(),
    () => output.push(...connection.takeOutput(random.integer(0, 500))),
  ];
  try {
    random.pick(acts)?.();
  } catch (error) {
    expect(error).toBeInstanceOf(LocalProtocolError);
  }
}

export const hostileProperties = {
  'whatever an open connection hears, nothing is thrown and the first fault is the end'() {
    fc.assert(
      fc.property(
        fc.constantFrom(...sides),
        fc.array(anything, { maxLength: 30 }),
        cuts,
        fc.integer(),
        (role, frames, sizes, seed) => {
          const random = new Random(seed);
          const bench = Bench.open(role, { limits: { maxStreams: 3, initialStreamWindow: 8192 } });
          const { connection } = bench;
          if (role === 'client') {
            for (const operation of ['upload', 'download', 'list', 'stat'] as const)
              connection.open({ operation });
          }
          const output: Uint8Array[] = [];
          let over = false;
          for (const piece of cut(concat(frames), sizes)) {
            bench.now += random.integer(0, 100);
            connection.receive(piece, bench.now);
            connection.handleTimeout(bench.now);
            clobber(piece);
            const events = connection.events();
            if (over) expect(events).toEqual([]);
            const last = events.findIndex(
              ({ type, ...event }) =>
                type === 'fault' || (type === 'goaway' && (event as { code: string }).code !== 'OK'),
            );
            if (last >= 0) {
              expect(last).toBe(events.length - 1);
              over = true;
            }
            expect(connection.state === 'closed').toBe(over);
            if (random.chance(0.5)) act(bench, random, output);
            expect(connection.openStreams).toBeLessThanOrEqual(role === 'client' ? 4 : 3);
          }
          output.push(...connection.takeOutput());
          // Its own words are always in order, also the last ones.
          const said = read(output);
          const goodbye = said.findIndex((each) => each.frame === 'GOAWAY' && each.code !== 0);
          if (goodbye >= 0) expect(goodbye).toBe(said.length - 1);
        },
      ),
      { numRuns: 250 },
    );
  },

  'a peer that turns bad in the middle of everything makes an end, nothing worse'() {
    fc.assert(
      fc.property(
        scenario,
        fc.integer({ min: 20, max: 80 }),
        fc.constantFrom(...sides),
        fc.array(plausible, { minLength: 1, maxLength: 12 }),
        (each, rounds, side, frames) => {
          const run = new Run(each);
          run.go(rounds);
          run.pair.settle();
          const end = run.pair.ends[side];
          let faults = 0;
          for (const frame of frames) {
            end.receive(frame, run.pair.now);
            const events = end.events();
            faults += events.filter(({ type }) => type === 'fault').length;
            if (faults > 0) expect(end.state).toBe('closed');
          }
          expect(faults).toBeLessThanOrEqual(1);
          const words = read(end.takeOutput());
          if (faults > 0) expect(words.at(-1)?.frame).toBe('GOAWAY');
        },
      ),
      { numRuns: 200 },
    );
  },

  'bytes that are not even frames end a handshake, on either side'() {
    fc.assert(
      fc.property(fc.constantFrom(...sides), bytes(8, 200), cuts, (role, garbage, sizes) => {
        const bench = new Bench({ role });
        for (const piece of cut(garbage, sizes)) bench.feed(piece);
        bench.pass(limitTable.handshakeTimeout.standard);
        expect(bench.connection.state).toBe('closed');
      }),
      { numRuns: 300 },
    );
  },
};
