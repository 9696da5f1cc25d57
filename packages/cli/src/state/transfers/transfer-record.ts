import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { type ConflictPolicy, conflictPolicies, parseUrl } from '@filex/protocol';
import { serverName } from '../../access/server-name.js';

/** What is remembered of the transfer of one file while it is under way, so that another run can go on with it. */
export type TransferRecord = UploadRecord | DownloadRecord;

interface Common {
  /** Address of the server with the user and, if one was named, the key; without a path, and without secrets. */
  readonly address: string;
  readonly remote: string;
  /** Absolute. */
  readonly local: string;
  readonly ifExists: ConflictPolicy;
  /** Bytes of the file, when it was last tried. */
  readonly size: number;
  /** How often it was tried. */
  readonly attempts: number;
  /** Milliseconds since 1970, of the last try. */
  readonly when: number;
  /** The command that this was a part of; undefined when it was about this file only, or is too long. */
  readonly origin: Origin | undefined;
}

/** A command as it was given. */
export interface Origin {
  readonly words: readonly string[];
  /** Where, as its words may be relative. */
  readonly folder: string;
}

export interface UploadRecord extends Common {
  readonly direction: 'upload';
  readonly operationId: string;
  readonly source: SourceVersion;
}

export interface DownloadRecord extends Common {
  readonly direction: 'download';
  /** The version of the file on the server, when it was last looked at. */
  readonly etag: string | undefined;
  /** Where the bytes are, beside the destination. */
  readonly part: string;
  /** Where the digests of its blocks are. */
  readonly digests: string;
}

/** By what a file of this machine is known to be as it was. Decimal where a number could not hold it. */
export interface SourceVersion {
  readonly size: string;
  readonly mtimeNs: string;
  readonly ino: string;
  readonly executable: boolean;
}

/** What makes two transfers the same one. */
export type TransferKey = Pick<TransferRecord, 'direction' | 'address' | 'remote' | 'local' | 'ifExists'>;

/** The name under which a transfer is remembered: 32 hexadecimal digits. */
export function transferId({ direction, address, remote, local, ifExists }: TransferKey): string {
  const url = parseUrl(address);
  return hashOf([direction, serverName(url), url.user ?? null, remote, resolve(local), ifExists]);
}

/**
 * Where a download is staged. The name is different for each place where transfers are remembered: users who download the same
 * file to the same folder, perhaps from several machines, must not write to one file.
 */
export function stagingPlace(states: string, id: string, local: string): { part: string; digests: string } {
  const own = hashOf([id, states, hostname()]);
  return { part: join(dirname(resolve(local)), `.filex-${own}.part`), digests: join(states, `${id}.leaves`) };
}

function hashOf(facts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
}

const VERSION = 1;

/** As a line of JSON. There is one way to write a record, so that any other way is damage. */
export function encodeRecord(record: TransferRecord): string {
  const transfer = ordered(record);
  const checksum = createHash('sha256').update(JSON.stringify(transfer)).digest('hex');
  return `${JSON.stringify({ version: VERSION, checksum, transfer })}\n`;
}

/** What was read: the record, or why it is none. */
export type Decoded =
  | { readonly record: TransferRecord }
  | { readonly fault: 'damaged' | 'newer' | 'foreign' };

/**
 * Reads what `encodeRecord` has written, and nothing else.
 * @param file where it was read, whose name and place have to be its own.
 */
export function decodeRecord(text: string, file: string): Decoded {
  const value = parse(text);
  if (!isObject(value)) return { fault: 'damaged' };
  const { version } = value;
  if (typeof version === 'number' && version > VERSION) return { fault: 'newer' };
  const record = recordOf(value['transfer']);
  // With the checksum, and all that does not belong there: as it would have been written.
  if (record === undefined || encodeRecord(record) !== text) return { fault: 'damaged' };
  return isAtHome(record, file) ? { record } : { fault: 'foreign' };
}

function isAtHome(record: TransferRecord, file: string): boolean {
  const id = transferId(record);
  if (basename(file) !== `${id}.json`) return false;
  if (record.direction === 'upload') return true;
  const { part, digests } = stagingPlace(dirname(file), id, record.local);
  return part === record.part && digests === record.digests;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Damaged, and told as that.
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function recordOf(value: unknown): TransferRecord | undefined {
  if (!isObject(value)) return undefined;
  const common = commonOf(value);
  if (common === undefined) return undefined;
  if (value['direction'] === 'upload') {
    const { operationId } = value;
    const source = sourceOf(value['source']);
    if (source === undefined || !isText(operationId) || !/^[0-9a-f]{32}$/.test(operationId)) return undefined;
    return { direction: 'upload', ...common, operationId, source };
  }
  const { direction, etag, part, digests } = value;
  if (direction !== 'download' || !isText(part) || !isText(digests)) return undefined;
  if (etag !== undefined && !isText(etag)) return undefined;
  return { direction, ...common, etag, part, digests };
}

function commonOf(value: Fields): Common | undefined {
  const { address, remote, local, ifExists, size, attempts, when, origin } = value;
  const policy = conflictPolicies.find((one) => one === ifExists);
  if (!isText(address) || !isAddress(address) || !isText(remote) || policy === undefined) return undefined;
  if (!isText(local) || !isAbsolute(local)) return undefined;
  if (!isCount(size) || !isCount(attempts) || !isCount(when)) return undefined;
  if (origin === undefined)
    return { address, remote, local, ifExists: policy, size, attempts, when, origin: undefined };
  if (!isObject(origin)) return undefined;
  const { words, folder } = origin;
  if (!isText(folder) || !Array.isArray(words) || !words.every(isText)) return undefined;
  return { address, remote, local, ifExists: policy, size, attempts, when, origin: { words, folder } };
}

function sourceOf(value: unknown): SourceVersion | undefined {
  if (!isObject(value)) return undefined;
  const { size, mtimeNs, ino, executable } = value;
  if (!isText(size) || !isText(mtimeNs) || !isText(ino) || typeof executable !== 'boolean') return undefined;
  return { size, mtimeNs, ino, executable };
}

function isAddress(text: string): boolean {
  try {
    return parseUrl(text).path === '';
  } catch {
    // Nothing that leads to a server.
    return false;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The fields in the one order in which they are written. */
function ordered(record: TransferRecord): unknown {
  const { direction, address, remote, local, ifExists, size, attempts, when, origin } = record;
  const common = {
    direction,
    address,
    remote,
    local,
    ifExists,
    size,
    attempts,
    when,
    origin: origin && { words: origin.words, folder: origin.folder },
  };
  if (record.direction === 'upload') {
    const { operationId, source } = record;
    const { mtimeNs, ino, executable } = source;
    return { ...common, operationId, source: { size: source.size, mtimeNs, ino, executable } };
  }
  const { etag, part, digests } = record;
  return { ...common, etag, part, digests };
}
