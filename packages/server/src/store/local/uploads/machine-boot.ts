import { readFile } from 'node:fs/promises';

/**
 * Names the present run of the operating system: while it lasts, what a process has written is there although it was never
 * flushed. Empty where that cannot be told; then only what was flushed counts.
 */
export async function machineBoot(): Promise<string> {
  if (process.platform !== 'linux') return '';
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return ''; // hidden, as in some containers
  }
}
