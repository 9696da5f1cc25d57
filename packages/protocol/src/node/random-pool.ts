import { randomFillSync } from 'node:crypto';

/** Bytes that are drawn at once: to draw a few costs as much. */
const POOL_SIZE = 4096;

const pool = Buffer.allocUnsafeSlow(POOL_SIZE);
let used = POOL_SIZE;

/** Unpredictable bytes, each given once: every operation has an id made of them. */
export function randomFromPool(size: number): Buffer {
  if (size > POOL_SIZE) return randomFillSync(Buffer.allocUnsafeSlow(size));
  if (used + size > POOL_SIZE) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + size));
  // Whoever could read this memory later must not find what was given.
  pool.fill(0, used, used + size);
  used += size;
  return bytes;
}
