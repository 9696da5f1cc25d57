import fc from 'fast-check';
import { expect } from 'vitest';
import { LocalProtocolError } from '../../errors.js';
import { MAX_U64 } from '../../limits.js';
import { decodeMessage, encodeMessage, type Messages, messageFields } from '../../wire/messages.js';
import { anyMessage, bytes, messageNames, message as messageValues } from '../arbitraries.js';
import { clobber, concat, hex } from '../bytes.js';
import { rawField, splitFields } from '../frames.js';

const join = (fields: readonly { tag: number; value: Uint8Array }[]): Uint8Array =>
  concat(fields.map(({ tag, value }) => rawField(tag, value)));

const fieldsOf = (name: keyof Messages) =>
  Object.entries(messageFields[name]) as [
    string,
    { tag: number; required: boolean; kind: { name: string } },
  ][];

/** Every field of every message that is always a certain number of bytes. */
const fixedWidths: Readonly<Record<string, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i64: 8,
  flag: 0,
  'conflict policy': 1,
  'entry kind': 1,
  outcome: 1,
  effect: 1,
  'digest algorithm': 1,
  'authentication step': 1,
  'bytes[16]': 16,
  'bytes[32]': 32,
};

/** The fields an end of this version knows: unknown odd ones taken out, also from the records inside. */
function known(name: string, payload: Uint8Array): Uint8Array {
  const table =
    name === 'entry' ? entryTags : new Map(fieldsOf(name as never).map(([, f]) => [f.tag, f.kind.name]));
  return join(
    splitFields(payload)
      .filter(({ tag }) => table.has(tag))
      .map(({ tag, value }) => {
        const kind = table.get(tag);
        if (kind === 'entry') return { tag, value: known('entry', value) };
        return kind === 'entry[]' ? { tag, value: knownItems(value) } : { tag, value };
      }),
  );
}

const entryTags = new Map([2, 4, 6, 8, 10, 12].map((tag) => [tag, '']));

function knownItems(list: Uint8Array): Uint8Array {
  const items: Uint8Array[] = [];
  for (let at = 0; at < list.length; ) {
    const length = ((list[at] as number) << 8) | (list[at + 1] as number);
    const item = known('entry', list.slice(at + 2, at + 2 + length));
    items.push(Uint8Array.of(item.length >> 8, item.length), item);
    at += 2 + length;
  }
  return concat(items);
}

const encoded = anyMessage.map(({ name, message }) => ({
  name,
  message,
  payload: encodeMessage(name, message),
}));

export const messageProperties = {
  'every message comes back as it went'() {
    for (const name of messageNames) {
      fc.assert(
        fc.property(messageValues(name), (message) => {
          const decoded = decodeMessage(name, encodeMessage(name, message));
          expect(decoded.fault).toBeUndefined();
          expect(decoded.message).toEqual(message);
        }),
        { numRuns: 40 },
      );
    }
  },

  'a payload has one form: what decodes is encoded back to the same bytes'() {
    const damage = fc.tuple(
      fc.nat(),
      fc.nat({ max: 255 }),
      fc.constantFrom('set', 'insert', 'remove', 'none'),
    );
    fc.assert(
      fc.property(encoded, fc.array(damage, { maxLength: 3 }), ({ name, payload }, damages) => {
        const wire = [...payload];
        for (const [at, value, how] of damages) {
          const i = at % (wire.length + 1);
          if (how === 'set' && i < wire.length) wire[i] = value;
          if (how === 'insert') wire.splice(i, 0, value);
          if (how === 'remove') wire.splice(i, 1);
        }
        const decoded = decodeMessage(name, Uint8Array.from(wire));
        if (decoded.message === undefined) return;
        expect(hex(encodeMessage(name, decoded.message))).toBe(hex(known(name, Uint8Array.from(wire))));
      }),
      { numRuns: 1500 },
    );
  },

  'garbage is refused with words and never throws'() {
    fc.assert(
      fc.property(fc.constantFrom(...messageNames), bytes(0, 80), (name, garbage) => {
        const { fault } = decodeMessage(name, garbage);
        if (fault !== undefined) expect(fault).toMatch(new RegExp(`^${name} `));
      }),
      { numRuns: 500 },
    );
  },

  'fields out of order or twice are refused'() {
    fc.assert(
      fc.property(encoded, fc.nat(), ({ name, payload }, pick) => {
        const fields = splitFields(payload);
        fc.pre(fields.length > 0);
        const i = pick % fields.length;
        const twice = fields.flatMap((field, at) => (at === i ? [field, field] : [field]));
        expect(decodeMessage(name, join(twice)).fault).toBeDefined();
        fc.pre(fields.length > 1);
        const j = pick % (fields.length - 1);
        const swapped = fields.with(j, fields[j + 1] as never).with(j + 1, fields[j] as never);
        expect(decodeMessage(name, join(swapped)).fault).toBeDefined();
      }),
      { numRuns: 300 },
    );
  },

  'an unknown odd field is passed over, an unknown even one refused'() {
    fc.assert(
      fc.property(
        encoded,
        fc.integer({ min: 0, max: 0xffff }),
        bytes(0, 20),
        ({ name, payload, message }, tag, value) => {
          fc.pre(!fieldsOf(name).some(([, field]) => field.tag === tag));
          const fields = [...splitFields(payload), { tag, value }].sort((a, b) => a.tag - b.tag);
          const decoded = decodeMessage(name, join(fields));
          if (tag % 2 === 1) expect(decoded.message).toEqual(message);
          else expect(decoded.fault).toContain(`unknown field ${tag}`);
        },
      ),
      { numRuns: 300 },
    );
  },

  'a field of the wrong width is refused'() {
    fc.assert(
      fc.property(encoded, fc.nat(), fc.constantFrom(-1, 1, 3), ({ name, payload }, pick, change) => {
        const fields = splitFields(payload);
        const widths = new Map(fieldsOf(name).map(([, field]) => [field.tag, fixedWidths[field.kind.name]]));
        const fixed = fields.filter(({ tag }) => widths.get(tag) !== undefined);
        fc.pre(fixed.length > 0);
        const chosen = fixed[pick % fixed.length] as (typeof fields)[number];
        expect(chosen.value.length).toBe(widths.get(chosen.tag));
        const length = chosen.value.length + change;
        fc.pre(length >= 0);
        const value = new Uint8Array(length);
        value.set(chosen.value.subarray(0, length));
        const wrong = fields.map((field) => (field === chosen ? { tag: field.tag, value } : field));
        expect(decodeMessage(name, join(wrong)).fault).toContain(`bytes, not ${chosen.value.length}`);
      }),
      { numRuns: 300 },
    );
  },

  'a number beyond 2^53-1 is refused'() {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), (value) => {
        const wide = new Uint8Array(8);
        new DataView(wide.buffer).setBigUint64(0, value);
        expect(decodeMessage('CREDIT', rawField(2, wide)).fault).toContain('2^53-1');
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const wide = new Uint8Array(8);
        new DataView(wide.buffer).setBigInt64(0, value);
        const payload = concat([
          rawField(4, Uint8Array.of(0)),
          rawField(6, new Uint8Array(8)),
          rawField(8, wide),
        ]);
        const { message, fault } = decodeMessage(
          'ENTRY',
          rawField(2, concat([Uint8Array.of(0, payload.length), payload])),
        );
        if (value > MAX_U64 || value < -MAX_U64) expect(fault).toContain('2^53-1');
        else expect(message?.entries[0]?.mtime).toBe(Number(value));
      }),
      { numRuns: 300 },
    );
  },

  'a message without a required field is neither written nor read'() {
    fc.assert(
      fc.property(encoded, fc.nat(), ({ name, payload, message }, pick) => {
        const required = fieldsOf(name).filter(([, field]) => field.required);
        fc.pre(required.length > 0);
        const [missing, { tag }] = required[pick % required.length] as (typeof required)[number];
        const rest = splitFields(payload).filter((field) => field.tag !== tag);
        expect(decodeMessage(name, join(rest)).fault).toContain(`lacks "${missing}"`);
        const less = { ...(message as object), [missing]: undefined } as never;
        expect(() => encodeMessage(name, less)).toThrow(LocalProtocolError);
      }),
      { numRuns: 200 },
    );
  },

  'what was decoded does not change with the bytes it came from, nor what was encoded with the next message'() {
    fc.assert(
      fc.property(encoded, encoded, ({ name, message, payload }, next) => {
        const before = hex(payload);
        // From a Buffer, as in Node, where a slice is a view.
        const input = Buffer.from(Uint8Array.from(payload).buffer);
        const decoded = decodeMessage(name, input);
        const again = encodeMessage(name, message);
        encodeMessage(next.name, next.message);
        expect(hex(again)).toBe(before);
        clobber(input);
        expect(decoded.message).toEqual(message);
      }),
      { numRuns: 200 },
    );
  },
};
