import { specification } from '../spec/specification.js';
import { u8, u32 } from './bytes.js';

/** What each end sends first. */
export const PREFACE: Buffer = Buffer.from('46494c45580d0a1a', 'hex');

const HEADER_SIZE = 10;

/** A frame as it came: nothing of it has been judged yet. */
export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export interface HeaderOptions {
  readonly flags?: number;
}

/** A header alone. It may promise what does not follow. */
export function header(
  length: number,
  type: number,
  stream: number,
  { flags = 0 }: HeaderOptions = {},
): Buffer {
  return Buffer.concat([u32(length), u8(type), u8(flags), u32(stream)]);
}

/** Any frame at all. */
export function rawFrame(type: number, stream: number, payload: Uint8Array, options?: HeaderOptions): Buffer {
  return Buffer.concat([header(payload.length, type, stream, options), payload]);
}

/** @throws Error when PROTOCOL.md has no frame of that name. */
export function frameType(name: string): number {
  const frame = specification.frames[name];
  if (frame === undefined) throw new Error(`PROTOCOL.md has no frame ${name}`);
  return frame.type;
}

const names = new Map(Object.entries(specification.frames).map(([name, { type }]) => [type, name]));

/** Undefined for a type that PROTOCOL.md does not know. */
export function frameName(type: number): string | undefined {
  return names.get(type);
}

/** Cuts a stream of bytes into frames. */
export class FrameCutter {
  #waiting: Buffer = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #size = 0;

  /** Bytes that are no whole frame yet. */
  get left(): Buffer {
    this.#join();
    return this.#waiting;
  }

  push(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#size += chunk.length;
  }

  /** Takes exactly `count` bytes off the front; undefined while there are fewer. */
  take(count: number): Buffer | undefined {
    if (this.#waiting.length + this.#size < count) return undefined;
    this.#join();
    const taken = this.#waiting.subarray(0, count);
    this.#waiting = this.#waiting.subarray(count);
    return taken;
  }

  next(): RawFrame | undefined {
    if (this.#waiting.length < HEADER_SIZE) this.#join();
    if (this.#waiting.length < HEADER_SIZE) return undefined;
    const length = this.#waiting.readUInt32BE(0);
    const bytes = this.take(HEADER_SIZE + length);
    if (bytes === undefined) return undefined;
    return {
      type: bytes[4] as number,
      flags: bytes[5] as number,
      stream: bytes.readUInt32BE(6),
      payload: bytes.subarray(HEADER_SIZE),
    };
  }

  #join(): void {
    if (this.#pieces.length === 0) return;
    this.#waiting = Buffer.concat([this.#waiting, ...this.#pieces]);
    this.#pieces = [];
    this.#size = 0;
  }
}
