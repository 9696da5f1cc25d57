import { frameTypes, HEADER_SIZE, writeHeader } from '../wire/frame.js';
import { encodeMessage, type Messages } from '../wire/messages.js';
import { concat } from './bytes.js';

/** A frame of any type with any payload, true or not. */
export function rawFrame(type: number, stream: number, payload: Uint8Array, flags = 0): Uint8Array {
  return concat([rawHeader(payload.length, type, stream, flags), payload]);
}

export function rawHeader(length: number, type: number, stream: number, flags = 0): Uint8Array {
  const header = new Uint8Array(HEADER_SIZE);
  writeHeader(header, 0, length, type, stream);
  header[5] = flags;
  return header;
}

export function messageFrame<N extends keyof Messages>(
  name: N,
  stream: number,
  message: Messages[N],
): Uint8Array {
  return rawFrame(frameTypes[name], stream, encodeMessage(name, message));
}

export function dataFrame(stream: number, bytes: Uint8Array): Uint8Array {
  return rawFrame(frameTypes.DATA, stream, bytes);
}

/** A field as it is on the wire. */
export function rawField(tag: number, value: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(tag >> 8, tag, value.length >> 8, value.length), value]);
}

/** The fields of a payload, taken apart by the plainest code there is; the payload must be sound. */
export function splitFields(payload: Uint8Array): { tag: number; value: Uint8Array }[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const fields: { tag: number; value: Uint8Array }[] = [];
  for (let at = 0; at < payload.length; ) {
    const length = view.getUint16(at + 2);
    fields.push({ tag: view.getUint16(at), value: payload.slice(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return fields;
}

/** Frames taken apart by the plainest code there is, after the preface was removed. */
export function splitFrames(wire: Uint8Array): { type: number; stream: number; payload: Uint8Array }[] {
  const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
  const frames: { type: number; stream: number; payload: Uint8Array }[] = [];
  for (let at = 0; at < wire.length; ) {
    const end = at + HEADER_SIZE + view.getUint32(at);
    frames.push({
      type: view.getUint8(at + 4),
      stream: view.getUint32(at + 6),
      payload: wire.slice(at + HEADER_SIZE, end),
    });
    at = end;
  }
  return frames;
}
