import { type ServerLimitName, serverLimitTable } from '@filex/protocol/node';
import type { LimitValues } from '../limits/limit-table.js';

/** Limits of what all clients together, or all connections of one address, may take: they are divided. */
const shared: readonly ServerLimitName[] = [
  'maxConnections',
  'maxConnectionsPerAddress',
  'maxHandshakes',
  'loginFailuresBeforeDelay',
  'loginFailuresBeforeBan',
  'maxTrackedAddresses',
  'creditBudget',
  'maxSuspendedUploads',
  'maxRememberedUploads',
];

/** A limit that is too small to be divided, in words. */
export class TooManyWorkers extends Error {
  override readonly name = 'TooManyWorkers';
}

/**
 * What each of several workers may take, so that all together take no more than the limits allow. Workers do not talk to each
 * other, so one can be full while another is not.
 * @throws TooManyWorkers
 */
export function shareLimits(values: LimitValues, workers: number): LimitValues {
  const shares = shared.map((name) => {
    const { standard, floor } = serverLimitTable[name];
    const share = Math.floor((values[name] ?? standard) / workers);
    if (share >= floor) return [name, share];
    throw new TooManyWorkers(
      `--workers ${workers} is too many for the limit ${name}, which they share: it must be at least ${floor * workers}`,
    );
  });
  return { ...values, ...Object.fromEntries(shares) };
}
