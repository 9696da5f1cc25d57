import type { Code } from '../../codes.js';

/**
 * Why a connection can be missing for a while. Whatever else ends one or keeps it from being made, an identity that has changed or
 * bytes that are none of the protocol, does not get better by asking again.
 */
const passing: ReadonlySet<Code> = new Set<Code>([
  'CONNECT_FAILED',
  'CONNECTION_LOST',
  'TIMEOUT',
  'SHUTTING_DOWN',
  'TOO_MANY_CONNECTIONS',
  'RATE_LIMITED',
]);

/** Whether to connect again after that. */
export function isPassing(code: Code): boolean {
  return passing.has(code);
}

/** Whether the server wants to be left alone for as long as possible. */
export function wantsRest(code: Code): boolean {
  return code === 'RATE_LIMITED';
}
