import {
  closeSync,
  constants,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
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

/** Where a file goes. */
interface Place {
  readonly folder: string;
  readonly name: string;
  /** Both. */
  readonly path: string;
}

/**
 * Stores a small file under a name as {@link FileSink} does: staged beside it, published whole. Where nothing has the name, and
 * there is no device to wait for, all of it is one piece of synchronous work, which costs a tenth. It is not looked at first whether
 * something has the name: to give it to the staged file tells.
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
  const place = workSlices.resting ? undefined : placeOf(path);
  if (place !== undefined && (await createInSlice(place, bytes, entry, durable)))
    return { outcome: 'created', path: place.path };
  const sink = await FileSink.open(path, { ifExists, durable, expected: entry });
  try {
    await sink.write(bytes);
  } catch (error) {
    await sink.abort().catch(() => undefined); // why it failed is what matters
    throw error;
  }
  return sink.commit({ entry });
}

/** Undefined for what names a folder: a separator at the end says so. */
function placeOf(path: string): Place | undefined {
  const name = basename(path);
  if (name === '' || !path.endsWith(name)) return undefined;
  const folder = dirname(path);
  return { folder, name, path: join(folder, name) };
}

/** @returns whether the file was created; if not, nothing has happened. */
function createInSlice(place: Place, bytes: Uint8Array, entry: Entry, durable: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    workSlices.run(() => resolve((!durable || isInMemory(place.folder)) && create(place, bytes, entry)));
  });
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

function create({ folder, path }: Place, bytes: Uint8Array, entry: Entry): boolean {
  const staged = `${folder}${sep}.filex-${stagingName()}.part`;
  let isStaged = false;
  try {
    // Not hidden from others first, as what takes a while is: who may read it may do so in a moment anyway.
    const fd = openSync(staged, STAGING_FLAGS, fileMode(entry.executable));
    isStaged = true;
    try {
      writeAll(fd, bytes);
      const { atime, mtime } = timesFor(entry.mtime);
      futimesSync(fd, atime, mtime);
      // Fails when something has the name.
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

function isOfMemory(folder: string): boolean {
  try {
    return process.platform === 'linux' && MEMORY_FILE_SYSTEMS.has(statfsSync(folder).type);
  } catch {
    return false; // who uses the folder next will be told why
  }
}

let lastFolder = { path: '', isInMemory: false };

function isInMemory(folder: string): boolean {
  if (lastFolder.path !== folder) {
    lastFolder = { path: folder, isInMemory: isOfMemory(folder) };
  }
  return lastFolder.isInMemory;
}
