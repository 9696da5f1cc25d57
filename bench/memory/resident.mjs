import { readFileSync } from 'node:fs';

/**
 * What a process has in memory, and the most that it ever had, bytes: VmRSS and VmHWM of Linux.
 * @throws off Linux
 */
export function residentOf(pid) {
  return parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** @param {string} status the text of /proc/PID/status */
export function parseStatus(status) {
  const bytes = (name) => {
    const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    if (kibibytes === undefined) throw new Error(`there is no ${name}`);
    return Number(kibibytes) * 1024;
  };
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
}
