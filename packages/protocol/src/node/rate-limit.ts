import type { Limits } from '../limits.js';
import { nodeLimitTable } from './limit-table.js';

/** A limited rate comes in portions of about this many milliseconds, so that it looks steady. */
const PORTION_INTERVAL = 100;

/**
 * Keeps a rate by debt: what was moved must be paid off in time before the next may move. A pause earns nothing, so the
 * rate is never exceeded later to make up for it.
 */
export class RateLimit {
  readonly #bytesPerMillisecond: number;
  #clearAt = 0;

  /** @param bytesPerSecond at least 1. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerMillisecond = bytesPerSecond / 1000;
  }

  /** Bytes to move at once, at most. */
  get portion(): number {
    return Math.max(1, Math.floor(this.#bytesPerMillisecond * PORTION_INTERVAL));
  }

  /** Milliseconds until something may move; 0: now. */
  delay(now: number): number {
    return Math.max(0, this.#clearAt - now);
  }

  /** Counts what was moved. */
  spend(bytes: number, now: number): void {
    this.#clearAt = Math.max(this.#clearAt, now) + bytes / this.#bytesPerMillisecond;
  }
}

/**
 * Windows for a limited rate. What the peer may send before it hears of new credit comes unhindered, so it is kept to
 * about half a second's worth, as far as the least windows allow.
 */
export function windowsFor(bytesPerSecond: number): Partial<Limits> {
  const within = (name: keyof Limits): number => {
    const { floor, standard } = nodeLimitTable[name];
    return Math.min(standard, Math.max(floor, Math.floor(bytesPerSecond / 2)));
  };
  return {
    initialStreamWindow: within('initialStreamWindow'),
    maxStreamWindow: within('maxStreamWindow'),
    initialConnectionWindow: within('initialConnectionWindow'),
    maxConnectionWindow: within('maxConnectionWindow'),
  };
}
