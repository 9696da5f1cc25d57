import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { errnoOf } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';

/** One process, of this machine or another, so that it is not mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in ticks since the machine did; `0` where that cannot be known. */
  readonly start: string;
  /** Which start of the machine; `0` where that cannot be known. */
  readonly boot: string;
  /** Where its number means something: the machine, and the container. */
  readonly machine: string;
}

/** Who this process is. */
export function ownIdentity(): ProcessIdentity {
  const boot = contentOf('/proc/sys/kernel/random/boot_id').trim();
  return {
    pid: process.pid,
    start: statusOf(process.pid)?.start ?? '0',
    boot: boot === '' ? '0' : shortHash(boot),
    machine: shortHash(`${hostname()} ${linkOf('/proc/self/ns/pid')}`),
  };
}

/**
 * Whether a process is still there.
 * @param seen when it last gave a sign of life, milliseconds since 1970; decides about what is not on this machine.
 */
export function isAlive(other: ProcessIdentity, seen: number, own: ProcessIdentity = ownIdentity()): boolean {
  const age = Date.now() - seen;
  if (other.machine !== own.machine) return age < bounds.lockLifetime;
  if (other.boot !== own.boot || !isRunning(other.pid)) return false;
  const status = statusOf(other.pid);
  if (status !== undefined) return status.start === other.start && !status.dead;
  // Where the system does not say when it started, it at least did not before the machine.
  return age < uptime() * 1000;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's is one that runs.
    return errnoOf(error) === 'EPERM';
  }
}

/** What Linux says of a process; undefined where nothing is said. */
function statusOf(pid: number): { readonly start: string; readonly dead: boolean } | undefined {
  const text = contentOf(`/proc/${pid}/stat`);
  // Its name comes second, in parentheses, and may be anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const start = fields[19];
  if (text === '' || start === undefined) return undefined;
  // Killed, and only kept until somebody asks how it ended.
  return { start, dead: fields[0] === 'Z' || fields[0] === 'X' };
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // Not Linux, or not there any more.
    return '';
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    // Not Linux.
    return '';
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
