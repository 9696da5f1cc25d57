import type { BigIntStats } from 'node:fs';

/** Read once, as late as possible: reading it sets it for a moment, for the whole process. */
let umask: number | undefined;

/**
 * The permissions of a published file: what a program that just creates it would give it, never setuid or the like. One
 * that replaces a file is not to be read by a group, or by others, who could not read the replaced one.
 *
 * @param replaced the file that goes; undefined when there is none.
 */
export function fileMode(executable: boolean, replaced?: BigIntStats): number {
  umask ??= process.umask();
  const standard = (executable ? 0o755 : 0o644) & ~umask;
  if (replaced === undefined) return standard;
  const readable = Number(replaced.mode) & 0o044;
  return standard & (0o700 | readable | (readable >> 2)); // whoever may not read may not run it either
}

/** Whether its owner may run the file. Windows has no such permission. */
export function isExecutable(stats: BigIntStats): boolean {
  return process.platform !== 'win32' && stats.isFile() && (stats.mode & 0o100n) !== 0n;
}
