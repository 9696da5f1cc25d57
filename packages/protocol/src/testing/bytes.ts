/** One new array with all of them. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/**
 * Cuts into pieces of these sizes, over and over. Each piece has memory of its own, as reads from a socket may: views of
 * one whole would hide every bug that cutting is there to find. Every second one is a Node `Buffer`, whose `slice` is
 * not the one of a `Uint8Array`.
 */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.length);
    const piece = new Uint8Array(Math.min(size, bytes.length - at));
    piece.set(bytes.subarray(at, at + size));
    pieces.push(i % 2 === 0 ? piece : Buffer.from(piece.buffer));
    at += size;
  }
  return pieces;
}

/** Overwrites, as the owner of a buffer does when it reads the next bytes into it. */
export function clobber(bytes: Uint8Array): void {
  bytes.fill(0xee);
}
