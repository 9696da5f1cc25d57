import type { Effect } from '../errors.js';
import { LocalProtocolError } from '../errors.js';
import { MAX_U64 } from '../limits.js';
import {
  type ConflictPolicy,
  conflictPolicies,
  type DigestAlgorithm,
  digestAlgorithms,
  type EntryKind,
  effects,
  entryKinds,
  type Outcome,
  outcomes,
  type SignatureAlgorithm,
  signatureAlgorithms,
} from '../vocabulary.js';
import { pathFault } from './path.js';
import { decodeUtf8, isWellFormed, writeUtf8 } from './utf8.js';

/** A value does not fit its field. Caught in `messages.ts`; never leaves wire/. */
export class FieldFault extends Error {
  override readonly name = 'FieldFault';
}

/** Writes big-endian into one buffer and refuses to run over its end. */
export class FieldWriter {
  readonly bytes: Uint8Array;
  length = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.bytes[this.length++] = value >>> 8;
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.bytes[this.length++] = value >>> 24;
    this.bytes[this.length++] = value >>> 16;
    this.bytes[this.length++] = value >>> 8;
    this.bytes[this.length++] = value;
  }

  u64(value: number): void {
    this.u32(Math.floor(value / 2 ** 32));
    this.u32(value % 2 ** 32);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A well-formed text as UTF-8; returns how many bytes that is. */
  text(value: string): number {
    const end = writeUtf8(value, this.bytes, this.length);
    if (end === undefined) throw tooLong();
    const count = end - this.length;
    this.length = end;
    return count;
  }

  #reserve(count: number): void {
    if (this.length + count > this.bytes.length) throw tooLong();
  }
}

function tooLong(): LocalProtocolError {
  return new LocalProtocolError('the message is longer than a frame');
}

/** How values of one kind are written and read. `from`..`to` is exactly the value, its length already known. */
export interface Kind<T> {
  readonly name: string;
  /** The value that is said by leaving the field out, when the kind has one. */
  readonly absent?: T;
  write(writer: FieldWriter, value: T): void;
  /** @throws FieldFault */
  read(bytes: Uint8Array, from: number, to: number): T;
}

function width(from: number, to: number, expected: number): void {
  if (to - from !== expected) throw new FieldFault(`has ${to - from} bytes, not ${expected}`);
}

function integer(value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new LocalProtocolError(`${value} is not an integer from ${min} to ${max}`);
  }
  return value;
}

function u32At(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export const u8: Kind<number> = {
  name: 'u8',
  write: (writer, value) => writer.u8(integer(value, 0, 0xff)),
  read(bytes, from, to) {
    width(from, to, 1);
    return bytes[from] as number;
  },
};

export const u16: Kind<number> = {
  name: 'u16',
  write: (writer, value) => writer.u16(integer(value, 0, 0xffff)),
  read(bytes, from, to) {
    width(from, to, 2);
    return u16At(bytes, from);
  },
};

export const u32: Kind<number> = {
  name: 'u32',
  write: (writer, value) => writer.u32(integer(value, 0, 0xffff_ffff)),
  read(bytes, from, to) {
    width(from, to, 4);
    return u32At(bytes, from);
  },
};

/** 0..2^53-1, so that it is exact as a float64. */
export const u64: Kind<number> = {
  name: 'u64',
  write: (writer, value) => writer.u64(integer(value, 0, MAX_U64)),
  read(bytes, from, to) {
    width(from, to, 8);
    const value = u32At(bytes, from) * 2 ** 32 + u32At(bytes, from + 4);
    if (value > MAX_U64) throw new FieldFault('is more than 2^53-1');
    return value;
  },
};

/** Two's complement, -(2^53-1)..2^53-1. */
export const i64: Kind<number> = {
  name: 'i64',
  write(writer, value) {
    integer(value, -MAX_U64, MAX_U64);
    writer.u32(Math.floor(value / 2 ** 32) >>> 0);
    writer.u32(value - Math.floor(value / 2 ** 32) * 2 ** 32);
  },
  read(bytes, from, to) {
    width(from, to, 8);
    const value = (u32At(bytes, from) | 0) * 2 ** 32 + u32At(bytes, from + 4);
    if (value > MAX_U64 || value < -MAX_U64) throw new FieldFault('is beyond ±(2^53-1)');
    return value;
  },
};

/** True is said by an empty field, false by leaving it out: one form for each. */
export const flag: Kind<boolean> = {
  name: 'flag',
  absent: false,
  write: () => undefined,
  read(_bytes, from, to) {
    width(from, to, 0);
    return true;
  },
};

/** A real copy: the `slice` of a Node Buffer is a view, and what it views is reused. */
function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(to - from);
  copy.set(bytes.subarray(from, to));
  return copy;
}

/** Exactly `size` bytes. */
export function fixedBytes(size: number): Kind<Uint8Array> {
  return {
    name: `bytes[${size}]`,
    write(writer, value) {
      if (value.length !== size) throw new LocalProtocolError(`${value.length} bytes where ${size} belong`);
      writer.raw(value);
    },
    read(bytes, from, to) {
      width(from, to, size);
      return copyOf(bytes, from, to);
    },
  };
}

/** Up to `max` bytes. */
export function bytesUpTo(max: number): Kind<Uint8Array> {
  return {
    name: `bytes[0..${max}]`,
    write(writer, value) {
      if (value.length > max) throw new LocalProtocolError(`${value.length} bytes where ${max} fit`);
      writer.raw(value);
    },
    read(bytes, from, to) {
      if (to - from > max) throw new FieldFault(`has ${to - from} bytes, more than ${max}`);
      return copyOf(bytes, from, to);
    },
  };
}

/** UTF-8, up to `max` bytes. */
export function textUpTo(max: number): Kind<string> {
  return {
    name: `text[0..${max}]`,
    write(writer, value) {
      if (!isWellFormed(value)) throw new LocalProtocolError('the text is not valid Unicode');
      const count = writer.text(value);
      if (count > max) throw new LocalProtocolError(`${count} bytes of text where ${max} fit`);
    },
    read: (bytes, from, to) => readText(bytes, from, to, max),
  };
}

function readText(bytes: Uint8Array, from: number, to: number, max: number): string {
  if (to - from > max) throw new FieldFault(`has ${to - from} bytes, more than ${max}`);
  const text = decodeUtf8(bytes.subarray(from, to));
  if (text === undefined) throw new FieldFault('is not UTF-8');
  return text;
}

/** A valid path; the root is said by leaving the field out. */
export const path: Kind<string> = {
  name: 'path',
  absent: '',
  write(writer, value) {
    const fault = pathFault(value);
    if (fault !== undefined) throw new LocalProtocolError(`${JSON.stringify(value)} is no path: ${fault}`);
    writer.text(value);
  },
  read(bytes, from, to) {
    if (from === to) throw new FieldFault('is an empty path');
    const text = readText(bytes, from, to, 0xffff);
    const fault = pathFault(text);
    if (fault !== undefined) throw new FieldFault(`is refused: ${fault}`);
    return text;
  },
};

/** A list of numbers, two bytes each. */
export const u16List: Kind<readonly number[]> = {
  name: 'u16[]',
  write(writer, value) {
    for (const item of value) u16.write(writer, item);
  },
  read(bytes, from, to) {
    if ((to - from) % 2 !== 0) throw new FieldFault('is cut inside an item');
    const items: number[] = [];
    for (let at = from; at < to; at += 2) items.push(u16At(bytes, at));
    return fitted(items);
  },
};

/** A list of items that are each preceded by a `u16 length`. */
export function listOf<T>(item: Kind<T>): Kind<readonly T[]> {
  return {
    name: `${item.name}[]`,
    write(writer, value) {
      for (const element of value) {
        const at = writer.length;
        writer.u16(0);
        item.write(writer, element);
        patchLength(writer, at);
      }
    },
    read(bytes, from, to) {
      const items: T[] = [];
      let at = from;
      while (at < to) {
        if (to - at < 2) throw new FieldFault('is cut inside the length of an item');
        const length = u16At(bytes, at);
        at += 2;
        if (to - at < length) throw new FieldFault('is cut inside an item');
        items.push(item.read(bytes, at, at + length));
        at += length;
      }
      return fitted(items);
    },
  };
}

/** Without the room that an array grows by: some of these last as long as their connection. */
function fitted<T>(items: T[]): T[] {
  return items.slice();
}

/** Fills in a `u16 length` that was left at `at`, now that what it counts is written. */
export function patchLength(writer: FieldWriter, at: number): void {
  const length = writer.length - at - 2;
  if (length > 0xffff) throw new LocalProtocolError('a field is longer than 65535 bytes');
  writer.bytes[at] = length >>> 8;
  writer.bytes[at + 1] = length;
}

/** One byte that stands for a word; the position in `words` is the number. */
function oneOf<T extends string>(name: string, words: readonly (T | undefined)[]): Kind<T> {
  return {
    name,
    write(writer, value) {
      const number = words.indexOf(value);
      if (number < 0) throw new LocalProtocolError(`"${value}" is no ${name}`);
      writer.u8(number);
    },
    read(bytes, from, to) {
      width(from, to, 1);
      const word = words[bytes[from] as number];
      if (word === undefined) throw new FieldFault(`is no known ${name}: ${bytes[from]}`);
      return word;
    },
  };
}

export const conflictPolicy: Kind<ConflictPolicy> = oneOf('conflict policy', conflictPolicies);
export const entryKind: Kind<EntryKind> = oneOf('entry kind', entryKinds);
export const outcome: Kind<Outcome> = oneOf('outcome', outcomes);
export const effect: Kind<Effect> = oneOf('effect', effects);
export const digestAlgorithm: Kind<DigestAlgorithm> = oneOf('digest algorithm', digestAlgorithms);
export const signatureAlgorithm: Kind<SignatureAlgorithm> = oneOf('signature algorithm', signatureAlgorithms);
/** What a server says about a step of the client. */
export const authSteps = ['continue', 'success'] as const;
export const authStep: Kind<(typeof authSteps)[number]> = oneOf('authentication step', authSteps);
