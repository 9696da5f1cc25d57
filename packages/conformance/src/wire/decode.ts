import type { FieldInfo } from '../spec/parse.js';
import { specification } from '../spec/specification.js';
import { layoutOf } from './encode.js';
import type { MessageName, Messages } from './messages.js';
import { pathFault } from './path.js';
import { Violation } from './violation.js';

/**
 * Reads a message as strictly as PROTOCOL.md wants it: there is one way only to write it. Written for this package and
 * from PROTOCOL.md, so that a mistake in an implementation's own codec cannot hide in its answers.
 * @throws Violation naming the rule of chapter 5 or 15 that it breaks.
 */
export function decode<N extends MessageName>(name: N, payload: Buffer): Messages[N] {
  return readFields(name, layoutOf(name), payload) as unknown as Messages[N];
}

/** A record inside of a message, by the title of its table, as strictly. @throws Violation */
export function decodeRecord(name: 'receipt' | 'statement', bytes: Buffer): Record<string, unknown> {
  return readFields(`the ${name}`, layoutOf(name), bytes);
}

/** The fields as they came, without judging them. Bytes that are no field are left out. */
export function splitFields(payload: Buffer): [number, Buffer][] {
  const fields: [number, Buffer][] = [];
  for (let at = 0; at + 4 <= payload.length; ) {
    const length = payload.readUInt16BE(at + 2);
    fields.push([payload.readUInt16BE(at), payload.subarray(at + 4, at + 4 + length)]);
    at += 4 + length;
  }
  return fields;
}

function readFields(what: string, layout: readonly FieldInfo[], payload: Buffer): Record<string, unknown> {
  const known = new Map(layout.map((each) => [each.tag, each]));
  const values: Record<string, unknown> = {};
  let previous = -1;
  for (let at = 0; at < payload.length; ) {
    if (payload.length - at < 4)
      throw new Violation(['FX-5.1-2'], `${what} is cut inside the header of a field`);
    const tag = payload.readUInt16BE(at);
    const length = payload.readUInt16BE(at + 2);
    at += 4;
    if (tag <= previous) throw new Violation(['FX-5.1-1'], `${what} has field ${tag} after ${previous}`);
    if (payload.length - at < length) throw new Violation(['FX-5.1-2'], `${what} is cut inside field ${tag}`);
    previous = tag;
    const info = known.get(tag);
    if (info === undefined) {
      if (tag % 2 === 0)
        throw new Violation(['FX-20.1-2', 'FX-5.1-6'], `${what} has the unknown even field ${tag}`);
    } else {
      values[info.name] = readValue(
        `"${info.name}" of ${what}`,
        info.kind,
        payload.subarray(at, at + length),
      );
    }
    at += length;
  }
  for (const { name, required } of layout) {
    if (required && !(name in values)) throw new Violation(['FX-5.1-7'], `${what} lacks "${name}"`);
  }
  return values;
}

function readValue(what: string, kind: string, bytes: Buffer): unknown {
  const words = specification.words[kind];
  if (words !== undefined) {
    const number = readNumber(what, bytes, 1);
    const word = Object.entries(words).find(([, each]) => each === number)?.[0];
    if (word === undefined) throw new Violation(['FX-5.2-2'], `${what} is ${number}, which is no ${kind}`);
    return word;
  }
  const bounded = /^(bytes|text)\[(\d+)(?:\.\.(\d+))?\](\[\])?$/.exec(kind);
  if (bounded !== null) {
    if (bounded[4] !== undefined) return readList(what, kind.slice(0, -2), bytes);
    const least = Number(bounded[2]);
    const most = Number(bounded[3] ?? bounded[2]);
    if (bytes.length < least || bytes.length > most)
      throw new Violation(['FX-5.2-5', 'FX-5.1-3'], `${what} has ${bytes.length} bytes, not ${kind}`);
    return bounded[1] === 'text' ? readText(what, bytes) : bytes;
  }
  switch (kind) {
    case 'u8':
      return readNumber(what, bytes, 1);
    case 'u16':
      return readNumber(what, bytes, 2);
    case 'u32':
      return readNumber(what, bytes, 4);
    case 'u64':
      return readLong(what, bytes, false);
    case 'i64':
      return readLong(what, bytes, true);
    case 'flag':
      if (bytes.length > 0) throw new Violation(['FX-5.1-3'], `${what}, a flag, has ${bytes.length} bytes`);
      return true;
    case 'path': {
      if (bytes.length === 0) throw new Violation(['FX-5.1-4'], `${what} is an empty path, written`);
      const fault = pathFault(bytes);
      if (fault !== undefined) throw new Violation([fault.rule], `${what} ${fault.message}`);
      return readText(what, bytes);
    }
    case 'u16[]': {
      if (bytes.length % 2 !== 0) throw new Violation(['FX-5.2-5'], `${what} is cut inside an item`);
      return Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16BE(2 * i));
    }
    case 'entry':
      return readFields(what, layoutOf('entry'), bytes);
    case 'entry[]':
      return readList(what, 'entry', bytes);
    default:
      throw new Error(`cannot read a ${kind}`);
  }
}

function readList(what: string, kind: string, bytes: Buffer): unknown[] {
  const items: unknown[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.length - at < 2 ? Number.POSITIVE_INFINITY : bytes.readUInt16BE(at);
    if (at + 2 + length > bytes.length) throw new Violation(['FX-5.2-5'], `${what} is cut inside an item`);
    items.push(readValue(`item ${items.length} of ${what}`, kind, bytes.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return items;
}

function readNumber(what: string, bytes: Buffer, width: number): number {
  if (bytes.length !== width)
    throw new Violation(['FX-5.1-3'], `${what} has ${bytes.length} bytes, not ${width}`);
  return bytes.readUIntBE(0, width);
}

function readLong(what: string, bytes: Buffer, signed: boolean): number {
  if (bytes.length !== 8) throw new Violation(['FX-5.1-3'], `${what} has ${bytes.length} bytes, not 8`);
  const value = Number(signed ? bytes.readBigInt64BE() : bytes.readBigUInt64BE());
  if (!Number.isSafeInteger(value)) throw new Violation(['FX-5.2-1'], `${what} is beyond 2^53-1`);
  return value;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readText(what: string, bytes: Buffer): string {
  try {
    return strict.decode(bytes);
  } catch {
    throw new Violation(['FX-5.2-3'], `${what} is not UTF-8`);
  }
}
