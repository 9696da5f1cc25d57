import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalProtocolError } from '../errors.js';
import { MAX_U64 } from '../limits.js';
import { hex } from '../testing/bytes.js';
import {
  authStep,
  bytesUpTo,
  conflictPolicy,
  digestAlgorithm,
  effect,
  entryKind,
  FieldFault,
  FieldWriter,
  fixedBytes,
  flag,
  i64,
  type Kind,
  listOf,
  outcome,
  patchLength,
  path,
  textUpTo,
  u8,
  u16,
  u16List,
  u32,
  u64,
} from './fields.js';

const filled = (length: number) => new Uint8Array(length).fill(7);

/** A value of each kind and its bytes, as they are written down in PROTOCOL.md. */
const samples: readonly (readonly [Kind<never>, value: unknown, bytes: string])[] = (
  [
    [u8, 0, '00'],
    [u8, 0xff, 'ff'],
    [u16, 0x0102, '0102'],
    [u16, 0xffff, 'ffff'],
    [u32, 0x0102_0304, '01020304'],
    [u32, 0xffff_ffff, 'ffffffff'],
    [u64, 0x0102_0304_0506, '0000010203040506'],
    [u64, MAX_U64, '001fffffffffffff'],
    [i64, -1, 'ffffffffffffffff'],
    [i64, 1, '0000000000000001'],
    [i64, -(2 ** 32), 'ffffffff00000000'],
    [i64, 0x0102_0304_0506, '0000010203040506'],
    [i64, MAX_U64, '001fffffffffffff'],
    [i64, -MAX_U64, 'ffe0000000000001'],
    [flag, true, ''],
    [fixedBytes(3), filled(3), '070707'],
    [bytesUpTo(3), filled(0), ''],
    [bytesUpTo(3), filled(3), '070707'],
    [textUpTo(3), '', ''],
    [textUpTo(3), 'aé', '61c3a9'],
    [path, 'a/é', '612fc3a9'],
    [u16List, [], ''],
    [u16List, [1, 0xffff], '0001ffff'],
    [listOf(u8), [], ''],
    [listOf(u8), [5, 6], '000105000106'],
    [listOf(textUpTo(9)), ['', 'ab'], '000000026162'],
    [conflictPolicy, 'fail', '00'],
    [conflictPolicy, 'newer', '04'],
    [entryKind, 'other', '03'],
    [outcome, 'renamed', '04'],
    [effect, 'unknown', '02'],
    [digestAlgorithm, 'sha256', '01'],
    [digestAlgorithm, 'blake3', '02'],
    [authStep, 'continue', '00'],
    [authStep, 'success', '01'],
  ] as const
).map((sample) => sample as unknown as readonly [Kind<never>, unknown, string]);

describe.each(samples)('%o of %o', (kind, value, text) => {
  const size = text.length / 2;

  it('is written as these bytes, behind what is there, and not over the end', () => {
    const writer = new FieldWriter(new Uint8Array(1 + size));
    writer.u8(0xaa);
    kind.write(writer, value as never);
    expect(hex(writer.bytes)).toBe(`aa${text}`);
    expect(writer.length).toBe(1 + size);
    if (size === 0) return;
    const short = new FieldWriter(new Uint8Array(size - 1));
    expect(() => kind.write(short, value as never)).toThrow('the message is longer than a frame');
  });

  it('is read from between other bytes', () => {
    const bytes = Uint8Array.from([0xee, ...Buffer.from(text, 'hex'), 0xee]);
    expect(kind.read(bytes, 1, 1 + size)).toEqual(value);
  });
});

const write = (kind: Kind<never>, value: unknown): void =>
  kind.write(new FieldWriter(new Uint8Array(100)), value as never);

describe('a value that does not fit', () => {
  it.each([
    [u8, -1],
    [u8, 0x100],
    [u16, -1],
    [u16, 0x1_0000],
    [u32, -1],
    [u32, 0x1_0000_0000],
    [u64, -1],
    [u64, MAX_U64 + 1],
    [i64, MAX_U64 + 1],
    [i64, -MAX_U64 - 1],
    ...[u8, u16, u32, u64, i64].flatMap((kind) =>
      [0.5, Number.NaN, Number.POSITIVE_INFINITY].map((value) => [kind, value]),
    ),
    [fixedBytes(3), filled(2)],
    [fixedBytes(3), filled(4)],
    [bytesUpTo(3), filled(4)],
    [textUpTo(3), 'aéb'],
    [textUpTo(3), '\ud800'],
    [path, 'a//b'],
    [u16List, [0x1_0000]],
    [listOf(u8), [0x100]],
    [conflictPolicy, 'perhaps'],
    [entryKind, undefined],
    [digestAlgorithm, 'md5'],
  ] as unknown as [Kind<never>, unknown][])('in %o is not written: %o', (kind, value) => {
    expect(() => write(kind, value)).toThrow(LocalProtocolError);
  });

  it('in an item of a list is one of more than 65535 bytes', () => {
    const list = listOf(bytesUpTo(0x1_0000));
    const writer = () => new FieldWriter(new Uint8Array(0x2_0000));
    expect(() => list.write(writer(), [filled(0xffff)])).not.toThrow();
    expect(() => list.write(writer(), [filled(0x1_0000)])).toThrow('longer than 65535 bytes');
  });

  const fixed = [
    [u8, 1],
    [u16, 2],
    [u32, 4],
    [u64, 8],
    [i64, 8],
    [flag, 0],
    [fixedBytes(3), 3],
    [effect, 1],
    [authStep, 1],
  ] as unknown as [Kind<never>, number][];

  it.each(fixed)('by its width is not read: %o has %i bytes', (kind, size) => {
    const bytes = new Uint8Array(20);
    for (const other of [size - 1, size + 1, size + 2].filter((length) => length >= 0)) {
      expect(() => kind.read(bytes, 5, 5 + other)).toThrow(new FieldFault(`has ${other} bytes, not ${size}`));
    }
  });

  it.each([
    [bytesUpTo(3), '00000000', 'has 4 bytes, more than 3'],
    [textUpTo(3), '61616161', 'has 4 bytes, more than 3'],
    [textUpTo(3), 'c3', 'is not UTF-8'],
    [path, '', 'is an empty path'],
    [path, 'ff', 'is not UTF-8'],
    [path, '2e2e', 'is refused: a part of it is ".."'],
    [u64, '0020000000000000', 'is more than 2^53-1'],
    [u64, 'ffffffffffffffff', 'is more than 2^53-1'],
    [i64, '0020000000000000', 'is beyond ±(2^53-1)'],
    [i64, 'ffe0000000000000', 'is beyond ±(2^53-1)'],
    [u16List, '000100', 'is cut inside an item'],
    [listOf(u8), '00', 'is cut inside the length of an item'],
    [listOf(u8), '0001', 'is cut inside an item'],
    [listOf(u8), '00010500', 'is cut inside the length of an item'],
    [listOf(u8), '00020500', 'has 2 bytes, not 1'],
    [conflictPolicy, '05', 'is no known conflict policy: 5'],
    [entryKind, '04', 'is no known entry kind: 4'],
    [outcome, 'ff', 'is no known outcome: 255'],
    [effect, '03', 'is no known effect: 3'],
    [digestAlgorithm, '00', 'is no known digest algorithm: 0'],
    [authStep, '02', 'is no known authentication step: 2'],
  ] as unknown as [Kind<never>, string, string][])('is not read: %o from %s', (kind, text, fault) => {
    const bytes = Buffer.from(`ee${text}ee`, 'hex');
    expect(() => kind.read(bytes, 1, bytes.length - 1)).toThrow(new FieldFault(fault));
  });
});

describe('what was read', () => {
  it.each([
    [fixedBytes(3), 3],
    [bytesUpTo(3), 2],
  ] as [Kind<Uint8Array>, number][])('is a copy: %o', (kind, size) => {
    const bytes = Buffer.from([1, 2, 3, 4, 5]);
    const value = kind.read(bytes, 1, 1 + size);
    bytes.fill(0xee);
    expect(value).toEqual(Uint8Array.of(2, 3, 4).subarray(0, size));
  });

  it('may be any number', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const writer = new FieldWriter(new Uint8Array(8));
        i64.write(writer, value);
        expect(new DataView(writer.bytes.buffer).getBigInt64(0)).toBe(BigInt(value));
        expect(i64.read(writer.bytes, 0, 8)).toBe(value);
      }),
    );
  });
});

it('a length is filled in where it was left out', () => {
  const writer = new FieldWriter(new Uint8Array(0x0300));
  writer.u16(0);
  writer.raw(filled(0x0102));
  patchLength(writer, 0);
  expect(hex(writer.bytes.subarray(0, 3))).toBe('010207');
});

it('the kinds are called in messages what they are called in PROTOCOL.md', () => {
  expect([u8, u16, u32, u64, i64, flag, path, u16List].map(({ name }) => name)).toEqual([
    'u8',
    'u16',
    'u32',
    'u64',
    'i64',
    'flag',
    'path',
    'u16[]',
  ]);
  expect([fixedBytes(3), bytesUpTo(3), textUpTo(3), listOf(u8)].map(({ name }) => name)).toEqual([
    'bytes[3]',
    'bytes[0..3]',
    'text[0..3]',
    'u8[]',
  ]);
  expect([flag.absent, path.absent, u8.absent]).toEqual([false, '', undefined]);
});
