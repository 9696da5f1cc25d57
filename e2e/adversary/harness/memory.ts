import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds between two looks at a process. */
const INTERVAL = 50;

/** Watches how much memory a process uses, from now on. Linux only. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  /** MiB at the beginning. */
  readonly before: number;
  /** MiB, the most so far. */
  peak: number;

  constructor(pid: number) {
    this.#pid = pid;
    // The peak that the kernel keeps begins anew: that of an earlier attack is not this one's.
    try {
      writeFileSync(join('/proc', String(pid), 'clear_refs'), '5');
    } catch {
      // Not ours to reset; then the samples have to do, and the peak of before counts.
    }
    this.before = this.#read('VmRSS') ?? 0;
    this.peak = this.before;
    this.#timer = setInterval(() => this.#look(), INTERVAL);
  }

  stop(): void {
    this.#look();
    clearInterval(this.#timer);
  }

  #look(): void {
    this.peak = Math.max(this.peak, this.#read('VmHWM') ?? 0);
  }

  /** Undefined when the process has ended. */
  #read(name: string): number | undefined {
    try {
      const status = readFileSync(join('/proc', String(this.#pid), 'status'), 'utf8');
      const kilobytes = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
    } catch {
      return undefined;
    }
  }
}
