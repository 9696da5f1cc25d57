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
    load: os.loadavg()[0],
  };
}

export function describeFileSystem(folder) {
  return statfsSync(folder).type === TMPFS ? 'tmpfs (memory)' : 'a disk, or what is mounted there';
}
