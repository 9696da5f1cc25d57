import { FloodWindow } from './flood-window.js';
import type { ServerLimits } from './server-limits.js';

type FloodLimits = Pick<ServerLimits, 'floodWindow' | 'maxResetsPerWindow' | 'maxPingsPerWindow'>;

/** Counts the frames of one connection that cost its client nothing. Returns, for the core, why one of them is too many. */
export function floodGuard(
  limits: FloodLimits,
): (frame: 'PING' | 'RESET', now: number) => string | undefined {
  const { floodWindow, maxResetsPerWindow, maxPingsPerWindow } = limits;
  const resets = new FloodWindow(maxResetsPerWindow, floodWindow);
  const pings = new FloodWindow(maxPingsPerWindow, floodWindow);
  return (frame, now) => {
    const [window, max, name] =
      frame === 'PING'
        ? ([pings, maxPingsPerWindow, 'maxPingsPerWindow'] as const)
        : ([resets, maxResetsPerWindow, 'maxResetsPerWindow'] as const);
    if (!window.exceeds(now)) return undefined;
    return `more than ${max} ${frame}s within ${floodWindow} ms (${name})`;
  };
}
