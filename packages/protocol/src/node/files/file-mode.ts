import type { BigIntStats } from 'node:fs';

/** Read once, as late as possible: reading it sets it for a moment, for the whole process. */
let umask: number | undefined;

/** The permissions of a published file: what a program that just creates it would give it. */
export function fileMode(executable: boolean): number {
  umask ??= process.umask();
  return (executable ? 0o755 : 0o644) & ~umask;
}

/** Whether its owner may run the file. Windows has no such permission. */
export function isExecutable(stats: BigIntStats): boolean {
  return process.platform !== 'win32' && stats.isFile() && (stats.mode & 0o100n) !== 0n;
}
