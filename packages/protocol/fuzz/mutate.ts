import { concat } from '../src/testing/bytes.js';
import { rawField } from '../src/testing/frames.js';
import type { Random } from '../src/testing/random.js';
import { frameTypes } from '../src/wire/frame.js';
import { cues, type Field, type Frame, joinParts, type Parts, splitParts, splitTlv, u16 } from './inputs.js';

/** Where signs, widths, limits and doubles break. */
const boundaries = [
  0n,
  1n,
  2n,
  127n,
  128n,
  255n,
  256n,
  4095n,
  4096n,
  4097n,
  8191n,
  8192n,
  8193n,
  65_535n,
  65_536n,
  1_048_576n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

/** Bytes that mean something to what reads text and paths, right and wrong. */
const words = [
  '/',
  '..',
  '.',
  '/../',
  '\0',
  '\\',
  'é',
  '\u{1f980}',
  '\ufeff',
  'x'.repeat(255),
  'x'.repeat(256),
  'a/'.repeat(130),
  'é'.repeat(127),
].map((text) => Uint8Array.from(Buffer.from(text)));
const notUtf8 = [[0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xff], [0xf4, 0x90, 0x80, 0x80]].map(
  (bytes) => Uint8Array.from(bytes),
);
const openings = ['GET / ', 'SSH-2.0', '220 ', '\x16\x03\x01', '<html', 'HTTP/1.1', 'FILEX\r\n\x1a'].map(
  (text) => Uint8Array.from(Buffer.from(text, 'latin1')),
);

const types = Object.values(frameTypes);

/** What a target wants changed: frames and their fields, or plain bytes. */
export type Form = 'frames' | 'text';

/** Changes inputs in ways that keep most of them almost right. All choices come from `random`. */
export class Mutator {
  readonly #random: Random;
  readonly #form: Form;
  readonly #maxLength: number;

  constructor(random: Random, form: Form, maxLength: number) {
    this.#random = random;
    this.#form = form;
    this.#maxLength = maxLength;
  }

  /** A changed copy of `input`; parts of `other` may get in. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let result = input;
    const count = 1 << this.#random.integer(0, 3);
    for (let i = 0; i < count; i += 1) {
      const structured = this.#form === 'frames' && this.#random.chance(0.7);
      result = structured ? this.#mutateParts(result, other) : this.#mutateBytes(result, other);
    }
    return result.subarray(0, this.#maxLength);
  }

  // ------------------------------------------------------------------ bytes

  #mutateBytes(input: Uint8Array, other: Uint8Array): Uint8Array {
    const random = this.#random;
    const at = random.integer(0, input.length);
    const end = Math.min(
      input.length,
      at + (random.chance(0.8) ? random.integer(0, 8) : random.integer(0, input.length)),
    );
    const splice = (replacement: Uint8Array, to = at): Uint8Array =>
      concat([input.subarray(0, at), replacement, input.subarray(to)]);
    switch (random.integer(0, 8)) {
      case 0:
        return splice(Uint8Array.of((input[at] ?? 0) ^ (1 << random.integer(0, 7))), at + 1);
      case 1:
        return splice(random.bytes(1), at + 1);
      case 2:
        return splice(this.#number(random.pick([1, 2, 4, 8]) as number), random.chance(0.8) ? end : at);
      case 3:
        return splice(new Uint8Array(0), end);
      case 4:
        return splice(input.subarray(at, end));
      case 5:
        return splice(random.bytes(random.integer(1, 12)));
      case 6: {
        const from = random.integer(0, other.length);
        return splice(other.subarray(from, from + random.integer(1, 60)), random.chance(0.5) ? end : at);
      }
      case 7:
        return splice(
          random.pick([...words, ...notUtf8, ...openings]) as Uint8Array,
          random.chance(0.3) ? end : at,
        );
      default:
        // A tail from elsewhere.
        return concat([input.subarray(0, at), other.subarray(random.integer(0, other.length))]);
    }
  }

  /** A number at or next to a boundary, in so many bytes. */
  #number(width: number): Uint8Array {
    const bytes = new Uint8Array(8);
    const near = BigInt(this.#random.integer(-1, 1));
    const value = this.#random.chance(0.7)
      ? (this.#random.pick(boundaries) as bigint) + near
      : BigInt(this.#random.integer(0, 64));
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value));
    return bytes.subarray(8 - width);
  }

  // ------------------------------------------------------------------ frames

  #mutateParts(input: Uint8Array, other: Uint8Array): Uint8Array {
    const random = this.#random;
    const parts = splitParts(input);
    const frames = [...parts.frames];
    const i = random.integer(0, Math.max(0, frames.length - 1));
    const frame = frames[i];
    const from = splitParts(other).frames;
    const rest: Partial<Parts> = random.chance(0.02)
      ? { preface: !parts.preface }
      : random.chance(0.1)
        ? { rest: new Uint8Array(0) }
        : {};
    if (frame === undefined || random.chance(0.15)) {
      // Frames, or a tail of frames, from elsewhere.
      const start = random.integer(0, from.length);
      const taken = from.slice(start, random.chance(0.7) ? start + random.integer(1, 3) : undefined);
      frames.splice(i, random.chance(0.3) ? frames.length : 0, ...taken);
      return joinParts({ ...parts, ...rest, frames });
    }
    switch (random.integer(0, 9)) {
      case 0:
        frames.splice(i, 1);
        break;
      case 1:
        frames.splice(random.integer(0, frames.length), 0, frame);
        break;
      case 2:
        frames.splice(i, 1);
        frames.splice(random.integer(0, frames.length), 0, frame);
        break;
      case 3:
        frames.splice(i, 0, this.#cue());
        break;
      case 4:
        frames[i] = this.#header(frame);
        break;
      case 5:
        frames[i] = { ...frame, payload: this.#mutateBytes(frame.payload, other) };
        break;
      default:
        frames[i] = { ...frame, payload: this.#tlv(frame.payload, 0) };
        break;
    }
    return joinParts({ ...parts, ...rest, frames });
  }

  #header(frame: Frame): Frame {
    const random = this.#random;
    const stream = new DataView(this.#number(8).slice().buffer).getUint32(4);
    switch (random.integer(0, 4)) {
      case 0:
        return {
          ...frame,
          type: random.chance(0.8) ? (random.pick(types) as number) : random.integer(0, 255),
        };
      case 1:
        return { ...frame, flags: random.integer(0, 255) };
      case 2:
        return { ...frame, stream };
      case 3:
        return {
          ...frame,
          payload: new Uint8Array(random.pick([0, 1, 300, 4096, 8192]) as number).fill(0x2e),
        };
      default:
        return { ...frame, stream: random.integer(0, 11) };
    }
  }

  /** What the program around a connection does next. */
  #cue(): Frame {
    const random = this.#random;
    const type = random.chance(0.8) ? cues.act : random.chance(0.5) ? cues.pass : cues.take;
    return { type, flags: 0, stream: 0, payload: random.bytes(4) };
  }

  // ------------------------------------------------------------------ fields

  #tlv(payload: Uint8Array, depth: number): Uint8Array {
    const random = this.#random;
    const split = splitTlv(payload);
    if (split === undefined) return this.#mutateBytes(payload, payload);
    const { fields, rest } = split;
    const i = random.integer(0, fields.length - 1);
    const field = fields[i] as Field;
    const join = (): Uint8Array => concat([...fields.map(({ tag, value }) => rawField(tag, value)), rest]);
    switch (random.integer(0, 10)) {
      case 0:
        fields.splice(i, 1);
        break;
      case 1:
        fields.splice(i, 0, field);
        break;
      case 2:
        fields.splice(i, 1);
        fields.splice(random.integer(0, fields.length), 0, field);
        break;
      case 3: {
        // Where it belongs by its tag, or anywhere.
        const tag = random.chance(0.8) ? random.integer(0, 34) : random.integer(0, 0xffff);
        const place = fields.findIndex((each) => each.tag > tag);
        const at = random.chance(0.8) ? (place < 0 ? fields.length : place) : i;
        fields.splice(at, 0, { tag, value: this.#number(random.pick([1, 2, 4, 8]) as number) });
        break;
      }
      case 4:
        fields[i] = { ...field, tag: Math.max(0, field.tag + random.integer(-2, 2)) };
        break;
      case 5: {
        // A length that lies.
        const bytes = join();
        const at = fields.slice(0, i).reduce((sum, { value }) => sum + 4 + value.length, 2);
        bytes.set(
          random.chance(0.5) ? this.#number(2) : [0, (field.value.length + random.integer(-1, 1)) & 0xff],
          at,
        );
        return bytes;
      }
      case 6:
      case 7:
        if ([1, 2, 4, 8].includes(field.value.length))
          fields[i] = { ...field, value: this.#number(field.value.length) };
        else fields[i] = { ...field, value: this.#mutateBytes(field.value, payload) };
        break;
      case 8:
        fields[i] = { ...field, value: field.value.subarray(0, random.integer(0, field.value.length)) };
        break;
      case 9:
        fields[i] = { ...field, value: random.pick([...words, ...notUtf8]) as Uint8Array };
        break;
      default:
        fields[i] = { ...field, value: this.#items(field.value, depth) };
        break;
    }
    for (const [at, each] of fields.entries())
      if (each.value.length > 0xffff) fields[at] = { ...each, value: each.value.subarray(0, 0xffff) };
    return join();
  }

  /** A list of items with a `u16 length` each, which may hold fields again. */
  #items(value: Uint8Array, depth: number): Uint8Array {
    const random = this.#random;
    const items: Uint8Array[] = [];
    let at = 0;
    while (value.length - at >= 2) {
      const end = at + 2 + u16(value, at);
      if (end > value.length) break;
      items.push(value.slice(at + 2, end));
      at = end;
    }
    if (items.length === 0 || depth > 2)
      return depth > 2 ? this.#mutateBytes(value, value) : this.#tlv(value, depth + 1);
    const i = random.integer(0, items.length - 1);
    const item = items[i] as Uint8Array;
    const choice = random.integer(0, 4);
    if (choice === 0) items.splice(i, 1);
    else if (choice === 1) items.splice(i, 0, item);
    else items[i] = this.#tlv(item, depth + 1).subarray(0, 0xffff);
    return concat(items.flatMap((each) => [Uint8Array.of(each.length >> 8, each.length), each]));
  }
}
