import type { MessageName } from '../../wire/frame.js';
import { entryFields, type Messages, messageFields } from '../../wire/messages.js';
import { hex } from '../bytes.js';
import { type Bytes, bytesOf, digitsOf } from './files.js';

/** Fields whose absence says the empty path. */
const paths = new Set(['path', 'target']);

/** A decoded value as a vector writes it: bytes as hex, nothing for what is not there. Keys in order. */
export function toNotation(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(toNotation);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, each]) => each !== undefined && each !== false && !(each === '' && paths.has(key)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, toNotation(each)]),
  );
}

type AnyFields = Readonly<Record<string, { readonly kind: { readonly name: string } }>>;

function isBytes(fields: AnyFields, key: string): boolean {
  return fields[key]?.kind.name.startsWith('bytes') === true;
}

/** The fields of a vector with bytes written out, keys in order, to compare with `toNotation`. */
export function plain(name: MessageName, fields: Readonly<Record<string, unknown>>): unknown {
  return toNotation(
    Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [
        key,
        isBytes(messageFields[name], key) ? digitsOf(value as Bytes) : value,
      ]),
    ),
  );
}

/** The fields of a vector as the encoder takes them. */
export function fromNotation<N extends MessageName>(
  name: N,
  fields: Readonly<Record<string, unknown>>,
): Messages[N] {
  return withBytes(messageFields[name], fields) as Messages[N];
}

function withBytes(layout: AnyFields, fields: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      if (isBytes(layout, key)) return [key, bytesOf(value as Bytes)];
      if (key === 'entry') return [key, withBytes(entryFields, value as Record<string, unknown>)];
      return [key, value];
    }),
  );
}
