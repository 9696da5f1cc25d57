import { concat } from '../src/testing/bytes.js';
import { rawFrame } from '../src/testing/frames.js';
import { HEADER_SIZE, readU32 } from '../src/wire/frame.js';
import { PREFACE } from '../src/wire/preface.js';

/**
 * An input is what a peer sends: a preface, or not, and frames. Frames of these types, which a peer may send and an end
 * ignores, are taken out and say what the program around the connection does meanwhile.
 */
export const cues = { act: 0xf0, pass: 0xf1, take: 0xf2 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

export interface Parts {
  readonly preface: boolean;
  readonly frames: readonly Frame[];
  /** What is left: a frame that is cut, or something else altogether. */
  readonly rest: Uint8Array;
}

/** Takes an input apart as far as it can be. `joinParts` gives the same bytes back. */
export function splitParts(input: Uint8Array): Parts {
  const preface = PREFACE.every((byte, i) => input[i] === byte);
  const frames: Frame[] = [];
  let at = preface ? PREFACE.length : 0;
  while (input.length - at >= HEADER_SIZE) {
    const length = readU32(input, at);
    const end = at + HEADER_SIZE + length;
    if (end > input.length) break;
    frames.push({
      type: input[at + 4] as number,
      flags: input[at + 5] as number,
      stream: readU32(input, at + 6),
      payload: input.slice(at + HEADER_SIZE, end),
    });
    at = end;
  }
  return { preface, frames, rest: input.slice(at) };
}

export function joinParts({ preface, frames, rest }: Parts): Uint8Array {
  return concat([
    ...(preface ? [PREFACE] : []),
    ...frames.map(({ type, stream, payload, flags }) => rawFrame(type, stream, payload, flags)),
    rest,
  ]);
}

export interface Field {
  readonly tag: number;
  readonly value: Uint8Array;
}

/** The fields of a payload and what is left; undefined when it does not begin with a field. */
export function splitTlv(payload: Uint8Array): { fields: Field[]; rest: Uint8Array } | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (payload.length - at >= 4) {
    const end = at + 4 + u16(payload, at + 2);
    if (end > payload.length) break;
    fields.push({ tag: u16(payload, at), value: payload.slice(at + 4, end) });
    at = end;
  }
  return fields.length === 0 ? undefined : { fields, rest: payload.slice(at) };
}

export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
