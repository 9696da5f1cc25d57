/**
 * Every bound of the protocol, by name, in one table. PROTOCOL.md, "Limits".
 *
 * `standard` is what an end uses unless told otherwise; `cap` is what no configuration and no peer can exceed.
 */
export interface Limit {
  readonly standard: number;
  readonly cap: number;
  readonly unit: 'bytes' | 'count' | 'ms';
  readonly meaning: string;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const limitTable = {
  maxDataPayload: { standard: 1 * MiB, cap: 16 * MiB, unit: 'bytes', meaning: 'payload of one DATA frame' },
  maxControlPayload: {
    standard: 64 * KiB,
    cap: 64 * KiB,
    unit: 'bytes',
    meaning: 'payload of any other frame',
  },
  maxStreams: {
    standard: 256,
    cap: 65_536,
    unit: 'count',
    meaning: 'streams open at once in one connection',
  },
  initialStreamWindow: {
    standard: 256 * KiB,
    cap: 64 * MiB,
    unit: 'bytes',
    meaning: 'credit a new stream starts with',
  },
  maxStreamWindow: {
    standard: 4 * MiB,
    cap: 64 * MiB,
    unit: 'bytes',
    meaning: 'what the window of one stream grows to',
  },
  initialConnectionWindow: {
    standard: 256 * KiB,
    cap: 256 * MiB,
    unit: 'bytes',
    meaning: 'credit a connection starts with',
  },
  maxConnectionWindow: {
    standard: 8 * MiB,
    cap: 256 * MiB,
    unit: 'bytes',
    meaning: 'what the window of a connection grows to',
  },
  maxPathBytes: { standard: 4096, cap: 4096, unit: 'bytes', meaning: 'a whole path, as UTF-8' },
  maxSegmentBytes: { standard: 255, cap: 255, unit: 'bytes', meaning: 'one name in a path, as UTF-8' },
  maxUnansweredPings: {
    standard: 32,
    cap: 1024,
    unit: 'count',
    meaning: 'PINGs from a peer that does not read its PONGs',
  },
  handshakeTimeout: {
    standard: 10_000,
    cap: 120_000,
    unit: 'ms',
    meaning: 'from connecting to being authenticated',
  },
  keepaliveInterval: {
    standard: 20_000,
    cap: 3_600_000,
    unit: 'ms',
    meaning: 'silence after which a PING is sent',
  },
  keepaliveTimeout: {
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

/** Offsets, sizes and credit are integers up to 2^53-1, exact in every language. */
export const MAX_U64 = Number.MAX_SAFE_INTEGER;

/**
 * The standard limits with `overrides` on top.
 * @throws RangeError when a value is not an integer in 1..cap.
 */
export function resolveLimits(overrides: Partial<Limits> = {}): Limits {
  const resolved: Record<string, number> = {};
  for (const [name, limit] of Object.entries(limitTable)) {
    const value = overrides[name as keyof Limits] ?? limit.standard;
    if (!Number.isInteger(value) || value < 1 || value > limit.cap) {
      throw new RangeError(`${name} must be an integer from 1 to ${limit.cap} ${limit.unit}, not ${value}`);
    }
    resolved[name] = value;
  }
  return resolved as Limits;
}
