import { type BigIntStats, futimesSync } from 'node:fs';
import { futimes, utimes } from './calls.js';

/** The modification time in microseconds since 1970, to the nearest one. */
export function modificationTime(stats: BigIntStats): number {
  const half = stats.mtimeNs < 0n ? -500n : 500n;
  return Number((stats.mtimeNs + half) / 1000n);
}

/**
 * Sets the modification time, and the access time to now, of an open file or of a path (through a symlink).
 *
 * Exact to the microsecond from 1834 to 2106; outside, a `double` of seconds is coarser than that.
 */
export async function setModificationTime(file: number | string, microseconds: number): Promise<void> {
  const { atime, mtime } = timesFor(microseconds);
  await (typeof file === 'number' ? futimes(file, atime, mtime) : utimes(file, atime, mtime));
}

/** The same for an open file, at once. */
export function setModificationTimeSync(fd: number, microseconds: number): void {
  const { atime, mtime } = timesFor(microseconds);
  futimesSync(fd, atime, mtime);
}

/** What to pass to Node for that. */
export function timesFor(microseconds: number): { readonly atime: number; readonly mtime: string } {
  // As text, because Node replaces a negative number, but not a negative text, by the present time.
  return { atime: Date.now() / 1000, mtime: String(secondsFor(microseconds)) };
}

/**
 * The seconds to pass to Node so that it stores these microseconds. Up to Node 22 it cuts them off towards zero after
 * the sixth digit, so that the nearest `double`, when it is a little too near to zero, comes out one microsecond short.
 */
function secondsFor(microseconds: number): number {
  let seconds = microseconds / 1_000_000;
  // The next `double` away from zero is at most one step on; the bound only ends what is too coarse to be met.
  for (let step = 0; step < 2 && truncatedMicroseconds(seconds) !== microseconds; step += 1) {
    seconds += Math.sign(microseconds) * spacing(seconds);
  }
  return seconds;
}

/** What libuv makes of seconds, in microseconds. */
function truncatedMicroseconds(seconds: number): number {
  const whole = Math.trunc(seconds);
  const nanoseconds = Math.trunc((seconds - whole) * 1e9);
  return whole * 1_000_000 + Math.trunc(nanoseconds / 1000);
}

/** The distance from a `double` to the next one. */
function spacing(value: number): number {
  return 2 ** (Math.floor(Math.log2(Math.abs(value))) - 52);
}
