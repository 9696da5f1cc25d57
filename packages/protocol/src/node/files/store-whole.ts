import {
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConflictPolicy, Entry } from '../../vocabulary.js';
import type { SinkOutcome } from '../types.js';
import { workSlices } from '../work-slices.js';
import { fileMode } from './file-mode.js';
import { FileSink } from './file-sink.js';
import { timesFor } from './file-times.js';
import { stagingName } from './staged-file.js';

/** How to store a file whose bytes are all there. */
export interface StoreWholeOptions {
  /** Its time and mode are those of the file. */
  readonly entry: Entry;
  /** Default: `fail`. */
  readonly ifExists?: ConflictPolicy | undefined;
  /** Flush to the device before the name appears. Default: true. */
  readonly durable?: boolean | undefined;
}

/**
 * Stores a small file under a name as {@link FileSink} does: staged beside it, published whole. Where nothing has the name, and
 * there is no device to wait for, all of it is one piece of synchronous work, which costs a tenth.
 *
 * @returns where it is, which differs from what was wanted under the policy `rename` only.
 * @throws FilexError what `FileSink` refuses with.
 */
export async function storeWhole(
  destination: string | URL,
  bytes: Uint8Array,
  options: StoreWholeOptions,
): Promise<SinkOutcome> {
  const { entry, ifExists, durable = true } = options;
  const path = destination instanceof URL ? fileURLToPath(destination) : destination;
  if (!workSlices.resting && (await createInSlice(path, bytes, entry, durable)))
    return { outcome: 'created', path: join(dirname(path), basename(path)) };
  const sink = await FileSink.open(path, { ifExists, durable, expected: entry });
  try {
    await sink.write(bytes);
  } catch (error) {
    await sink.abort().catch(() => undefined); // why it failed is what matters
    throw error;
  }
  return sink.commit({ entry });
}

/** @returns whether the file was created; if not, nothing has happened. */
function createInSlice(path: string, bytes: Uint8Array, entry: Entry, durable: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    workSlices.run(() => resolve(isPlain(path, durable) && create(path, bytes, entry)));
  });
}

/** Whether nothing is there, and no device has to be waited for. */
function isPlain(path: string, durable: boolean): boolean {
  try {
    // A separator at the end means a folder.
    const isNamed = basename(path) !== '' && path.endsWith(basename(path));
    return isNamed && isFree(path) && (!durable || isInMemory(dirname(path)));
  } catch {
    return false;
  }
}

/** Whether nothing has the name, as far as can be told. */
export function isFree(path: string | URL): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

const STAGING_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

function create(path: string, bytes: Uint8Array, entry: Entry): boolean {
  const staged = join(dirname(path), `.filex-${stagingName()}.part`);
  let isStaged = false;
  try {
    const fd = openSync(staged, STAGING_FLAGS, 0o600);
    isStaged = true;
    try {
      writeAll(fd, bytes);
      fchmodSync(fd, fileMode(entry.executable));
      const { atime, mtime } = timesFor(entry.mtime);
      futimesSync(fd, atime, mtime);
      // Fails when somebody else was faster.
      linkSync(staged, path);
      return true;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  } finally {
    if (isStaged) removeStaged(staged);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const count = writeSync(fd, bytes, at, bytes.length - at, at);
    // Never seen, but a loop that cannot end must not exist.
    if (count === 0) throw new Error('no progress');
    at += count;
  }
}

function removeStaged(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    process.emitWarning(error as Error);
  }
}

/** File systems that are all memory: nothing in them survives a power cut, and to flush them is to do nothing. */
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x0102_1994, 0x8584_58f6]);

let lastFolder = { path: '', isInMemory: false };

function isInMemory(folder: string): boolean {
  if (lastFolder.path !== folder) {
    const isInMemory = process.platform === 'linux' && MEMORY_FILE_SYSTEMS.has(statfsSync(folder).type);
    lastFolder = { path: folder, isInMemory };
  }
  return lastFolder.isInMemory;
}
