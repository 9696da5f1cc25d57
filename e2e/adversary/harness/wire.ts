import { createHash } from 'node:crypto';
import { codeName } from '@filex/protocol';

/**
 * FileX/1 written by hand, without a check and without the library under attack: what an attack wants to say wrong, it can.
 * Every field can be given as raw bytes.
 */
export const PREFACE: Buffer = Buffer.from('FILEX\r\n\x1a', 'latin1');

export const HEADER = 10;

export const types = {
  HELLO: 0x01,
  AUTH: 0x02,
  OPEN: 0x03,
  ACCEPT: 0x04,
  DATA: 0x05,
  END: 0x06,
  ACK: 0x07,
  ENTRY: 0x08,
  RESULT: 0x09,
  RESET: 0x0a,
  CREDIT: 0x0b,
  PING: 0x0c,
  PONG: 0x0d,
  GOAWAY: 0x0e,
} as const;
export type FrameName = keyof typeof types;

export const operations = {
  upload: 1,
  download: 2,
  list: 3,
  stat: 4,
  makeDirectory: 5,
  rename: 6,
  remove: 7,
} as const;
export type OperationName = keyof typeof operations;

type Kind = 'u8' | 'u16' | 'u32' | 'u64' | 'bytes' | 'flag' | 'u16[]' | 'texts' | 'list';

/** Tag and kind of every field, from PROTOCOL.md, section 5.3. */
const layouts: Readonly<Record<string, Readonly<Record<string, readonly [tag: number, kind: Kind]>>>> = {
  HELLO: {
    versions: [2, 'u16[]'],
    capabilities: [4, 'u16[]'],
    digests: [6, 'u16[]'],
    maxDataPayload: [8, 'u32'],
    maxStreams: [10, 'u32'],
    streamWindow: [12, 'u64'],
    connectionWindow: [14, 'u64'],
    nonce: [16, 'bytes'],
    mechanisms: [18, 'texts'],
    agent: [19, 'bytes'],
  },
  AUTH: { mechanism: [2, 'bytes'], data: [4, 'bytes'], step: [6, 'u8'], principal: [8, 'bytes'] },
  OPEN: {
    operation: [2, 'u8'],
    operationId: [4, 'bytes'],
    path: [6, 'bytes'],
    target: [8, 'bytes'],
    size: [10, 'u64'],
    ifExists: [12, 'u8'],
    mtime: [14, 'u64'],
    executable: [16, 'flag'],
    algorithm: [18, 'u8'],
    recursive: [20, 'flag'],
    parents: [22, 'flag'],
    ifMatch: [24, 'bytes'],
    offset: [26, 'u64'],
    prefix: [28, 'bytes'],
  },
  ACCEPT: {
    offset: [2, 'u64'],
    epoch: [4, 'u32'],
    etag: [6, 'bytes'],
    size: [8, 'u64'],
    mtime: [10, 'u64'],
    executable: [12, 'flag'],
    algorithm: [14, 'u8'],
    prefix: [16, 'bytes'],
  },
  END: { length: [2, 'u64'], digest: [4, 'bytes'] },
  ACK: { offset: [2, 'u64'] },
  ENTRY: { entries: [2, 'list'] },
  RESULT: {
    status: [2, 'u16'],
    detail: [3, 'bytes'],
    retry: [4, 'flag'],
    effect: [6, 'u8'],
    outcome: [8, 'u8'],
    path: [10, 'bytes'],
    etag: [12, 'bytes'],
    entry: [14, 'bytes'],
  },
  RESET: { code: [2, 'u16'], finalOffset: [4, 'u64'], reason: [5, 'bytes'] },
  CREDIT: { limit: [2, 'u64'] },
  PING: { token: [2, 'u64'] },
  PONG: { token: [2, 'u64'] },
  GOAWAY: { code: [2, 'u16'], lastStream: [4, 'u32'], reason: [5, 'bytes'] },
  entry: {
    path: [2, 'bytes'],
    kind: [4, 'u8'],
    size: [6, 'u64'],
    mtime: [8, 'u64'],
    executable: [10, 'flag'],
    etag: [12, 'bytes'],
  },
};

type Value =
  | number
  | bigint
  | string
  | boolean
  | Uint8Array
  | readonly number[]
  | readonly (string | Uint8Array)[]
  | undefined;
/** Fields of a message by their names in PROTOCOL.md. */
export type Values = Readonly<Record<string, Value>>;

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** The lowest 64 bits: -1 is all ones. */
export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}

/** One field as it stands: `u16 tag | u16 length | value`. */
export function field(tag: number, value: Uint8Array): Buffer {
  return Buffer.concat([u16(tag), u16(value.length), value]);
}

/** The payload of a message, fields in the order of their tags. */
export function message(name: FrameName | 'entry', values: Values): Buffer {
  const layout = layouts[name] as NonNullable<(typeof layouts)[string]>;
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(layout, key));
  if (unknown.length > 0) throw new Error(`${name} has no field ${unknown.join(', ')}`);
  const fields = Object.entries(layout).flatMap(([key, [tag, kind]]) => {
    const value = values[key];
    return value === undefined || value === false ? [] : [field(tag, bytesOf(kind, value))];
  });
  return Buffer.concat(fields);
}

function bytesOf(kind: Kind, value: NonNullable<Value>): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  switch (kind) {
    case 'u8':
      return Buffer.of(Number(value) & 0xff);
    case 'u16':
      return u16(Number(value));
    case 'u32':
      return u32(Number(value));
    case 'u64':
      return u64(value as number | bigint);
    case 'flag':
      return Buffer.alloc(0);
    case 'u16[]':
      return Buffer.concat((value as readonly number[]).map(u16));
    case 'texts':
    case 'list': {
      const items = (value as readonly (string | Uint8Array)[]).map((item) => Buffer.from(item as string));
      return Buffer.concat(items.flatMap((item) => [u16(item.length), item]));
    }
    case 'bytes':
      throw new Error('bytes are given as text or bytes');
  }
}

/** A header alone. It may promise what does not follow. */
export function header(length: number, type: number, stream = 0, flags = 0): Buffer {
  return Buffer.concat([u32(length), Buffer.of(type, flags), u32(stream)]);
}

/** Any frame at all. */
export function rawFrame(type: number, stream: number, payload: Uint8Array, flags = 0): Buffer {
  return Buffer.concat([header(payload.length, type, stream, flags), payload]);
}

export function frame(name: FrameName, stream: number, values: Values): Buffer {
  return rawFrame(types[name], stream, message(name, values));
}

export function data(stream: number, bytes: Uint8Array): Buffer {
  return rawFrame(types.DATA, stream, bytes);
}

/** A frame as it came. */
export interface Frame {
  readonly name: FrameName | undefined;
  readonly stream: number;
  readonly payload: Buffer;
  /** The value of a field, where there is one. */
  field(name: string): Buffer | undefined;
  /** A number of at most 48 bits; -1 where there is none. */
  number(name: string): number;
  text(name: string): string;
}

const names = new Map(Object.entries(types).map(([name, type]) => [type as number, name as FrameName]));

function readFrame(type: number, stream: number, payload: Buffer): Frame {
  const name = names.get(type);
  const field = (key: string): Buffer | undefined => {
    const tag = layouts[name ?? '']?.[key]?.[0];
    for (let at = 0; at + 4 <= payload.length; ) {
      const length = payload.readUInt16BE(at + 2);
      if (payload.readUInt16BE(at) === tag) return payload.subarray(at + 4, at + 4 + length);
      at += 4 + length;
    }
    return undefined;
  };
  return {
    name,
    stream,
    payload,
    field,
    number: (key) => {
      const bytes = field(key);
      return bytes === undefined || bytes.length === 0 ? -1 : Number(BigInt(`0x${bytes.toString('hex')}`));
    },
    text: (key) => field(key)?.toString('utf8') ?? '',
  };
}

/** Cuts whole frames off the front of what came. */
export class FrameCutter {
  #waiting: Buffer = Buffer.alloc(0);

  /** Bytes that are no whole frame. */
  get left(): Buffer {
    return this.#waiting;
  }

  push(chunk: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
  }

  take(count: number): Buffer | undefined {
    if (this.#waiting.length < count) return undefined;
    const taken = this.#waiting.subarray(0, count);
    this.#waiting = this.#waiting.subarray(count);
    return taken;
  }

  next(): { readonly raw: Buffer; readonly frame: Frame } | undefined {
    if (this.#waiting.length < HEADER) return undefined;
    const raw = this.take(HEADER + this.#waiting.readUInt32BE(0));
    if (raw === undefined) return undefined;
    return { raw, frame: readFrame(raw[4] as number, raw.readUInt32BE(6), raw.subarray(HEADER)) };
  }
}

const BLOCK = 1024 * 1024;
const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** PROTOCOL.md, chapter 14, with sha256. */
export function treeDigest(file: Uint8Array): Buffer {
  const leaves: Buffer[] = [];
  for (let at = 0; at < file.length; at += BLOCK)
    leaves.push(sha256(Buffer.of(0), file.subarray(at, at + BLOCK)));
  return sha256(Buffer.of(1), ...leaves, u64(file.length));
}

/** `RESULT NOT_FOUND`, `GOAWAY TIMEOUT`, `RESET CANCELLED`: what an attack is compared by. */
export function told(frame: Frame): string {
  const code = frame.number(frame.name === 'RESULT' ? 'status' : 'code');
  return `${frame.name} ${codeName(code) ?? `0x${code.toString(16)}`}`;
}
