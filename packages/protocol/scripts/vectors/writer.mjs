// The plainest writer of FileX bytes there is: hex strings, put together by hand from the tables of PROTOCOL.md. It
// shares nothing with src/, so that the vectors do not merely say what the code under test does.

/** An unsigned or two's complement number of `bytes` bytes, big-endian. */
function int(value, bytes) {
  return BigInt.asUintN(bytes * 8, BigInt(value))
    .toString(16)
    .padStart(bytes * 2, '0');
}
export const u8 = (value) => int(value, 1);
export const u16 = (value) => int(value, 2);
export const u32 = (value) => int(value, 4);
export const u64 = (value) => int(value, 8);
export const i64 = (value) => int(value, 8);

export const ascii = (text) => Buffer.from(text, 'latin1').toString('hex');
export const utf8 = (text) => Buffer.from(text, 'utf8').toString('hex');
/** How many bytes these digits say. */
export const size = (hex) => hex.length / 2;

/** A field: `u16 tag | u16 length | value`. */
export const field = (tag, value) => u16(tag) + u16(size(value)) + value;

export const PREFACE = '46494c45580d0a1a';

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
};

/** `u32 length | u8 type | u8 flags | u32 stream`. */
export const header = (length, type, stream, flags = 0) => u32(length) + u8(type) + u8(flags) + u32(stream);
/** A frame of any type, by name or by number. */
export const frame = (type, stream, payload = '', flags = 0) =>
  header(size(payload), types[type] ?? type, stream, flags) + payload;

const words = {
  policy: ['fail', 'skip', 'rename', 'overwrite', 'newer'],
  kind: ['file', 'directory', 'symlink', 'other'],
  outcome: ['created', 'replaced', 'identical', 'removed', 'renamed', 'read', 'skipped'],
  effect: ['none', 'applied', 'unknown'],
  algorithm: [undefined, 'sha256', 'blake3'],
  step: ['continue', 'success'],
};

export { words };

const word = (list) => (value) => {
  const number = words[list].indexOf(value);
  if (number < 0) throw new Error(`${value} is no ${list}`);
  return u8(number);
};
const list = (item) => (values) =>
  values
    .map((value) => {
      const bytes = item(value);
      return u16(size(bytes)) + bytes;
    })
    .join('');
const same = (hex) => hex;
const flag = () => '';
const entry = (fields) => record('entry', fields);

/** Tag and writer of every field, in the order of the wire. */
export const layouts = {
  HELLO: {
    versions: [2, (values) => values.map(u16).join('')],
    capabilities: [4, (values) => values.map(u16).join('')],
    digests: [6, (values) => values.map(u16).join('')],
    maxDataPayload: [8, u32],
    maxStreams: [10, u32],
    streamWindow: [12, u64],
    connectionWindow: [14, u64],
    nonce: [16, same],
    mechanisms: [18, list(utf8)],
    agent: [19, utf8],
  },
  AUTH: { mechanism: [2, utf8], data: [4, same], step: [6, word('step')], principal: [8, utf8] },
  OPEN: {
    operation: [2, u8],
    operationId: [4, same],
    path: [6, utf8],
    target: [8, utf8],
    size: [10, u64],
    ifExists: [12, word('policy')],
    mtime: [14, i64],
    executable: [16, flag],
    algorithm: [18, word('algorithm')],
    recursive: [20, flag],
    parents: [22, flag],
    ifMatch: [24, utf8],
    offset: [26, u64],
    prefix: [28, same],
    receipt: [31, flag],
  },
  ACCEPT: {
    offset: [2, u64],
    epoch: [4, u32],
    etag: [6, utf8],
    size: [8, u64],
    mtime: [10, i64],
    executable: [12, flag],
    algorithm: [14, word('algorithm')],
    prefix: [16, same],
  },
  END: { length: [2, u64], digest: [4, same] },
  ACK: { offset: [2, u64] },
  ENTRY: { entries: [2, list(entry)] },
  RESULT: {
    status: [2, u16],
    detail: [3, utf8],
    retry: [4, flag],
    effect: [6, word('effect')],
    outcome: [8, word('outcome')],
    path: [10, utf8],
    etag: [12, utf8],
    entry: [14, entry],
    receipt: [17, same],
    digest: [19, same],
  },
  RESET: { code: [2, u16], finalOffset: [4, u64], reason: [5, utf8] },
  CREDIT: { limit: [2, u64] },
  PING: { token: [2, u64] },
  PONG: { token: [2, u64] },
  GOAWAY: { code: [2, u16], lastStream: [4, u32], reason: [5, utf8] },
  entry: {
    path: [2, utf8],
    kind: [4, word('kind')],
    size: [6, u64],
    mtime: [8, i64],
    executable: [10, flag],
    etag: [12, utf8],
  },
};

/** The fields of a message or an entry, in the order of their tags. */
export function record(name, fields) {
  const layout = layouts[name];
  for (const key of Object.keys(fields)) if (layout[key] === undefined) throw new Error(`${name}.${key}`);
  return Object.entries(layout)
    .filter(([key]) => fields[key] !== undefined)
    .map(([key, [tag, write]]) => field(tag, write(fields[key])))
    .join('');
}

/** A frame with a message in it. */
export const message = (name, stream, fields) => frame(name, stream, record(name, fields));
/** A DATA frame with these bytes, in hex. */
export const data = (stream, bytes) => frame('DATA', stream, bytes);

/** A long run of one byte is written as `{ repeat, times }`. */
const RUN = 48;

/** Bytes as they are written in a vector: one string of hex, or a list of strings and repetitions. */
export function notation(hex) {
  if (hex.length <= 2 * RUN * 2) return hex;
  const parts = [];
  let plain = '';
  for (let at = 0; at < hex.length; ) {
    const byte = hex.slice(at, at + 2);
    let end = at + 2;
    while (hex.startsWith(byte, end)) end += 2;
    const times = (end - at) / 2;
    if (times >= RUN) {
      if (plain !== '') parts.push(plain);
      plain = '';
      parts.push({ repeat: byte, times });
    } else {
      plain += hex.slice(at, end);
    }
    at = end;
  }
  if (plain !== '') parts.push(plain);
  return parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : parts;
}
