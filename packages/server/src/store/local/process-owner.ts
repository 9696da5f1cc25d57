import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** A process that has staged something, so that others can tell whether it is still there. */
export interface ProcessOwner {
  readonly host: string;
  readonly pid: number;
  /** Tells two processes apart that have the same id one after the other; 0 where nothing is known. */
  readonly start: number;
  /** Tells two stores of one process apart. */
  readonly store: string;
}

const form = /^(?<host>.+?)\.(?<pid>\d+)\.(?<start>\d+)\.(?<store>[0-9a-f]+)$/;

/** As a file name. */
export function formatOwner({ host, pid, start, store }: ProcessOwner): string {
  return `${encodeURIComponent(host)}.${pid}.${start}.${store}`;
}

/** Of what nobody owns any more: whoever comes next takes it. */
export function released(owner: ProcessOwner): ProcessOwner {
  return { ...owner, pid: NOBODY };
}

/** No process has this id. */
const NOBODY = 0;

/** Reads back what {@link formatOwner} wrote; undefined for anything else. */
export function parseOwner(name: string): ProcessOwner | undefined {
  const groups = form.exec(name)?.groups;
  if (groups === undefined) return undefined;
  try {
    const host = decodeURIComponent(groups['host'] as string);
    const store = groups['store'] as string;
    return { host, pid: Number(groups['pid']), start: Number(groups['start']), store };
  } catch (error) {
    if (error instanceof URIError) return undefined; // a `%` that we have not written
    throw error;
  }
}

export async function thisProcess(): Promise<ProcessOwner> {
  const store = randomBytes(4).toString('hex');
  return { host: hostname(), pid: process.pid, start: (await startOf(process.pid)) ?? 0, store };
}

/** Whether the process is still there; undefined when that cannot be told from this machine. */
export async function isAlive(owner: ProcessOwner): Promise<boolean | undefined> {
  if (owner.pid === NOBODY) return false;
  if (owner.host !== hostname()) return undefined;
  if (!exists(owner.pid)) return false;
  const start = await startOf(owner.pid);
  // In a container the server has the same id again and again.
  return start === undefined || start === owner.start;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return false;
    if (code === 'EPERM') return true; // another user's
    throw error;
  }
}

/** When a process began, in clock ticks since the machine did; only Linux tells. */
async function startOf(pid: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  let line: string;
  try {
    line = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined; // gone, no /proc, or hidden
    throw error;
  }
  // The second field, the name of the program in parentheses, can hold anything; the 22nd is the time.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return Number(fields[19]);
}
