import type { FieldInfo } from '../spec/parse.js';
import { specification } from '../spec/specification.js';
import { i64, u8, u16, u32, u64, utf8 } from './bytes.js';
import { frameType, type HeaderOptions, rawFrame } from './frame.js';
import type { Loose, MessageName } from './messages.js';

/** One field: `u16 tag | u16 length | value`. */
export function field(tag: number, value: Uint8Array): Buffer {
  return Buffer.concat([u16(tag), u16(value.length), value]);
}

/** The fields of a message by their tags, so that a case can leave out, add, exchange or double some. */
export type Fields = readonly (readonly [tag: number, value: Uint8Array])[];

/** The fields as they stand, in this order. */
export function joinFields(fields: Fields): Buffer {
  return Buffer.concat(fields.map(([tag, value]) => field(tag, value)));
}

/** The fields of a message in the order of their tags; a value that is bytes is taken as it is. */
export function fieldsOf<N extends MessageName>(name: N, values: Loose<N>): [number, Buffer][] {
  return encodeFields(layoutOf(name), values as Readonly<Record<string, unknown>>);
}

/** A message as the payload of its frame. */
export function encode<N extends MessageName>(name: N, values: Loose<N>): Buffer {
  return joinFields(fieldsOf(name, values));
}

/** A whole frame. */
export function frame<N extends MessageName>(
  name: N,
  stream: number,
  values: Loose<N>,
  options?: HeaderOptions,
): Buffer {
  return rawFrame(frameType(name), stream, encode(name, values), options);
}

/** A DATA frame. */
export function dataFrame(stream: number, bytes: Uint8Array): Buffer {
  return rawFrame(frameType('DATA'), stream, bytes);
}

/** The tag of a field by its name. */
export function tagOf(name: MessageName | 'entry', fieldName: string): number {
  const found = layoutOf(name).find((each) => each.name === fieldName);
  if (found === undefined) throw new Error(`PROTOCOL.md has no field ${fieldName} in ${name}`);
  return found.tag;
}

export function layoutOf(name: string): readonly FieldInfo[] {
  return specification.messages[name] as readonly FieldInfo[];
}

function encodeFields(
  layout: readonly FieldInfo[],
  values: Readonly<Record<string, unknown>>,
): [number, Buffer][] {
  return layout.flatMap(({ tag, name, kind }): [number, Buffer][] => {
    const value = values[name];
    if (value === undefined || (kind === 'flag' && value === false)) return [];
    return [[tag, bytesOf(kind, value)]];
  });
}

function bytesOf(kind: string, value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  const words = specification.words[kind];
  if (words !== undefined) return u8(typeof value === 'number' ? value : (words[value as string] as number));
  if (kind === 'path' || /^text\[[^\]]*\]$/.test(kind)) return utf8(value as string);
  switch (kind) {
    case 'u8':
      return u8(value as number);
    case 'u16':
      return u16(value as number);
    case 'u32':
      return u32(value as number);
    case 'u64':
      return u64(value as number);
    case 'i64':
      return i64(value as number);
    case 'flag':
      return Buffer.alloc(0);
    case 'u16[]':
      return Buffer.concat((value as number[]).map(u16));
    case 'entry':
      return joinFields(encodeFields(layoutOf('entry'), value as Record<string, unknown>));
    default: {
      if (!kind.endsWith('[]')) throw new Error(`cannot write a ${kind}`);
      const item = kind.slice(0, -2);
      return Buffer.concat(
        (value as unknown[]).flatMap((each) => {
          const bytes = bytesOf(item, each);
          return [u16(bytes.length), bytes];
        }),
      );
    }
  }
}
