import { open, readdir, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.js';

/** How to find out about processes; replaced in specs. */
export interface Processes {
  readonly own: ProcessIdentity;
  isAlive(other: ProcessIdentity, seen: number): boolean;
}

function realProcesses(): Processes {
  const own = ownIdentity();
  return { own, isAlive: (other, seen) => isAlive(other, seen, own) };
}

/**
 * Who is at work on a remembered transfer. Each process has a lock file of its own name, makes it, and then looks whether another
 * one of a living process is there: so of two that come at the same time each may see the other, and leave it, but both never
 * have it. What a dead process has left is nobody else's, and so can be taken away without any race.
 */
export class TransferLocks {
  readonly #folder: string;
  readonly #processes: Processes;
  readonly #held = new Set<string>();
  #heartbeat: NodeJS.Timeout | undefined;

  /** @param folder where the files are. */
  constructor(folder: string, processes: Processes = realProcesses()) {
    this.#folder = folder;
    this.#processes = processes;
  }

  /** @returns how to give it back; undefined when somebody else, or another transfer of this process, has it. */
  async take(id: string): Promise<(() => Promise<void>) | undefined> {
    if (this.#held.has(id)) return undefined;
    this.#held.add(id);
    const file = this.#fileOf(id);
    try {
      // Nobody else makes this name: what is there is of an earlier transfer of this process, which could not take it away.
      await (await open(file, 'a', 0o600)).close();
      if (await this.isHeldByOthers(id)) {
        await this.#giveBack(id);
        return undefined;
      }
    } catch (error) {
      await this.#giveBack(id);
      throw error;
    }
    this.#heartbeat ??= setInterval(() => this.#beat(), bounds.lockHeartbeat).unref();
    return () => this.#giveBack(id);
  }

  /** Whether another living process is at work on it. What dead ones have left is taken away. */
  async isHeldByOthers(id: string): Promise<boolean> {
    const { own } = this.#processes;
    for (const name of await readdir(this.#folder)) {
      const holder = name.startsWith(`${id}.`) ? holderOf(name) : undefined;
      if (holder === undefined || nameOf(holder) === nameOf(own)) continue;
      const file = join(this.#folder, name);
      const seen = await lastTouched(file);
      if (seen === undefined) continue;
      if (this.#processes.isAlive(holder, seen)) return true;
      await removed(file);
    }
    return false;
  }

  async #giveBack(id: string): Promise<void> {
    // Given back last, so that another transfer of this process does not find its own file taken away.
    try {
      await removed(this.#fileOf(id));
    } finally {
      this.#held.delete(id);
      if (this.#held.size === 0) {
        clearInterval(this.#heartbeat);
        this.#heartbeat = undefined;
      }
    }
  }

  #beat(): void {
    const now = new Date();
    for (const id of this.#held) {
      // One that is late is taken for dead by other machines only; nobody could do anything about it here.
      utimes(this.#fileOf(id), now, now).catch(() => undefined);
    }
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id}.${nameOf(this.#processes.own)}.lock`);
  }
}

function nameOf({ pid, start, boot, machine }: ProcessIdentity): string {
  return [pid, start, boot, machine].join('-');
}

function holderOf(name: string): ProcessIdentity | undefined {
  const groups = /^[0-9a-f]{32}\.(?<pid>\d+)-(?<start>\d+)-(?<boot>\w+)-(?<machine>\w+)\.lock$/.exec(
    name,
  )?.groups;
  if (groups === undefined) return undefined;
  const { pid, start = '', boot = '', machine = '' } = groups;
  return { pid: Number(pid), start, boot, machine };
}

async function lastTouched(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function removed(file: string): Promise<void> {
  await unlink(file).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}
