import { LocalProtocolError } from '../errors.js';
import { MAX_CONTROL_PAYLOAD, MAX_RECEIPT_SIZE } from '../limits.js';
import type { Entry } from '../vocabulary.js';
import { DIGEST_SIZE } from './digest.js';
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
import type { MessageName } from './frame.js';

/**
 * Every message of FileX/1, field by field; encoder, decoder, types and the tables of PROTOCOL.md all come from here.
 *
 * A message is a sequence of fields `u16 tag | u16 length | value`, tags strictly ascending. An unknown odd tag is
 * ignored, an unknown even tag is an error, so a new field says by its number whether old ends may miss it.
 */
export interface Field<T, R extends boolean> {
  readonly tag: number;
  readonly kind: Kind<T>;
  readonly required: R;
}

export const required = <T>(tag: number, kind: Kind<T>): Field<T, true> => ({ tag, kind, required: true });
const optional = <T>(tag: number, kind: Kind<T>): Field<T, false> => ({ tag, kind, required: false });

/** Texts for people. */
const reason = textUpTo(1024);
const etag = textUpTo(255);

/** One record of a listing. */
export const entryFields = {
  path: optional(2, path),
  kind: required(4, entryKind),
  size: required(6, u64),
  mtime: required(8, i64),
  executable: optional(10, flag),
  etag: optional(12, etag),
} as const;

const entryLayout = layoutOf(entryFields as never);

const entryRecord: Kind<Entry> = {
  name: 'entry',
  write: (writer, value) => writeFields(writer, entryFields, value as unknown as Record<string, unknown>),
  read: (bytes, from, to) => readFields(entryLayout, bytes, from, to) as unknown as Entry,
};

export const messageFields = {
  HELLO: {
    versions: required(2, u16List),
    capabilities: required(4, u16List),
    digests: required(6, u16List),
    maxDataPayload: required(8, u32),
    maxStreams: required(10, u32),
    streamWindow: required(12, u64),
    connectionWindow: required(14, u64),
    nonce: required(16, fixedBytes(32)),
    mechanisms: optional(18, listOf(textUpTo(64))),
    agent: optional(19, textUpTo(128)),
  },
  AUTH: {
    mechanism: optional(2, textUpTo(64)),
    data: optional(4, bytesUpTo(4096)),
    step: optional(6, authStep),
    principal: optional(8, textUpTo(255)),
  },
  OPEN: {
    operation: required(2, u8),
    operationId: required(4, fixedBytes(16)),
    path: optional(6, path),
    target: optional(8, path),
    size: optional(10, u64),
    ifExists: optional(12, conflictPolicy),
    mtime: optional(14, i64),
    executable: optional(16, flag),
    algorithm: optional(18, digestAlgorithm),
    recursive: optional(20, flag),
    parents: optional(22, flag),
    ifMatch: optional(24, etag),
    offset: optional(26, u64),
    prefix: optional(28, fixedBytes(DIGEST_SIZE)),
    // A published vector has 29 as a field that nobody knows.
    receipt: optional(31, flag),
  },
  ACCEPT: {
    offset: required(2, u64),
    epoch: required(4, u32),
    etag: optional(6, etag),
    size: optional(8, u64),
    mtime: optional(10, i64),
    executable: optional(12, flag),
    algorithm: optional(14, digestAlgorithm),
    prefix: optional(16, fixedBytes(DIGEST_SIZE)),
  },
  END: { length: required(2, u64), digest: required(4, fixedBytes(DIGEST_SIZE)) },
  ACK: { offset: required(2, u64) },
  ENTRY: { entries: required(2, listOf(entryRecord)) },
  RESULT: {
    status: required(2, u16),
    detail: optional(3, reason),
    retry: optional(4, flag),
    effect: required(6, effect),
    outcome: optional(8, outcome),
    path: optional(10, path),
    etag: optional(12, etag),
    entry: optional(14, entryRecord),
    // Likewise 15.
    receipt: optional(17, bytesUpTo(MAX_RECEIPT_SIZE)),
    digest: optional(19, fixedBytes(DIGEST_SIZE)),
  },
  RESET: { code: required(2, u16), finalOffset: required(4, u64), reason: optional(5, reason) },
  CREDIT: { limit: required(2, u64) },
  PING: { token: required(2, u64) },
  PONG: { token: required(2, u64) },
  GOAWAY: { code: required(2, u16), lastStream: required(4, u32), reason: optional(5, reason) },
} as const satisfies Record<MessageName, Record<string, Field<never, boolean> | Field<unknown, boolean>>>;

type Fields = typeof messageFields;
type ValueOf<F> = F extends Field<infer T, boolean> ? T : never;
// biome-ignore format: one line a rule reads best
type MessageOf<M> =
  { readonly [K in keyof M as M[K] extends Field<unknown, true> ? K : never]: ValueOf<M[K]> }
  & { readonly [K in keyof M as M[K] extends Field<unknown, true> ? never : K]?: ValueOf<M[K]> | undefined };

/** The fields of each message, by frame name. Decoded flags and paths are always there (`false`, `''`). */
export type Messages = { readonly [N in MessageName]: MessageOf<Fields[N]> };

interface Layout {
  /** Field by tag. */
  readonly byTag: ReadonlyMap<number, readonly [name: string, field: Field<unknown, boolean>]>;
  readonly required: readonly string[];
  /** What a message that has none of its fields looks like. */
  readonly absent: readonly (readonly [name: string, value: unknown])[];
}

/** How the fields of a record are found by their tags. */
export function layoutOf(fields: Readonly<Record<string, Field<unknown, boolean>>>): Layout {
  const entries = Object.entries(fields);
  return {
    byTag: new Map(entries.map(([name, field]) => [field.tag, [name, field] as const])),
    required: entries.filter(([, field]) => field.required).map(([name]) => name),
    absent: entries
      .filter(([, field]) => 'absent' in field.kind)
      .map(([name, field]) => [name, field.kind.absent] as const),
  };
}

const layouts = Object.fromEntries(
  Object.entries(messageFields).map(([name, fields]) => [name, layoutOf(fields as never)]),
) as Record<MessageName, Layout>;

// One message is encoded at a time and copied out at once, so one buffer serves them all.
const scratch = new Uint8Array(MAX_CONTROL_PAYLOAD);

/**
 * A message as the payload of its frame, in the one canonical form. The bytes returned are the caller's.
 * @throws LocalProtocolError when a value does not fit its field.
 */
export function encodeMessage<N extends MessageName>(name: N, message: Messages[N]): Uint8Array {
  return encodeMessageView(name, message).slice();
}

/** As {@link encodeMessage}, but the view is only good until the next call. */
export function encodeMessageView<N extends MessageName>(name: N, message: Messages[N]): Uint8Array {
  const writer = new FieldWriter(scratch);
  writeFields(writer, messageFields[name], message as unknown as Record<string, unknown>);
  return scratch.subarray(0, writer.length);
}

/** Writes a record in its one canonical form. @throws LocalProtocolError when a value does not fit. */
export function writeFields(
  writer: FieldWriter,
  fields: Readonly<Record<string, unknown>>,
  values: Readonly<Record<string, unknown>>,
): void {
  for (const name in fields) {
    const field = fields[name] as Field<unknown, boolean>;
    const value = values[name];
    if (value === undefined && field.required) throw new LocalProtocolError(`"${name}" is missing`);
    if (value === undefined || ('absent' in field.kind && value === field.kind.absent)) continue;
    writer.u16(field.tag);
    const at = writer.length;
    writer.u16(0);
    field.kind.write(writer, value);
    patchLength(writer, at);
  }
}

/** A message, or what is wrong with its bytes, in words; `MESSAGE_MALFORMED` then. */
export type Decoded<N extends MessageName> =
  | { readonly message: Messages[N]; readonly fault?: undefined }
  | { readonly message?: undefined; readonly fault: string };

/** Reads the payload of a frame. Never throws; what is wrong is told as text. Nothing of `payload` is kept. */
export function decodeMessage<N extends MessageName>(name: N, payload: Uint8Array): Decoded<N> {
  try {
    return { message: readFields(layouts[name], payload, 0, payload.length) as unknown as Messages[N] };
  } catch (error) {
    if (error instanceof FieldFault) return { fault: `${name} ${error.message}` };
    throw error;
  }
}

/** Reads a record from exactly these bytes. @throws FieldFault */
export function readFields(
  layout: Layout,
  bytes: Uint8Array,
  from: number,
  to: number,
): Record<string, unknown> {
  // Not a spread: what is added to an object that was spread gets a hidden class of its own, every time.
  const values: Record<string, unknown> = {};
  for (const [name, value] of layout.absent) values[name] = value;
  let at = from;
  let previous = -1;
  while (at < to) {
    if (to - at < 4) throw new FieldFault('is cut inside a field header');
    const tag = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    at += 4;
    if (tag <= previous) throw new FieldFault(`has field ${tag} after field ${previous}`);
    if (to - at < length) throw new FieldFault(`is cut inside field ${tag}`);
    previous = tag;
    const known = layout.byTag.get(tag);
    if (known !== undefined) {
      values[known[0]] = readField(known[0], known[1].kind, bytes, at, at + length);
    } else if (tag % 2 === 0) {
      throw new FieldFault(`has the unknown field ${tag}, which must be understood`);
    }
    at += length;
  }
  for (const name of layout.required) {
    if (values[name] === undefined) throw new FieldFault(`lacks "${name}"`);
  }
  return values;
}

function readField(name: string, kind: Kind<unknown>, bytes: Uint8Array, from: number, to: number): unknown {
  try {
    return kind.read(bytes, from, to);
  } catch (error) {
    if (error instanceof FieldFault) throw new FieldFault(`field "${name}" ${error.message}`);
    throw error;
  }
}

/** How many bytes one entry takes inside an ENTRY message, to fill pages without going over. */
export function entrySize(entry: Entry): number {
  const writer = new FieldWriter(scratch);
  entryRecord.write(writer, entry);
  return writer.length + 2;
}
