/**
 * The words that appear on the wire as small numbers. The position in each list is the number; lists only ever grow at
 * the end. PROTOCOL.md, "Messages".
 */

/** What a stream is for. Number 0 is not used, so that a zeroed field never means something. */
export const operations = [
  undefined,
  'upload',
  'download',
  'list',
  'stat',
  'makeDirectory',
  'rename',
  'remove',
  // A published vector has 8 as a number that nobody knows.
  undefined,
  'digest',
] as const;
/** One of {@link operations}. */
export type Operation = Exclude<(typeof operations)[number], undefined>;

/**
 * What to do when the name is taken by something other than an identical file: refuse; let it be, without an error; take the
 * next free name (`photo (1).jpg`); replace it; replace it when it is older. PROTOCOL.md, "Commit".
 */
export const conflictPolicies = ['fail', 'skip', 'rename', 'overwrite', 'newer'] as const;
/** One of {@link conflictPolicies}. */
export type ConflictPolicy = (typeof conflictPolicies)[number];

/** What an entry of a folder is. Only files and folders can be transferred. */
export const entryKinds = ['file', 'directory', 'symlink', 'other'] as const;
/** One of {@link entryKinds}. */
export type EntryKind = (typeof entryKinds)[number];

/** How an operation that succeeded left the store; `skipped` is only ever said by a client to its caller. */
export const outcomes = [
  'created',
  'replaced',
  'identical',
  'removed',
  'renamed',
  'read',
  'skipped',
] as const;
/** One of {@link outcomes}. */
export type Outcome = (typeof outcomes)[number];

export const effects = ['none', 'applied', 'unknown'] as const;

/** Digest algorithms; every end has `sha256`. */
export const digestAlgorithms = [undefined, 'sha256', 'blake3'] as const;
/** One of {@link digestAlgorithms}. */
export type DigestAlgorithm = Exclude<(typeof digestAlgorithms)[number], undefined>;

/** How a receipt is signed: ECDSA with SHA-256 on the curve of the key; RSASSA-PSS with SHA-256; Ed25519. PROTOCOL.md, "Receipts". */
export const signatureAlgorithms = [undefined, 'ecdsa-sha256', 'rsa-pss-sha256', 'ed25519'] as const;
/** One of {@link signatureAlgorithms}. */
export type SignatureAlgorithm = Exclude<(typeof signatureAlgorithms)[number], undefined>;

/** One record of a listing, and what `stat` answers. */
export interface Entry {
  /** Relative to the folder that was listed; for `stat`, the path that was asked for. `/`-separated. */
  readonly path: string;
  /** What it is. */
  readonly kind: EntryKind;
  /** Bytes; 0 for what is not a file. */
  readonly size: number;
  /** Microseconds since 1970-01-01T00:00Z; negative before. */
  readonly mtime: number;
  /** Whether it may be run as a program. Files only. */
  readonly executable: boolean;
  /** Opaque version: differs when the content may differ. Files only. */
  readonly etag?: string | undefined;
}
