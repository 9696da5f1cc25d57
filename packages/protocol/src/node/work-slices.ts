import { performance } from 'node:perf_hooks';
import { LONG_WORK, REST_FACTOR, WORK_SLICE } from './bounds.js';

/** What {@link WorkSlices} runs on; parameters for tests. */
export interface WorkClock {
  /** Milliseconds. */
  now(): number;
  /** How often the processor was taken from this process. */
  preemptions(): number;
  /** Calls back in the next turn of the event loop. */
  nextTurn(begin: () => void): void;
}

const processClock: WorkClock = {
  now: () => performance.now(),
  preemptions: () => process.resourceUsage().involuntaryContextSwitches,
  nextTurn: (begin) => void setImmediate(begin),
};

/**
 * Short pieces of synchronous work, of all connections of this process: so many in one turn of the event loop as fit into a
 * slice of time, the others in the turns that follow, first come first served. A call of the file system that does not wait
 * for a device takes a few microseconds; to have it done by another thread takes ten times that.
 *
 * One that does wait (a cold disk, a network) holds everything up. So after a piece that took long, {@link resting} asks to do
 * without for a while: what is held up is a small part of all time, however slow the file system. Not so when other programs may
 * have had the processor meanwhile: to do the same with more work would be no help then.
 */
export class WorkSlices {
  readonly #clock: WorkClock;
  #waiting: (() => void)[] = [];
  /** When the present slice ends; undefined when none has begun in this turn. */
  #end: number | undefined;
  /** As it was after the last piece that took long. */
  #preemptions = 0;
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor(clock = processClock) {
    this.#clock = clock;
  }

  /** Whether such work has lately met something slow. */
  get resting(): boolean {
    return this.#clock.now() < this.#restUntil;
  }

  /**
   * Does a piece of work, which must not throw: now, when there is time left in this turn, otherwise in a later one.
   * @returns whether it is done.
   */
  run(work: () => void): boolean {
    if (this.#waiting.length > 0 || !this.#hasTime()) {
      this.#waiting.push(work);
      return false;
    }
    this.#do(work);
    return true;
  }

  /** The same for work that may throw, and has something to tell. */
  perform<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.run(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #hasTime(): boolean {
    const now = this.#clock.now();
    if (this.#end === undefined) {
      this.#end = now + WORK_SLICE;
      this.#clock.nextTurn(() => this.#begin());
    }
    return now < this.#end;
  }

  /** A new turn. */
  #begin(): void {
    this.#end = undefined;
    let done = 0;
    while (done < this.#waiting.length && this.#hasTime()) {
      this.#do(this.#waiting[done] as () => void);
      done += 1;
    }
    if (done > 0) this.#waiting = this.#waiting.slice(done);
  }

  #do(work: () => void): void {
    const since = this.#clock.now();
    work();
    const took = this.#clock.now() - since;
    if (took <= LONG_WORK) return;
    const before = this.#preemptions;
    this.#preemptions = this.#clock.preemptions();
    if (this.#preemptions === before) this.#restUntil = since + took * (1 + REST_FACTOR);
  }
}

/** Those of this process. */
export const workSlices = new WorkSlices();
