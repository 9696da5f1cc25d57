import { createHash, randomFillSync } from 'node:crypto';

/** Bytes of payload in one stream, which is decoded over and over: few, as what a socket has just read is in the cache. */
const STREAM_SIZE = 2 ** 22;
/** Cuts of no pattern have any length up to this. */
const LARGEST_UNEVEN = 65_536;

/** Random payloads of one size, and what their bytes digest to. The same for every contestant of a row. */
export function payloadsOf(size, seed) {
  const count = Math.floor(STREAM_SIZE / size);
  const bytes = randomFillSync(new Uint8Array(count * size));
  new DataView(bytes.buffer).setUint32(0, seed);
  const payloads = Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  return { payloads, bytes: bytes.length, digest: digestOf(payloads) };
}

function digestOf(pieces) {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/**
 * The frames of a codec around the payloads, cut as a transport might.
 * @param {number | 'uneven'} cut bytes of each chunk
 */
export function chunksOf({ frame, chunk }, payloads, cut) {
  const wire = Buffer.concat(payloads.flatMap((payload) => frame(payload)));
  const chunks = [];
  let state = 1;
  for (let at = 0; at < wire.length; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const size = cut === 'uneven' ? 1 + ((state >>> 8) % LARGEST_UNEVEN) : cut;
    const end = Math.min(wire.length, at + size);
    const view =
      chunk === 'Buffer'
        ? wire.subarray(at, end)
        : new Uint8Array(wire.buffer, wire.byteOffset + at, end - at);
    chunks.push(view);
    at = end;
  }
  return chunks;
}

/** Decodes once, outside of any timing. @throws when not every payload comes out, whole and in order. */
export function prove(codec, chunks, { payloads, bytes, digest }) {
  const hash = createHash('sha256');
  codec.collect(chunks, (piece) => hash.update(piece));
  if (hash.digest('hex') !== digest) throw new Error('other bytes came out than went in');
  checkTally(codec.decode(chunks), payloads.length, bytes);
}

export function checkTally(tally, frames, bytes) {
  if (tally.frames === frames && tally.bytes === bytes) return;
  throw new Error(`${tally.frames} frames of ${tally.bytes} bytes came out, ${frames} of ${bytes} went in`);
}
