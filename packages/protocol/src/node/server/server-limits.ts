import type { Code } from '../../codes.js';
import { type Limit, resolveTable } from '../../limits.js';

/** One limit of a server: what it takes of all its clients together, of one address, or of one connection. */
export interface ServerLimit extends Limit {
  /** What a client is told that reaches it; the message names the limit. Undefined: nobody is told, something is forgotten. */
  readonly code: Code | undefined;
}

const KiB = 1024;
const MiB = 1024 * KiB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/**
 * Every limit of a server beside those of the protocol (`limitTable`), by name. "Address" is one IPv4 address, or 64 bits of an
 * IPv6 address, which are one customer's. Who reaches a limit pays for it, and nobody else.
 */
export const serverLimitTable = {
  maxConnections: {
    floor: 1,
    standard: 1024,
    cap: 1_048_576,
    unit: 'count',
    meaning: 'connections at once',
    code: 'TOO_MANY_CONNECTIONS',
  },
  maxConnectionsPerAddress: {
    floor: 1,
    standard: 256,
    cap: 1_048_576,
    unit: 'count',
    meaning: 'connections of one address at once, from being accepted on',
    code: 'TOO_MANY_CONNECTIONS',
  },
  maxHandshakes: {
    floor: 1,
    standard: 512,
    cap: 1_048_576,
    unit: 'count',
    meaning:
      'connections that are not logged in yet; one more, and the oldest of the address that has the most is dropped',
    code: 'TOO_MANY_CONNECTIONS',
  },
  maxHandshakeBytes: {
    floor: 4 * KiB,
    standard: 256 * KiB,
    cap: 16 * MiB,
    unit: 'bytes',
    meaning: 'read from a client before it is logged in, TLS included',
    code: 'RATE_LIMITED',
  },
  loginFailuresBeforeDelay: {
    floor: 0,
    standard: 3,
    cap: 1000,
    unit: 'count',
    meaning: 'failed logins of one address in a row that are answered at once',
    code: undefined,
  },
  loginDelay: {
    floor: 0,
    standard: 500,
    cap: MINUTE,
    unit: 'ms',
    meaning: 'that the next login then waits, twice as long after each further failure',
    code: 'RATE_LIMITED',
  },
  maxLoginDelay: {
    floor: 0,
    standard: 8 * SECOND,
    cap: MINUTE,
    unit: 'ms',
    meaning: 'that a login waits at most',
    code: undefined,
  },
  loginFailuresBeforeBan: {
    floor: 1,
    standard: 20,
    cap: 1000,
    unit: 'count',
    meaning: 'failed logins of one address in a window, after which it is banned',
    code: 'RATE_LIMITED',
  },
  loginFailureWindow: {
    floor: 1,
    standard: 10 * MINUTE,
    cap: 7 * DAY,
    unit: 'ms',
    meaning: 'that a failed login is held against its address',
    code: undefined,
  },
  banTime: {
    floor: 1,
    standard: 10 * MINUTE,
    cap: 7 * DAY,
    unit: 'ms',
    meaning: 'that a banned address is not let in',
    code: 'RATE_LIMITED',
  },
  maxTrackedAddresses: {
    floor: 8,
    standard: 16_384,
    cap: 1_048_576,
    unit: 'count',
    meaning: 'addresses whose failed logins are remembered; bans are forgotten last',
    code: undefined,
  },
  floodWindow: {
    floor: 1,
    standard: 10 * SECOND,
    cap: 60 * MINUTE,
    unit: 'ms',
    meaning: 'in which frames that cost a client nothing are counted',
    code: undefined,
  },
  maxResetsPerWindow: {
    floor: 1,
    standard: 1024,
    cap: 1_048_576,
    unit: 'count',
    meaning: 'operations that one connection gives up in that time',
    code: 'RATE_LIMITED',
  },
  maxPingsPerWindow: {
    floor: 1,
    standard: 512,
    cap: 1_048_576,
    unit: 'count',
    meaning: 'PINGs of one connection in that time',
    code: 'RATE_LIMITED',
  },
  progressInterval: {
    floor: 1,
    standard: 300 * SECOND,
    cap: 7 * DAY,
    unit: 'ms',
    meaning: 'in which a transfer must get on, while the server does not hold it up',
    code: 'TIMEOUT',
  },
  minProgress: {
    floor: 1,
    standard: 1024,
    cap: 16 * MiB,
    unit: 'bytes',
    meaning: 'that a transfer gets on by in that time',
    code: 'TIMEOUT',
  },
  maxListingEntries: {
    floor: 1,
    standard: 10_000_000,
    cap: 1_000_000_000,
    unit: 'count',
    meaning: 'entries of one listing',
    code: 'TOO_LARGE',
  },
  maxDigests: {
    floor: 1,
    standard: 4,
    cap: 65_536,
    unit: 'count',
    meaning: 'files that one connection has digested at once; more wait their turn',
    code: undefined,
  },
  maxPathDepth: {
    floor: 1,
    standard: 128,
    cap: 2048,
    unit: 'count',
    meaning: 'names in one path',
    code: 'PATH_INVALID',
  },
  creditBudget: {
    floor: 64 * KiB,
    standard: 512 * MiB,
    cap: 2 ** 40,
    unit: 'bytes',
    meaning: 'of credit promised to all connections together',
    code: 'TOO_MANY_CONNECTIONS',
  },
  resumeTimeout: {
    floor: 0,
    standard: 7 * DAY,
    cap: 365 * DAY,
    unit: 'ms',
    meaning: 'that an upload whose connection was lost is kept, and a commit is remembered; 0 keeps nothing',
    code: undefined,
  },
  maxSuspendedUploads: {
    floor: 1,
    standard: 256,
    cap: 65_536,
    unit: 'count',
    meaning:
      'uploads without a connection whose bytes are kept; one more, and who has the most of them loses the oldest',
    code: undefined,
  },
  maxRememberedUploads: {
    floor: 1,
    standard: 4096,
    cap: 1_048_576,
    unit: 'count',
    meaning:
      'uploads that are remembered, ended ones too; one more, and who has the most of them loses the oldest',
    code: undefined,
  },
} as const satisfies Record<string, ServerLimit>;

/** A value for every limit of a server. Get one with {@link resolveServerLimits}. */
export type ServerLimits = { readonly [K in keyof typeof serverLimitTable]: number };

/** The name of a limit of a server. */
export type ServerLimitName = keyof ServerLimits;

/**
 * The standard limits of a server with `overrides` on top.
 * @throws RangeError when a value is not an integer in floor..cap.
 */
export function resolveServerLimits(overrides: Partial<ServerLimits> = {}): ServerLimits {
  return resolveTable(serverLimitTable, overrides);
}
