import {
  MAX_TIMER,
  OPERATION_RETRIES,
  RECONNECT_MAX_DELAY,
  RECONNECT_MIN_DELAY,
  RECONNECT_RETRIES,
} from '../bounds.js';
import type { ReconnectOptions } from '../types.js';

/** More than from one millisecond to the longest that a timer can wait. */
const MAX_DOUBLINGS = 32;

/** How long to wait between two attempts, in milliseconds. */
export interface Backoff {
  readonly minDelay: number;
  readonly maxDelay: number;
}

/** How a session connects again, with nothing left open. */
export interface ReconnectPolicy extends Backoff {
  readonly retries: number;
  readonly operationRetries: number;
  readonly onState: NonNullable<ReconnectOptions['onState']>;
}

/**
 * The delay before an attempt: the first waits `minDelay`, each further one twice as long as the one before, up to `maxDelay`; and
 * each somewhere between half of that and all of it, so that many clients that have lost a server do not come back at once.
 * @param attempt counts from 1.
 * @param random from 0 to 1.
 */
export function delayBefore(attempt: number, { minDelay, maxDelay }: Backoff, random: number): number {
  const doubled = Math.min(attempt - 1, MAX_DOUBLINGS);
  const longest = Math.min(maxDelay, minDelay * 2 ** doubled);
  return Math.round((longest * (1 + random)) / 2);
}

/** @throws RangeError for options that make no sense. */
export function reconnectPolicy(options: true | ReconnectOptions): ReconnectPolicy {
  const given = options === true ? {} : options;
  const {
    retries = RECONNECT_RETRIES,
    minDelay = RECONNECT_MIN_DELAY,
    maxDelay = Math.max(minDelay, RECONNECT_MAX_DELAY),
    operationRetries = OPERATION_RETRIES,
    onState = () => undefined,
  } = given;
  for (const [name, count] of Object.entries({ retries, operationRetries })) {
    if (!(count >= 0) || !(Number.isInteger(count) || count === Number.POSITIVE_INFINITY))
      throw new RangeError(`${name} must be a whole number, 0 or more`);
  }
  if (!(minDelay >= 0 && minDelay <= maxDelay && maxDelay <= MAX_TIMER))
    throw new RangeError(
      'minDelay and maxDelay must be milliseconds, and the first not longer than the second',
    );
  return { retries, minDelay, maxDelay, operationRetries, onState };
}
