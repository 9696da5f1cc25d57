import fc from 'fast-check';
import { expect } from 'vitest';
import { type DecoderLimits, type DecoderSink, FrameDecoder } from '../../wire/decoder.js';
import { frameScope, frameTypes, HEADER_SIZE } from '../../wire/frame.js';
import { encodeMessage } from '../../wire/messages.js';
import { PREFACE } from '../../wire/preface.js';
import { anyMessage, bytes, cuts, frameNames, u32Values } from '../arbitraries.js';
import { clobber, concat, cut, hex } from '../bytes.js';
import { rawFrame, rawHeader } from '../frames.js';

const limits: DecoderLimits = { maxDataPayload: 3000, maxControlPayload: 2000 };

type Note = readonly [what: string, ...details: unknown[]];

/** Writes down what a decoder says, the pieces of one DATA payload put together, as its meaning does not depend on them. */
class Recorder implements DecoderSink {
  readonly notes: Note[] = [];
  /** Bytes of the payload whose header came last that have not come. */
  lacking = 0;
  faulted = false;
  #data: Uint8Array[] = [];

  onPreface(): void {
    this.notes.push(['preface']);
  }
  onDataHeader(stream: number, length: number): void {
    this.flush();
    this.notes.push(['header', stream, length]);
    this.lacking = length;
  }
  onData(stream: number, piece: Uint8Array): void {
    this.notes.push(['data', stream]);
    this.lacking -= piece.length;
    this.#data.push(Uint8Array.from(piece));
  }
  onFrame(type: number, stream: number, payload: Uint8Array): void {
    this.flush();
    this.notes.push(['frame', type, stream, hex(payload)]);
  }
  onFault(...fault: unknown[]): void {
    this.flush();
    this.notes.push(['fault', ...fault]);
    this.faulted = true;
  }
  flush(): void {
    while (this.notes.at(-1)?.[0] === 'data') this.notes.pop();
    if (this.#data.length > 0) this.notes.push(['payload', hex(concat(this.#data))]);
    this.#data = [];
  }
}

function decode(pieces: readonly Uint8Array[]): readonly Note[] {
  const recorder = new Recorder();
  const decoder = new FrameDecoder(recorder, limits);
  for (const piece of pieces) {
    decoder.push(piece);
    clobber(piece);
  }
  recorder.flush();
  return recorder.notes;
}

const stream = (name: (typeof frameNames)[number]): fc.Arbitrary<number> =>
  frameScope[name] === 'connection' ? fc.constant(0) : u32Values.map((id) => Math.max(1, id));

const goodFrame: fc.Arbitrary<Uint8Array> = fc.oneof(
  anyMessage
    .chain(({ name, message }) =>
      stream(name).map((id) => ({ name, id, payload: encodeMessage(name, message) })),
    )
    .filter(({ payload }) => payload.length <= limits.maxControlPayload)
    .map(({ name, id, payload }) => rawFrame(frameTypes[name], id, payload)),
  fc.tuple(stream('DATA'), bytes(1, 200)).map(([id, payload]) => rawFrame(frameTypes.DATA, id, payload)),
  // What a later version might send.
  fc
    .tuple(fc.integer({ min: 0x80, max: 0xff }), u32Values, bytes(0, 50), fc.integer({ min: 0, max: 255 }))
    .map(([type, id, payload, flags]) => rawFrame(type, id, payload, flags)),
);

const badFrame: fc.Arbitrary<Uint8Array> = fc.oneof(
  // Any header at all.
  fc
    .tuple(u32Values, fc.integer({ min: 0, max: 255 }), u32Values, fc.integer({ min: 0, max: 255 }))
    .map(([length, type, id, flags]) => rawHeader(length, type, id, flags)),
  fc.constant(rawHeader(0, frameTypes.DATA, 1)),
  fc.constant(rawHeader(3, frameTypes.PING, 1)),
  fc.constant(rawHeader(3, frameTypes.OPEN, 0)),
  bytes(1, 40),
);

/** The fault comes after a payload in two pieces, in the piece that ends in another frame of data. */
const dataUpToAFault = [
  rawFrame(frameTypes.DATA, 1, new Uint8Array(1)),
  rawFrame(frameTypes.DATA, 1, new Uint8Array(2)),
  rawHeader(0, frameTypes.DATA, 1),
  rawFrame(frameTypes.DATA, 1, new Uint8Array(3)),
];

/** Mostly sound input, sometimes followed by a fault and then more. */
const wire: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.oneof({ weight: 8, arbitrary: fc.constant(PREFACE) }, { weight: 2, arbitrary: foreignBeginning() }),
    fc.array(goodFrame, { maxLength: 8 }),
    fc.option(badFrame, { nil: new Uint8Array(0) }),
    fc.array(goodFrame, { maxLength: 2 }),
  )
  .map(([preface, good, bad, more]) => concat([preface, ...good, bad, ...more]));

function foreignBeginning(): fc.Arbitrary<Uint8Array> {
  const texts = [
    'GET / HTTP/1.1\r\n',
    'SSH-2.0-x\r\n',
    '220 ready\r\n',
    'FILEX\n',
    'hello\r\n',
    'PUT',
    '\x16\x03\x01',
  ];
  return fc.oneof(
    fc.constantFrom(...texts).map((text) => Uint8Array.from(Buffer.from(text, 'latin1'))),
    bytes(1, 20),
  );
}

export const decoderProperties = {
  'a cut anywhere changes nothing, also when the pieces are overwritten afterwards'() {
    fc.assert(
      fc.property(wire, cuts, (input, sizes) => {
        expect(decode(cut(input, sizes))).toEqual(decode([input.slice()]));
      }),
      { numRuns: 400 },
    );
  },

  'data is a view of the chunk, in order, and nothing is left out'() {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), bytes(1, 400)), { minLength: 1, maxLength: 6 }),
        cuts,
        (frames, sizes) => {
          const input = concat([
            PREFACE,
            ...frames.map(([id, payload]) => rawFrame(frameTypes.DATA, id, payload)),
          ]);
          let chunk: Uint8Array = new Uint8Array(0);
          const seen: string[] = [];
          const decoder = new FrameDecoder(
            {
              ...silent,
              onData(_stream, piece) {
                expect(piece.buffer).toBe(chunk.buffer);
                expect(piece.length).toBeGreaterThan(0);
                seen.push(hex(piece));
              },
            },
            limits,
          );
          for (chunk of cut(input, sizes)) decoder.push(chunk);
          expect(seen.join('')).toBe(frames.map(([, payload]) => hex(payload)).join(''));
        },
      ),
    );
  },

  'how much of a payload is missing is told before a chunk is pushed, and is what comes of it afterwards'() {
    fc.assert(
      fc.property(wire, cuts, (input, sizes) => {
        const recorder = new Recorder();
        const decoder = new FrameDecoder(recorder, limits);
        const pieces = cut(input, sizes);
        /** Bytes that the payload whose header came last still lacks. */
        let lacking = 0;
        decoder.push(new Uint8Array(0));
        for (const piece of pieces) {
          const told = decoder.missing(piece);
          const keptBefore = decoder.retained;
          const between = decoder.atBoundary || lacking > 0;
          decoder.push(piece);
          if (recorder.faulted) return;
          lacking = recorder.lacking;
          if (between && keptBefore === 0) expect(told).toBe(lacking);
          else expect([0, lacking]).toContain(told);
        }
      }),
      { numRuns: 300, examples: [[concat([PREFACE, ...dataUpToAFault]), [22, 8, 1]]] },
    );
  },

  'a control payload is a view of its chunk, or, when it came in pieces, of memory that is never written again'() {
    fc.assert(
      fc.property(fc.array(bytes(1, 300), { minLength: 1, maxLength: 8 }), cuts, (payloads, sizes) => {
        const input = concat([PREFACE, ...payloads.map((payload) => rawFrame(frameTypes.PING, 0, payload))]);
        let chunk: Uint8Array = new Uint8Array(0);
        const whole: string[] = [];
        const kept: [Uint8Array, string][] = [];
        const decoder = new FrameDecoder(
          {
            ...silent,
            onFrame(_type, _stream, payload) {
              whole.push(hex(payload));
              if (payload.buffer !== chunk.buffer) kept.push([payload, hex(payload)]);
            },
          },
          limits,
        );
        for (chunk of cut(input, sizes)) {
          decoder.push(chunk);
          clobber(chunk);
        }
        expect(whole).toEqual(payloads.map(hex));
        for (const [payload, then] of kept) expect(hex(payload)).toBe(then);
      }),
    );
  },

  'garbage never throws, the first fault is the last word, and nothing is kept after it'() {
    fc.assert(
      fc.property(wire, bytes(0, 60), cuts, (input, garbage, sizes) => {
        const recorder = new Recorder();
        const decoder = new FrameDecoder(recorder, limits);
        for (const piece of cut(concat([input, garbage]), sizes)) {
          decoder.push(piece);
          const fault = recorder.notes.findIndex(([what]) => what === 'fault');
          if (fault < 0) continue;
          expect(fault).toBe(recorder.notes.length - 1);
          expect(decoder.retained).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  },

  'a length is unsigned and judged on the last byte of the header'() {
    const types = frameNames.map((name) => frameTypes[name]);
    fc.assert(
      fc.property(
        fc.oneof(u32Values, fc.nat({ max: 5000 }), fc.constantFrom(0, 1, 2000, 2001, 3000, 3001)),
        fc.oneof(
          fc.constantFrom(...types, ...Array<number>(8).fill(frameTypes.DATA)),
          fc.integer({ min: 0x80, max: 0xff }),
        ),
        (length, type) => {
          const name = frameNames.find((each) => frameTypes[each] === type);
          const id = name === undefined || frameScope[name] === 'connection' ? 0 : 1;
          const max = type === frameTypes.DATA ? limits.maxDataPayload : limits.maxControlPayload;
          const recorder = new Recorder();
          const decoder = new FrameDecoder(recorder, limits);
          const header = rawHeader(length, type, id);
          decoder.push(PREFACE);
          decoder.push(header.subarray(0, HEADER_SIZE - 1));
          expect(recorder.notes).toEqual([['preface']]);
          decoder.push(header.subarray(HEADER_SIZE - 1));
          const fault = recorder.notes.find(([what]) => what === 'fault');
          if (length > max) expect(fault?.[1]).toBe('FRAME_TOO_LARGE');
          else if (length === 0 && type === frameTypes.DATA) expect(fault?.[1]).toBe('FRAME_MALFORMED');
          else expect(fault).toBeUndefined();
        },
      ),
      {
        numRuns: 300,
        // The edges themselves are not left to chance.
        examples: [
          [0, frameTypes.DATA],
          [limits.maxDataPayload, frameTypes.DATA],
          [limits.maxDataPayload + 1, frameTypes.DATA],
          [limits.maxControlPayload + 1, frameTypes.HELLO],
          [0x8000_0000, frameTypes.DATA],
          [0xffff_ffff, 0xff],
        ],
      },
    );
  },

  'a stream id is unsigned'() {
    fc.assert(
      fc.property(u32Values, (id) => {
        fc.pre(id > 0);
        const recorder = new Recorder();
        const frame = rawFrame(frameTypes.ACK, id, Uint8Array.of(7));
        new FrameDecoder(recorder, limits).push(concat([PREFACE, frame]));
        expect(recorder.notes[1]).toEqual(['frame', frameTypes.ACK, id, '07']);
      }),
    );
  },

  'what is kept and allocated is bounded by what has arrived, whatever a header announces'() {
    fc.assert(
      fc.property(
        fc.constantFrom(frameTypes.HELLO, frameTypes.PING, frameTypes.DATA, 0x99),
        fc.integer({ min: 1, max: 60_000 }),
        bytes(0, 100),
        cuts,
        (type, length, beginning, sizes) => {
          const decoder = new FrameDecoder(silent, { maxDataPayload: 2 ** 20, maxControlPayload: 2 ** 16 });
          decoder.push(PREFACE);
          const arrived = concat([
            rawHeader(length, type, type === frameTypes.DATA ? 1 : 0),
            beginning.subarray(0, length - 1),
          ]);
          const pieces = cut(arrived, sizes);
          const allocated = allocationsDuring(() => {
            for (const piece of pieces) {
              decoder.push(piece);
              expect(decoder.retained).toBeLessThanOrEqual(arrived.length);
            }
          });
          // Growing by doubling takes less than four times what is kept in all.
          expect(allocated).toBeLessThanOrEqual(4 * arrived.length);
          if (type === frameTypes.DATA || type === 0x99) expect(decoder.retained).toBe(0);
        },
      ),
    );
  },

  'nothing follows once it was stopped, also from inside a callback'() {
    fc.assert(
      fc.property(wire, cuts, fc.nat({ max: 10 }), (input, sizes, after) => {
        let calls = 0;
        const count = (): void => {
          expect(calls).toBeLessThanOrEqual(after);
          if (calls === after) decoder.stop();
          calls += 1;
        };
        const decoder = new FrameDecoder(
          { onPreface: count, onDataHeader: count, onData: count, onFrame: count, onFault: count },
          limits,
        );
        for (const piece of cut(input, sizes)) decoder.push(piece);
        expect(calls).toBeLessThanOrEqual(after + 1);
      }),
    );
  },

  'it knows when it is between two frames'() {
    fc.assert(
      fc.property(fc.array(goodFrame, { maxLength: 5 }), (frames) => {
        const decoder = new FrameDecoder(silent, limits);
        expect(decoder.atBoundary).toBe(false);
        const ends = new Set<number>([PREFACE.length]);
        let length = PREFACE.length;
        for (const frame of frames) {
          length += frame.length;
          ends.add(length);
        }
        const input = concat([PREFACE, ...frames]);
        for (let at = 0; at < input.length; at += 1) {
          decoder.push(input.subarray(at, at + 1));
          expect(decoder.atBoundary).toBe(ends.has(at + 1));
        }
      }),
    );
  },
};

const silent: DecoderSink = {
  onPreface: () => undefined,
  onDataHeader: () => undefined,
  onData: () => undefined,
  onFrame: () => undefined,
  onFault: () => undefined,
};

/** Bytes of every `new Uint8Array(size)` while `run` runs. */
function allocationsDuring(run: () => void): number {
  const real = globalThis.Uint8Array;
  let total = 0;
  globalThis.Uint8Array = new Proxy(real, {
    construct(target, args: unknown[], newTarget) {
      if (typeof args[0] === 'number') total += args[0];
      return Reflect.construct(target, args, newTarget) as Uint8Array;
    },
  });
  try {
    run();
  } finally {
    globalThis.Uint8Array = real;
  }
  return total;
}
