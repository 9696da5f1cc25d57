import { statfsSync } from 'node:fs';
import os from 'node:os';

const TMPFS = 0x01021994;

/** What the figures were taken on; without it they say nothing. */
export function describeMachine() {
  const cpus = os.cpus();
  return {
    date: new Date().toISOString(),
    node: process.version,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memory: os.totalmem(),
    load: loadNow(),
  };
}

/** Processes that wanted a processor in the last minute, on average. */
export function loadNow() {
  return os.loadavg()[0];
}

/** What a folder is on. @param {'ext4' | undefined} mounted what was mounted for it */
export function describeFileSystem(folder, mounted) {
  if (mounted !== undefined) return mounted;
  if (statfsSync(folder).type === TMPFS) return 'tmpfs (memory)';
  return 'a disk, or what is mounted there';
}
