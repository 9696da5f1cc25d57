/**
 * The frame header: `u32 length | u8 type | u8 flags | u32 stream`, big-endian; `length` counts the payload alone.
 * PROTOCOL.md, "Frames".
 */
export const HEADER_SIZE = 10;

/** Frame types. Those from {@link FIRST_IGNORABLE_TYPE} on are skipped by an end that does not know them. */
export const frameTypes = {
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

/** The name of a frame type. */
export type FrameName = keyof typeof frameTypes;
/** Every frame but DATA carries one message. */
export type MessageName = Exclude<FrameName, 'DATA'>;

/** From this type on, an end passes over what it does not know; below, it is an error. PROTOCOL.md, "Frames". */
export const FIRST_IGNORABLE_TYPE = 0x80;

const names: (FrameName | undefined)[] = [];
for (const [name, type] of Object.entries(frameTypes)) names[type] = name as FrameName;

/** The name of a type from the wire; undefined for one that this version does not know. */
export function frameName(type: number): FrameName | undefined {
  return names[type];
}

/** Which streams a frame may name: 0 is the connection itself. */
export const frameScope: { readonly [K in FrameName]: 'connection' | 'stream' | 'both' } = {
  HELLO: 'connection',
  AUTH: 'connection',
  OPEN: 'stream',
  ACCEPT: 'stream',
  DATA: 'stream',
  END: 'stream',
  ACK: 'stream',
  ENTRY: 'stream',
  RESULT: 'stream',
  RESET: 'stream',
  CREDIT: 'both',
  PING: 'connection',
  PONG: 'connection',
  GOAWAY: 'connection',
};

/**
 * Which end sends a frame. The transition tables name events for their sender, so a frame from the wrong end must be
 * refused before they are asked: a client that could send RESULT would end its own operations for the server.
 */
export const frameSender: { readonly [K in FrameName]: 'client' | 'server' | 'both' } = {
  HELLO: 'both',
  AUTH: 'both',
  OPEN: 'client',
  ACCEPT: 'server',
  DATA: 'both',
  END: 'both',
  ACK: 'server',
  ENTRY: 'server',
  RESULT: 'server',
  RESET: 'both',
  CREDIT: 'both',
  PING: 'both',
  PONG: 'both',
  GOAWAY: 'both',
};

/** Writes a header at `offset`; no flag is defined in FileX/1, so the flags are zero. */
export function writeHeader(
  target: Uint8Array,
  offset: number,
  length: number,
  type: number,
  stream: number,
): void {
  target[offset] = length >>> 24;
  target[offset + 1] = length >>> 16;
  target[offset + 2] = length >>> 8;
  target[offset + 3] = length;
  target[offset + 4] = type;
  target[offset + 5] = 0;
  target[offset + 6] = stream >>> 24;
  target[offset + 7] = stream >>> 16;
  target[offset + 8] = stream >>> 8;
  target[offset + 9] = stream;
}

/** A big-endian u32; `>>> 0` keeps it unsigned, without which a hostile length is negative and passes a limit. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)) >>>
    0
  );
}
