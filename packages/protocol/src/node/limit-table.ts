import { type Limits, limitTable, resolveTable } from '../limits.js';

const MiB = 1024 * 1024;

/**
 * The limits of the protocol as they are here unless told otherwise. Windows may become wider than is standard, enough for 1 Gbit/s
 * over 100 ms, since they do so only where the distance needs it; see `ReceiveLedger`.
 */
export const nodeLimitTable = {
  ...limitTable,
  maxStreamWindow: { ...limitTable.maxStreamWindow, standard: 32 * MiB },
  maxConnectionWindow: { ...limitTable.maxConnectionWindow, standard: 64 * MiB },
} as const;

/** These limits with `overrides` on top. @throws RangeError when a value is not an integer in floor..cap. */
export function resolveNodeLimits(overrides: Partial<Limits> = {}): Limits {
  return resolveTable(nodeLimitTable, overrides);
}
