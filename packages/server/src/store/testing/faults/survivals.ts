import type { DiskLog } from './disk-log.js';
import type { Random } from './random.js';

/** What became of a change that was not safe when the power failed: for a part of a write, which sectors of it are there. */
export type Fate = 'lost' | 'done' | { readonly sectors: readonly boolean[]; readonly stale: boolean };

/** A moment at which the power fails, and what of the changes that were not safe then is there all the same. */
export interface Survival {
  /** How many entries of the log had happened. */
  readonly cut: number;
  /** By the index in the log, for those that were not safe. */
  readonly fates: ReadonlyMap<number, Fate>;
}

/** Bytes that a disk writes whole or not at all. */
export const SECTOR = 512;

/** For each entry of the log, the index of the flush that makes it safe; `Infinity`: none does. */
export function safeFrom(log: DiskLog<unknown>): readonly number[] {
  const safe: number[] = log.map(() => Number.POSITIVE_INFINITY);
  for (const [index, flush] of log.entries()) {
    if (flush.op !== 'flush') continue;
    for (let i = 0; i < flush.asked; i += 1) {
      const change = log[i] as DiskLog<unknown>[number];
      if (index < (safe[i] as number) && covers(flush, change)) safe[i] = index;
    }
  }
  return safe;
}

/** POSIX: the bytes of a file are safe when it was flushed, its names when their folder was. A rename is one change of both folders. */
function covers(
  { inode, data }: { readonly inode: number; readonly data: boolean },
  change: DiskLog<unknown>[number],
): boolean {
  switch (change.op) {
    case 'write':
    case 'truncate':
      return change.inode === inode;
    case 'mode':
    case 'times':
      return change.inode === inode && !data;
    case 'create':
    case 'link':
    case 'remove':
      return change.in === inode;
    case 'rename':
      return change.in === inode || change.to === inode;
    case 'flush':
    case 'mark':
      return false;
  }
}

/** What was done before the cut and is not safe at it. */
export function unsafeAt(log: DiskLog<unknown>, safe: readonly number[], cut: number): number[] {
  const indexes: number[] = [];
  for (let i = 0; i < cut; i += 1) {
    const { op } = log[i] as DiskLog<unknown>[number];
    if (op !== 'flush' && op !== 'mark' && (safe[i] as number) >= cut) indexes.push(i);
  }
  return indexes;
}

/** How to choose among what may have survived. */
export interface Choice {
  /** Up to so many changes that are not safe, every combination of lost and done is given. */
  readonly exhaustive: number;
  /** Beyond, so many combinations at random, besides all, none, all but one and only one. */
  readonly random: number;
  readonly next: Random;
}

/** Ways in which the power may fail at a moment, each once. */
export function* survivalsAt(
  log: DiskLog<unknown>,
  safe: readonly number[],
  cut: number,
  { exhaustive, random, next }: Choice,
): Generator<Survival> {
  const indexes = unsafeAt(log, safe, cut);
  const given = new Set<string>();
  const survival = (fates: readonly Fate[]): Survival | undefined => {
    const key = JSON.stringify(fates);
    if (given.has(key)) return undefined;
    given.add(key);
    return { cut, fates: new Map(indexes.map((index, i) => [index, fates[i] as Fate])) };
  };
  for (const fates of combinations(indexes.length, exhaustive, random, next)) {
    const plain = survival(fates);
    if (plain !== undefined) yield plain;
    // The same with writes of which a part got through.
    const torn = survival(fates.map((fate, i) => tear(log[indexes[i] as number], fate, next)));
    if (torn !== undefined) yield torn;
  }
}

function* combinations(
  count: number,
  exhaustive: number,
  random: number,
  next: Random,
): Generator<readonly Fate[]> {
  const all = Array.from({ length: count }, (_, i) => i);
  const where = (done: (i: number) => boolean): Fate[] => all.map((i) => (done(i) ? 'done' : 'lost'));
  if (count <= exhaustive) {
    // In an order by chance, since not all may be asked for.
    const total = 2 ** count;
    const [step, start] = [2 * next(total) + 1, next(total)];
    for (let i = 0; i < total; i += 1) {
      const bits = (start + i * step) % total;
      yield where((j) => ((bits >> j) & 1) === 1);
    }
    return;
  }
  yield where(() => false);
  yield where(() => true);
  for (let i = 0; i < random; i += 1) {
    const one = next(count);
    const odds = next(4);
    if (odds === 0) yield where((j) => j === one);
    else if (odds === 1) yield where((j) => j !== one);
    else yield where(() => next(2) === 0);
  }
}

function tear(change: DiskLog<unknown>[number] | undefined, fate: Fate, next: Random): Fate {
  if (change?.op !== 'write' || fate === 'lost') return fate;
  const first = Math.floor(change.offset / SECTOR);
  const last = Math.ceil((change.offset + change.bytes.length) / SECTOR);
  if (last - first < 2) return fate;
  const sectors = Array.from({ length: last - first }, () => next(2) === 0);
  return { sectors, stale: next(4) === 0 };
}
