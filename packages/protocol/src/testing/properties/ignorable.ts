import fc from 'fast-check';
import { expect } from 'vitest';
import type { ConnectionEvent } from '../../connection.js';
import { frameScope, frameTypes } from '../../wire/frame.js';
import { encodeMessage, type Messages, messageFields } from '../../wire/messages.js';
import { PREFACE } from '../../wire/preface.js';
import { anyMessage, bytes, cuts, u32Values } from '../arbitraries.js';
import { concat, cut } from '../bytes.js';
import { dataFrame, rawField, rawFrame, splitFields } from '../frames.js';
import { Bench, greasedHello } from '../peer.js';

type Name = keyof Messages;

/** A frame from a future that this end does not know and may pass over. */
const unknownFrame: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.integer({ min: 0x80, max: 0xff }),
    fc.integer({ min: 0, max: 255 }),
    u32Values,
    fc.oneof(
      { weight: 20, arbitrary: bytes(0, 40) },
      { weight: 1, arbitrary: fc.constant(new Uint8Array(5000)) },
    ),
  )
  .map(([type, flags, stream, payload]) => rawFrame(type, stream, payload, flags));

const unknownField: fc.Arbitrary<{ tag: number; value: Uint8Array }> = fc.record({
  tag: fc.integer({ min: 10, max: 0x7fff }).map((half) => 2 * half + 1),
  value: bytes(0, 30),
});

/** A frame, and the same with what an end that does not know it has to pass over. */
interface Word {
  readonly plain: Uint8Array;
  readonly greased: Uint8Array;
}

function wordOf(
  name: Name,
  stream: number,
  message: never,
  grease: readonly { tag: number; value: Uint8Array }[],
): Word {
  const payload = encodeMessage(name, message);
  const known = new Set<number>(Object.values(messageFields[name]).map(({ tag }) => tag));
  // A page costs the credit of its payload, so a longer one is not the same.
  const fields =
    name === 'ENTRY'
      ? []
      : grease.filter(
          ({ tag }, i) => !known.has(tag) && grease.findIndex((other) => other.tag === tag) === i,
        );
  const all = [...splitFields(payload), ...fields].sort((a, b) => a.tag - b.tag);
  const id = frameScope[name] === 'connection' ? 0 : stream;
  const greased = concat(all.map(({ tag, value }) => rawField(tag, value)));
  return {
    plain: rawFrame(frameTypes[name], id, payload),
    greased: rawFrame(frameTypes[name], id, greased.length > 65_536 ? payload : greased),
  };
}

const stream = fc.constantFrom(1, 3, 5);

const word: fc.Arbitrary<Word> = fc.oneof(
  fc
    .tuple(anyMessage, stream, fc.array(unknownField, { maxLength: 3 }))
    .map(([{ name, message }, id, grease]) => wordOf(name, id, message, grease)),
  fc
    .tuple(fc.constantFrom(1, 3, 5, 7), fc.integer({ min: 1, max: 7 }), fc.array(unknownField))
    .map(([id, operation, grease]) =>
      wordOf('OPEN', id, { operation, operationId: new Uint8Array(16), path: 'a' } as never, grease),
    ),
  fc
    .tuple(stream, fc.array(unknownField))
    .map(([id, grease]) => wordOf('ACCEPT', id, { offset: 0, epoch: 1, size: 3 } as never, grease)),
  fc
    .tuple(stream, fc.constantFrom(0, 0x20), fc.array(unknownField))
    .map(([id, status, grease]) => wordOf('RESULT', id, { status, effect: 'none' } as never, grease)),
  fc
    .tuple(fc.nat({ max: 9 }), fc.array(unknownField))
    .map(([token, grease]) => wordOf('PING', 0, { token } as never, grease)),
  fc.tuple(stream, bytes(1, 50)).map(([id, payload]) => {
    const frame = dataFrame(id, payload);
    return { plain: frame, greased: frame };
  }),
);

/** What happened, without the words of faults, which may say where in the bytes they are. */
function plainly(events: readonly ConnectionEvent[]): unknown[] {
  const told: unknown[] = [];
  for (const event of events) {
    if (event.type !== 'data') {
      told.push(event.type === 'fault' ? { type: 'fault', code: event.code } : event);
      continue;
    }
    // Where the pieces of a file were cut is of no meaning.
    const last = told.at(-1) as { type: string; stream: number; bytes: Uint8Array } | undefined;
    if (last?.type === 'data' && last.stream === event.stream) last.bytes = concat([last.bytes, event.bytes]);
    else told.push({ ...event, bytes: event.bytes.slice() });
  }
  return told;
}

function hear(role: 'client' | 'server', frames: readonly Uint8Array[], sizes: readonly number[]) {
  const bench = Bench.open(role, { limits: { maxStreams: 3 } });
  if (role === 'client')
    for (const operation of ['upload', 'download', 'list'] as const) bench.connection.open({ operation });
  const events: ConnectionEvent[] = [];
  for (const piece of cut(concat(frames), sizes)) events.push(...bench.feed(piece));
  return { events: plainly(events), said: bench.sent(), state: bench.connection.state };
}

/** Only the code of a last GOAWAY counts, its text may differ. */
const codesOnly = (said: ReturnType<Bench['sent']>) =>
  said.map((each) => (each.frame === 'GOAWAY' ? { frame: 'GOAWAY', code: each.code } : each));

export const ignorableProperties = {
  'what may be passed over changes nothing, wherever it stands'() {
    fc.assert(
      fc.property(
        fc.constantFrom('client' as const, 'server' as const),
        fc.array(fc.tuple(word, fc.array(unknownFrame, { maxLength: 2 })), { maxLength: 15 }),
        cuts,
        (role, words, sizes) => {
          const plain = hear(
            role,
            words.map(([each]) => each.plain),
            sizes,
          );
          const greased = hear(
            role,
            words.flatMap(([each, unknown]) => [...unknown, each.greased]),
            sizes,
          );
          expect(greased.events).toEqual(plain.events);
          expect(codesOnly(greased.said)).toEqual(codesOnly(plain.said));
          expect(greased.state).toBe(plain.state);
        },
      ),
      { numRuns: 200 },
    );
  },

  'also before there is anything else'() {
    fc.assert(
      fc.property(
        fc.constantFrom('client' as const, 'server' as const),
        fc.array(unknownFrame, { maxLength: 3 }),
        fc.array(unknownField, { maxLength: 3 }),
        cuts,
        (role, unknown, grease, sizes) => {
          const bench = new Bench({ role });
          const hello = wordOf('HELLO', 0, greasedHello as never, grease).greased;
          for (const piece of cut(concat([PREFACE, ...unknown, hello, ...unknown]), sizes)) bench.feed(piece);
          expect(bench.connection.state).toBe('negotiated');
        },
      ),
      { numRuns: 100 },
    );
  },
};
