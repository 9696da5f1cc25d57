/**
 * Every bound of the protocol, by name, in one table. PROTOCOL.md, "Limits".
 *
 * `standard` is what an end uses unless told otherwise; no configuration can go below `floor` or above `cap`. Where the
 * three are equal the limit is part of the protocol, because the peer is not told of it and must know it all the same.
 */
export interface Limit {
  /** The least that can be configured. */
  readonly floor: number;
  /** What is used unless told otherwise. */
  readonly standard: number;
  /** The most that can be configured. */
  readonly cap: number;
  /** Of the three figures. */
  readonly unit: 'bytes' | 'count' | 'ms';
  /** What is limited, for people. */
  readonly meaning: string;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** Holds the longest record of a listing (path, etag and all), without which a listing could come to a stop. */
const LEAST_WINDOW = 8 * KiB;

/** All limits by name. PROTOCOL.md, "Limits". */
export const limitTable = {
  maxDataPayload: {
    floor: 4 * KiB,
    standard: 1 * MiB,
    cap: 16 * MiB,
    unit: 'bytes',
    meaning: 'payload of one DATA frame',
  },
  maxControlPayload: {
    floor: 64 * KiB,
    standard: 64 * KiB,
    cap: 64 * KiB,
    unit: 'bytes',
    meaning: 'payload of any other frame',
  },
  maxStreams: {
    floor: 1,
    standard: 256,
    cap: 65_536,
    unit: 'count',
    meaning: 'streams open at once in one connection',
  },
  initialStreamWindow: {
    floor: LEAST_WINDOW,
    standard: 256 * KiB,
    cap: 64 * MiB,
    unit: 'bytes',
    meaning: 'credit a new stream starts with',
  },
  maxStreamWindow: {
    floor: LEAST_WINDOW,
    standard: 4 * MiB,
    cap: 64 * MiB,
    unit: 'bytes',
    meaning: 'what the window of one stream grows to',
  },
  initialConnectionWindow: {
    floor: LEAST_WINDOW,
    standard: 256 * KiB,
    cap: 256 * MiB,
    unit: 'bytes',
    meaning: 'credit a connection starts with',
  },
  maxConnectionWindow: {
    floor: LEAST_WINDOW,
    standard: 8 * MiB,
    cap: 256 * MiB,
    unit: 'bytes',
    meaning: 'what the window of a connection grows to',
  },
  maxPathBytes: { floor: 4096, standard: 4096, cap: 4096, unit: 'bytes', meaning: 'a whole path, as UTF-8' },
  maxSegmentBytes: {
    floor: 255,
    standard: 255,
    cap: 255,
    unit: 'bytes',
    meaning: 'one name in a path, as UTF-8',
  },
  maxUnansweredPings: {
    floor: 32,
    standard: 32,
    cap: 1024,
    unit: 'count',
    meaning: 'PINGs from a peer that does not read its PONGs',
  },
  handshakeTimeout: {
    floor: 1,
    standard: 10_000,
    cap: 120_000,
    unit: 'ms',
    meaning: 'from connecting to being authenticated',
  },
  keepaliveInterval: {
    floor: 1,
    standard: 20_000,
    cap: 3_600_000,
    unit: 'ms',
    meaning: 'silence after which a PING is sent',
  },
  keepaliveTimeout: {
    floor: 1,
    standard: 20_000,
    cap: 3_600_000,
    unit: 'ms',
    meaning: 'silence after that PING until the peer is given up',
  },
} as const satisfies Record<string, Limit>;

/** A value for every protocol limit. Get one with {@link resolveLimits}. */
export type Limits = { readonly [K in keyof typeof limitTable]: number };

/** The limits that no end can change, because paths and control frames must mean the same everywhere. */
export const MAX_PATH_BYTES = limitTable.maxPathBytes.cap;
export const MAX_SEGMENT_BYTES = limitTable.maxSegmentBytes.cap;
export const MAX_CONTROL_PAYLOAD = limitTable.maxControlPayload.cap;
/** Bytes of a receipt: room for the longest path and an RSA key of 8192 bits. */
export const MAX_RECEIPT_SIZE = 8192;

/** Offsets, sizes and credit are integers up to 2^53-1, exact in every language. */
export const MAX_U64 = Number.MAX_SAFE_INTEGER;

/**
 * The standard limits with `overrides` on top.
 * @throws RangeError when a value is not an integer in floor..cap.
 */
export function resolveLimits(overrides: Partial<Limits> = {}): Limits {
  return resolveTable(limitTable, overrides);
}

/** The standard values of any such table with `overrides` on top. @throws RangeError as {@link resolveLimits}. */
export function resolveTable<T extends Record<string, Limit>>(
  table: T,
  overrides: { readonly [K in keyof T]?: number | undefined },
): { readonly [K in keyof T]: number } {
  const resolved: Record<string, number> = {};
  for (const [name, limit] of Object.entries(table)) {
    const value = overrides[name] ?? limit.standard;
    if (!Number.isInteger(value) || value < limit.floor || value > limit.cap) {
      throw new RangeError(
        `${name} must be an integer from ${limit.floor} to ${limit.cap} ${limit.unit}, not ${value}`,
      );
    }
    resolved[name] = value;
  }
  return resolved as { readonly [K in keyof T]: number };
}
