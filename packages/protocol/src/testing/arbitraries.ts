import fc from 'fast-check';
import { MAX_PATH_BYTES, MAX_U64 } from '../limits.js';
import { conflictPolicies, digestAlgorithms, effects, entryKinds, outcomes } from '../vocabulary.js';
import { type FrameName, frameTypes } from '../wire/frame.js';
import { entryFields, type Messages, messageFields } from '../wire/messages.js';
import { pathFault } from '../wire/path.js';

/** Sizes for `cut`: often one byte at a time. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant([1]) },
  { weight: 3, arbitrary: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 6 }) },
);

/** Lengths and ids where signs, widths and doubles break. */
export const u32Values: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff),
);

export const u64Values: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: MAX_U64 }),
  fc.integer({ min: 0, max: 100_000 }),
  fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, MAX_U64 - 1, MAX_U64),
);

const i64Values: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -MAX_U64, max: MAX_U64 }),
  fc.constantFrom(0, -1, -(2 ** 31), -(2 ** 32), -(2 ** 32) - 1, -MAX_U64, MAX_U64),
);

const oddNames = [
  '-rf',
  '--',
  ' ',
  'a b',
  '"quoted"',
  "it's",
  'new\nline',
  '\t',
  'C:\\x',
  'a:b',
  'naïve',
  'naïve'.normalize('NFD'),
  '\u{1f980}',
  '\ufeffbom',
  '...',
  '.hidden',
  '%41',
  'x?y#z',
  '\u007f\u0080',
  'n'.repeat(255),
  'é'.repeat(127),
];

const segment: fc.Arbitrary<string> = fc
  .oneof(
    fc.constantFrom(...oddNames),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  )
  .filter((name) => !name.includes('/') && pathFault(name) === undefined);

/** Valid paths, but the root. */
export const path: fc.Arbitrary<string> = fc
  .array(segment, { minLength: 1, maxLength: 6 })
  .map((segments) => segments.join('/'))
  .filter((text) => Buffer.byteLength(text) <= MAX_PATH_BYTES);

/** Text that has at most `max` bytes. */
function text(max: number): fc.Arbitrary<string> {
  return fc
    .oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constant('x'.repeat(max)),
      fc.constant(''),
    )
    .filter((value) => Buffer.byteLength(value) <= max);
}

export function bytes(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

const named: Readonly<Record<string, () => fc.Arbitrary<unknown>>> = {
  u8: () => fc.integer({ min: 0, max: 0xff }),
  u16: () => fc.integer({ min: 0, max: 0xffff }),
  u32: () => u32Values,
  u64: () => u64Values,
  i64: () => i64Values,
  flag: () => fc.boolean(),
  path: () => fc.oneof({ weight: 1, arbitrary: fc.constant('') }, { weight: 4, arbitrary: path }),
  'u16[]': () => fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }),
  'conflict policy': () => fc.constantFrom(...conflictPolicies),
  'entry kind': () => fc.constantFrom(...entryKinds),
  outcome: () => fc.constantFrom(...outcomes),
  effect: () => fc.constantFrom(...effects),
  'digest algorithm': () => fc.constantFrom(...digestAlgorithms.slice(1)),
  'authentication step': () => fc.constantFrom('continue', 'success'),
  entry: () => entryValue,
};

/** Values of a kind, found by its name, so that a kind nobody thought of here fails loudly. */
function valueFor(kind: string): fc.Arbitrary<unknown> {
  const known = named[kind];
  if (known !== undefined) return known();
  if (kind.endsWith('[]')) return fc.array(valueFor(kind.slice(0, -2)), { maxLength: 5 });
  const sized = /^(bytes|text)\[(?:(\d+)\.\.)?(\d+)\]$/.exec(kind);
  if (sized === null) throw new Error(`no values for the kind "${kind}"`);
  const max = Number(sized[3]);
  if (sized[1] === 'text') return text(max);
  return sized[2] === undefined ? bytes(max, max) : bytes(Number(sized[2]), Math.min(max, 100));
}

interface AnyField {
  readonly kind: { readonly name: string; readonly absent?: unknown };
  readonly required: boolean;
}

/** Messages as `decodeMessage` gives them: what has an absent value is there, every other optional field may not be. */
function messageOf(fields: Readonly<Record<string, AnyField>>): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(fields);
  const always = entries
    .filter(([, field]) => field.required || 'absent' in field.kind)
    .map(([name]) => name);
  return fc.record(Object.fromEntries(entries.map(([name, field]) => [name, valueFor(field.kind.name)])), {
    requiredKeys: always,
    noNullPrototype: true,
  }) as fc.Arbitrary<Record<string, unknown>>;
}

const entryValue = messageOf(entryFields);

export const messageNames = Object.keys(messageFields) as (keyof Messages)[];

/** Any message of that name, from the table of fields. */
export function message<N extends keyof Messages>(name: N): fc.Arbitrary<Messages[N]> {
  return messageOf(messageFields[name]) as unknown as fc.Arbitrary<Messages[N]>;
}

export const anyMessage: fc.Arbitrary<{ name: keyof Messages; message: never }> = fc
  .constantFrom(...messageNames)
  .chain((name) => message(name).map((value) => ({ name, message: value as never })));

export const frameNames = Object.keys(frameTypes) as FrameName[];
