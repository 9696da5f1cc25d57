/**
 * Every status and error code of FileX/1, by stable name. One table serves the three carriers: GOAWAY (a connection
 * ended), RESET (a stream ended) and RESULT (an operation ended). PROTOCOL.md, "Codes".
 *
 * `retry` says whether the same request may succeed later without anybody changing it.
 */
export interface CodeInfo {
  /** The number on the wire; `0xf000` and above never travel: they name what an end found out by itself. */
  readonly number: number;
  /** Whether the same request may succeed later without anybody changing it, unless a RESULT says otherwise. */
  readonly retry: boolean;
  /** What it means, for people. */
  readonly meaning: string;
}

const define = <const T extends Record<string, CodeInfo>>(table: T): T => table;

/** All codes by name. PROTOCOL.md, "Codes". */
export const codes = define({
  OK: { number: 0x00, retry: false, meaning: 'done; as GOAWAY: a graceful close' },

  // The connection cannot go on.
  BAD_PREFACE: { number: 0x01, retry: false, meaning: 'the first bytes are not the FileX preface' },
  FRAME_TOO_LARGE: { number: 0x02, retry: false, meaning: 'a frame is longer than its limit' },
  FRAME_UNKNOWN: { number: 0x03, retry: false, meaning: 'a frame type that must be understood is not' },
  FRAME_MALFORMED: {
    number: 0x04,
    retry: false,
    meaning: 'flags, stream or length do not fit the frame type',
  },
  MESSAGE_MALFORMED: {
    number: 0x05,
    retry: false,
    meaning: 'fields of a message are missing, doubled or not canonical',
  },
  STATE_VIOLATION: { number: 0x06, retry: false, meaning: 'the frame is not allowed in this state' },
  CREDIT_EXCEEDED: { number: 0x07, retry: false, meaning: 'more data was sent than was granted' },
  STREAM_LIMIT: { number: 0x08, retry: false, meaning: 'too many streams, or a stream id out of order' },
  VERSION_UNSUPPORTED: { number: 0x09, retry: false, meaning: 'no protocol version or digest in common' },
  AUTH_FAILED: { number: 0x0a, retry: false, meaning: 'the peer could not be authenticated' },
  TIMEOUT: { number: 0x0b, retry: true, meaning: 'the peer was silent for too long' },
  RATE_LIMITED: { number: 0x0c, retry: true, meaning: 'too many frames of one kind in too short a time' },
  SHUTTING_DOWN: { number: 0x0d, retry: true, meaning: 'the server is going away' },
  TOO_MANY_CONNECTIONS: {
    number: 0x0e,
    retry: true,
    meaning: 'the server has no room for another connection',
  },
  PLAINTEXT_REFUSED: {
    number: 0x0f,
    retry: false,
    meaning: 'this server does not talk plaintext to that address',
  },

  // The operation did not succeed.
  CANCELLED: { number: 0x20, retry: false, meaning: 'one end gave the operation up' },
  UNSUPPORTED: { number: 0x21, retry: false, meaning: 'the operation or an option of it is not known here' },
  PATH_INVALID: { number: 0x22, retry: false, meaning: 'the path is not one that this end can hold' },
  NOT_FOUND: { number: 0x23, retry: false, meaning: 'there is nothing under that name' },
  PARENT_NOT_FOUND: { number: 0x24, retry: false, meaning: 'the folder it should be in does not exist' },
  ALREADY_EXISTS: {
    number: 0x25,
    retry: false,
    meaning: 'something else is there, and the conflict policy keeps it',
  },
  NOT_A_DIRECTORY: { number: 0x26, retry: false, meaning: 'a part of the path is not a folder' },
  IS_A_DIRECTORY: { number: 0x27, retry: false, meaning: 'the path is a folder' },
  NOT_A_FILE: { number: 0x28, retry: false, meaning: 'the path is a symlink, device, pipe or socket' },
  NOT_EMPTY: { number: 0x29, retry: false, meaning: 'the folder is not empty' },
  PERMISSION_DENIED: { number: 0x2a, retry: false, meaning: 'not allowed' },
  NO_SPACE: { number: 0x2b, retry: true, meaning: 'no room is left' },
  TOO_LARGE: { number: 0x2c, retry: false, meaning: 'more than this end can hold' },
  DIGEST_MISMATCH: {
    number: 0x2d,
    retry: true,
    meaning: 'the bytes that arrived are not the bytes that were sent',
  },
  LENGTH_MISMATCH: { number: 0x2e, retry: true, meaning: 'more or fewer bytes than announced' },
  SOURCE_CHANGED: { number: 0x2f, retry: true, meaning: 'the file changed while it was read' },
  PRECONDITION_FAILED: {
    number: 0x30,
    retry: false,
    meaning: 'the file is not the version that was asked for',
  },
  BUSY: { number: 0x31, retry: true, meaning: 'too much is going on; try again' },
  IO_ERROR: { number: 0x32, retry: true, meaning: 'reading or writing failed' },
  INTERNAL: { number: 0x33, retry: true, meaning: 'a defect on the end that says so' },
  SUPERSEDED: { number: 0x34, retry: false, meaning: 'a newer connection goes on with this operation' },
  OPERATION_MISMATCH: {
    number: 0x35,
    retry: false,
    meaning: 'the operation id was used before, for something else',
  },

  // Never on the wire.
  CONNECT_FAILED: { number: 0xf000, retry: true, meaning: 'the server could not be reached' },
  CONNECTION_LOST: { number: 0xf001, retry: true, meaning: 'the connection ended before the operation did' },
  WRONG_PROTOCOL: { number: 0xf002, retry: false, meaning: 'something that is not FileX answers there' },
  URL_INVALID: { number: 0xf003, retry: false, meaning: 'the address cannot be understood' },
  UNKNOWN_CODE: { number: 0xf004, retry: false, meaning: 'the peer gave a code this version does not know' },
  IDENTITY_CHANGED: { number: 0xf005, retry: false, meaning: 'the server has another key than it should' },
  IDENTITY_UNKNOWN: {
    number: 0xf006,
    retry: false,
    meaning: 'nothing says that the server is the one meant',
  },
});

/** The stable name of a code. */
export type Code = keyof typeof codes;

/** The first number that is local to one end and is refused when it arrives from a peer. */
export const FIRST_LOCAL_CODE = 0xf000;

const byNumber = new Map<number, Code>(
  Object.entries(codes).map(([name, info]) => [info.number, name as Code] as const),
);

/** The name of a number from the wire; `UNKNOWN_CODE` for one that this version does not know or that may not travel. */
export function codeName(number: number): Code {
  return number >= FIRST_LOCAL_CODE ? 'UNKNOWN_CODE' : (byNumber.get(number) ?? 'UNKNOWN_CODE');
}

/** The number of a name; a local-only name travels as `INTERNAL`. */
export function codeNumber(code: Code): number {
  const { number } = codes[code];
  return number >= FIRST_LOCAL_CODE ? codes.INTERNAL.number : number;
}
