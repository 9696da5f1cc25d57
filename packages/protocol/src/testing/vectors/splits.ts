/** Inputs up to this many bytes are split everywhere. */
const EVERYWHERE = 720;

/** Where longer ones are split: near both ends, and at every so many bytes between, which is prime to all sizes here. */
const NEAR = 64;
const STRIDE = 1021;

/** Positions at which an input of `length` bytes is split in two. */
export function splitPositions(length: number): number[] {
  const positions: number[] = [];
  for (let at = 1; at < length; at += 1) {
    if (length <= EVERYWHERE || at <= NEAR || at >= length - NEAR || at % STRIDE === 0) positions.push(at);
  }
  return positions;
}

/** A piece with memory of its own: a plain array, or a Node Buffer, whose `slice` is a view. */
function piece(bytes: Uint8Array, from: number, to: number, buffer: boolean): Uint8Array {
  const copy = new Uint8Array(to - from);
  copy.set(bytes.subarray(from, to));
  return buffer ? Buffer.from(copy.buffer) : copy;
}

/** The input in two pieces of its own memory each, of either kind of array. */
export function splitAt(bytes: Uint8Array, at: number): Uint8Array[] {
  return [piece(bytes, 0, at, at % 2 === 0), piece(bytes, at, bytes.length, at % 2 === 1)];
}

/** The input in pieces of `size` bytes. */
export function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    pieces.push(piece(bytes, at, Math.min(bytes.length, at + size), (at / size) % 2 === 1));
  }
  return pieces;
}

/** Each way to cut an input: whole, as either kind of array; byte by byte; in two, at every position. */
export function* everySplit(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [piece(bytes, 0, bytes.length, false)];
  yield [piece(bytes, 0, bytes.length, true)];
  yield inPieces(bytes, 1);
  for (const at of splitPositions(bytes.length)) yield splitAt(bytes, at);
}
