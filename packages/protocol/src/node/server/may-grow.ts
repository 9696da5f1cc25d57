import { performance } from 'node:perf_hooks';
import type { CreditUse } from '../../connection/receive-ledger.js';
import { BUSY_LOOP, CROWDED_REST, MANY_RECEIVED_SLABS } from '../bounds.js';
import { slabs } from '../slab-pool.js';
import { loopLoad } from './loop-load.js';

/** When it is forgotten that much was waiting to be stored. */
let crowdedUntil = Number.NEGATIVE_INFINITY;

/** Whether the state of the process allows a connection to be promised more for this. */
export function mayGrow(use: CreditUse): boolean {
  if (use === 'held') return true;
  // What stores is slower than what sends: a wider window would be filled, and nothing be faster. Not for a while, either: disks
  // take much at once, and then nothing.
  const now = performance.now();
  if (slabs.received >= MANY_RECEIVED_SLABS) crowdedUntil = now + CROWDED_REST;
  if (now < crowdedUntil) return false;
  // What waits for this process seems to be far away, and would wait longer yet.
  return use !== 'distance' || loopLoad.share <= BUSY_LOOP;
}
