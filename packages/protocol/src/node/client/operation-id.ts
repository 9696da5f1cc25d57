import { randomBytes } from 'node:crypto';

/** Bytes of an operation id. */
const ID_SIZE = 16;

/** Random bytes are had for several at a time: to ask for them costs much more than they do. */
const IDS_AT_ONCE = 256;

let pool = new Uint8Array(0);
let used = 0;

/** A random one, which nobody has had before. */
export function newOperationId(): Uint8Array {
  if (used === pool.length) {
    pool = randomBytes(ID_SIZE * IDS_AT_ONCE);
    used = 0;
  }
  used += ID_SIZE;
  return pool.subarray(used - ID_SIZE, used);
}
