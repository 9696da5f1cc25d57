/**
 * What FileX does with a frame besides finding it, each as a function that does it `count` times and returns how often it
 * has. The frame of a control message is of 50 bytes where the message allows it.
 */
import {
  decodeMessage,
  encodeMessage,
  FrameDecoder,
  frameTypes,
  HEADER_SIZE,
  PREFACE,
  ReceiveCredit,
  SendCredit,
  writeHeader,
} from '@filex/protocol';

const limits = { maxDataPayload: 2 ** 20, maxControlPayload: 65_536 };
const CHUNK = 65_536;

const entry = (i) => ({
  path: `folder/file-${String(i).padStart(5, '0')}.txt`,
  kind: 'file',
  size: 4096 + i,
  mtime: 1_700_000_000_000_000,
  executable: false,
});

const messages = {
  // 10 of header, 5 of operation, 20 of operation id, 4 and 11 of path.
  OPEN: { operation: 4, operationId: new Uint8Array(16).fill(7), path: 'notes/a.txt' },
  CREDIT: { limit: 12_345_678_901 },
  ACK: { offset: 12_345_678_901 },
  RESULT: { status: 0, effect: 'applied', outcome: 'created', path: 'notes/a.txt', etag: 'a1b2c3d4e5f60718' },
  ENTRY: { entries: Array.from({ length: 1000 }, (_, i) => entry(i)) },
};

function frameOf(name, stream) {
  const payload = encodeMessage(name, messages[name]);
  const frame = new Uint8Array(HEADER_SIZE + payload.length);
  writeHeader(frame, 0, payload.length, frameTypes[name], stream);
  frame.set(payload, HEADER_SIZE);
  return frame;
}

/** One chunk of as many of these frames as it holds. */
function chunkOf(frame) {
  const count = Math.max(1, Math.floor(CHUNK / frame.length));
  const chunk = new Uint8Array(count * frame.length);
  for (let i = 0; i < count; i += 1) chunk.set(frame, i * frame.length);
  return { chunk, count };
}

const fail = (_code, message) => {
  throw new Error(message);
};

/** The frames of one message, found only, or found and read. */
function decoding(name, reads) {
  const { chunk, count: each } = chunkOf(frameOf(name, 1));
  return (count) => {
    let done = 0;
    const onFrame = reads
      ? (_type, _stream, payload) => {
          if (decodeMessage(name, payload).fault === undefined) done += 1;
        }
      : () => {
          done += 1;
        };
    const decoder = new FrameDecoder(
      { onPreface() {}, onDataHeader() {}, onData() {}, onFrame, onFault: fail },
      limits,
    );
    decoder.push(PREFACE);
    for (let i = 0; i < count; i += each) decoder.push(chunk);
    return done;
  };
}

function encoding(name) {
  const message = messages[name];
  return (count) => {
    let bytes = 0;
    const header = new Uint8Array(HEADER_SIZE);
    for (let i = 0; i < count; i += 1) {
      const payload = encodeMessage(name, message);
      writeHeader(header, 0, payload.length, frameTypes[name], 1);
      bytes += payload.length;
    }
    return bytes / encodeMessage(name, message).length;
  };
}

/** Credit for DATA of 64 KiB: counted, used up and returned, on both ends. */
function credit(count) {
  const window = 2 ** 20;
  const receive = new ReceiveCredit(window);
  const send = new SendCredit(window);
  let done = 0;
  for (let i = 0; i < count; i += 1) {
    if (!send.spend(CHUNK)) break;
    if (!receive.receive(CHUNK) || !receive.consume(CHUNK)) break;
    const limit = receive.grant();
    if (limit !== undefined) send.raise(limit);
    done += 1;
  }
  return done;
}

const size = (name) => `${frameOf(name, 1).length} B`;

export const own = [
  { title: `OPEN of ${size('OPEN')}: found`, run: decoding('OPEN', false) },
  { title: `OPEN of ${size('OPEN')}: found and read`, run: decoding('OPEN', true) },
  { title: `OPEN of ${size('OPEN')}: written`, run: encoding('OPEN') },
  { title: `RESULT of ${size('RESULT')}: found and read`, run: decoding('RESULT', true) },
  { title: `RESULT of ${size('RESULT')}: written`, run: encoding('RESULT') },
  { title: `CREDIT of ${size('CREDIT')}: found and read`, run: decoding('CREDIT', true) },
  { title: `CREDIT of ${size('CREDIT')}: written`, run: encoding('CREDIT') },
  { title: `ENTRY of 1000 entries, ${size('ENTRY')}: found and read`, run: decoding('ENTRY', true) },
  { title: `ENTRY of 1000 entries, ${size('ENTRY')}: written`, run: encoding('ENTRY') },
  { title: 'credit of one DATA frame, both ends', run: credit },
];
