import { performance } from 'node:perf_hooks';
import { LOAD_INTERVAL } from '../bounds.js';

/** How busy the event loop of this process is: of the last time, which part it did not wait for anything. */
export class LoopLoad {
  #from = performance.eventLoopUtilization();
  #at = performance.now();
  #share = 0;

  /** From 0 to 1, over at least `LOAD_INTERVAL`, and since it was asked for last if that is longer ago. */
  get share(): number {
    const now = performance.now();
    if (now - this.#at >= LOAD_INTERVAL) {
      const { utilization } = performance.eventLoopUtilization(this.#from);
      this.#share = utilization;
      this.#from = performance.eventLoopUtilization();
      this.#at = now;
    }
    return this.#share;
  }
}

/** That of this process. */
export const loopLoad = new LoopLoad();
