import { isUtf8 } from 'node:buffer';
import { type Entry, type FilexError, pathFault } from '@filex/protocol';
import { type Existing, fileError, lookAt, lookAtNow, workSlices } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import { NameReader } from './directory-names.js';
import { entryOf } from './entry.js';
import { type Confinement, type Folder, pathIn, settleAll } from './folder.js';
import { isReservedName, type ReservedFolder } from './reserved-folder.js';
import type { StorePath } from './store-path.js';
import type { Warn } from './warn.js';

export interface ListingRequest {
  readonly confinement: Confinement;
  readonly reserved: ReservedFolder;
  readonly warn: Warn;
  readonly top: StorePath;
  readonly recursive: boolean;
}

/** A folder on the way down. */
interface Level {
  /** Its path below the top of the listing. */
  readonly below: string;
  readonly key: string;
  /** Folders in it that are still to be listed. */
  readonly pending: string[];
}

/**
 * The entries below a folder, folders before what is in them. In memory are a batch of entries and the names of the
 * folders still to be listed; at most two folders are open, however deep the tree, and each is entered from the one before
 * it: from the top again, a folder a thousand levels down would cost a thousand steps. What vanishes meanwhile is left out.
 *
 * A folder that cannot be read does not hide the others: everything else is listed first, and then the listing fails.
 */
export async function* listEntries(request: ListingRequest): AsyncGenerator<Entry> {
  const { confinement, top, recursive } = request;
  let folder = await enter(request, '');
  let failure: FilexError | undefined;
  try {
    const first = levelOf(folder, '');
    yield* entriesIn(request, folder, first);
    const levels = recursive ? [first] : [];
    // `folder` is that of the last level.
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const name = level.pending.pop();
      if (name === undefined) {
        levels.pop();
        const above = await goBack(request, folder, levels);
        if (above !== undefined) folder = await exchange(folder, above);
        continue;
      }
      const below = join(level.below, name);
      try {
        folder = await exchange(folder, await confinement.child(folder, name));
        const next = levelOf(folder, below);
        levels.push(next);
        yield* entriesIn(request, folder, next);
      } catch (error) {
        failure ??= unlessGone(error, join(top.label, below));
      }
    }
  } finally {
    await folder.close();
  }
  if (failure !== undefined) throw failure;
}

function levelOf({ key }: Folder, below: string): Level {
  return { below, key, pending: [] };
}

/** Opens the folder of the last level again, which is above `folder`. Levels whose folder is gone are dropped. */
async function goBack(request: ListingRequest, folder: Folder, levels: Level[]): Promise<Folder | undefined> {
  const above = levels.at(-1);
  if (above === undefined) return undefined;
  try {
    return await request.confinement.parent(folder, above.key);
  } catch {
    // Moved meanwhile, or not to be searched: by the whole way, which is long.
  }
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    try {
      return await enter(request, level.below);
    } catch {
      levels.pop(); // what was in it cannot be listed any more
    }
  }
  return undefined;
}

/** Undefined for what was removed, or replaced by something that is no folder, since it was listed itself. */
function unlessGone(error: unknown, path: string): FilexError | undefined {
  const codes = { ELOOP: 'NOT_A_DIRECTORY' } as const;
  const failed = fileError(error, { action: 'list', path, codes });
  return failed.code === 'NOT_FOUND' || failed.code === 'NOT_A_DIRECTORY' ? undefined : failed;
}

async function exchange(from: Folder, to: Folder): Promise<Folder> {
  await from.close();
  return to;
}

function enter({ confinement, top }: ListingRequest, below: string): Promise<Folder> {
  const label = join(top.label, below);
  const segments = label === '' ? [] : label.split('/');
  return confinement.enter({ segments, label, action: 'list', missing: 'NOT_FOUND' });
}

/** What is in one folder; of those that are folders the names are kept in `level`. */
async function* entriesIn(request: ListingRequest, folder: Folder, level: Level): AsyncGenerator<Entry> {
  const { warn, top } = request;
  const label = join(top.label, level.below);
  let unspeakable = 0;
  try {
    for await (const found of batchesIn(request, folder, level.below)) {
      for (const [name, entry] of found) {
        if (entry === undefined) continue;
        if (entry === 'unspeakable' || pathFault(join(top.label, entry.path)) !== undefined) unspeakable += 1;
        else if (label !== '' || !isReservedName(entry.path)) {
          if (request.recursive && entry.kind === 'directory') level.pending.push(name.toString());
          yield entry;
        }
      }
    }
  } catch (error) {
    throw fileError(error, { action: 'list', path: label });
  } finally {
    if (unspeakable > 0)
      warn('left names out of a listing that are no valid UTF-8, or too long', {
        path: label,
        count: unspeakable,
      });
  }
}

/** A name, and what has it: nothing to tell of when it has vanished, or is the store's own. */
type Found = readonly [Buffer, Entry | 'unspeakable' | undefined];

/** What is in a folder, some at a time: at once, as long as the file system does not let anybody wait. */
async function* batchesIn(request: ListingRequest, folder: Folder, below: string): AsyncGenerator<Found[]> {
  const names = new NameReader(folder.path, bounds.listingBatch);
  try {
    for (;;) {
      const found = workSlices.resting
        ? await examine(request, folder, names, below)
        : await workSlices.perform(() => examineNow(request, folder, names, below));
      if (found.length === 0) return;
      yield found;
    }
  } finally {
    names.close();
  }
}

/** As many as there is time for, one at least. */
function examineNow(request: ListingRequest, folder: Folder, names: NameReader, below: string): Found[] {
  const found: Found[] = [];
  const end = performance.now() + bounds.listingSlice;
  do {
    const name = names.next();
    if (name === undefined) break;
    found.push([
      name,
      isUtf8(name) ? describe(request, lookAtNow(pathIn(folder, name)), name, below) : 'unspeakable',
    ]);
  } while (found.length < bounds.listingBatch && performance.now() < end);
  return found;
}

async function examine(
  request: ListingRequest,
  folder: Folder,
  names: NameReader,
  below: string,
): Promise<Found[]> {
  const batch: Buffer[] = [];
  while (batch.length < bounds.listingBatch) {
    const name = names.next();
    if (name === undefined) break;
    batch.push(name);
  }
  return settleAll(
    batch.map(async (name): Promise<Found> => {
      if (!isUtf8(name)) return [name, 'unspeakable'];
      return [name, describe(request, await lookAt(pathIn(folder, name)), name, below)];
    }),
  );
}

function describe(
  { reserved }: ListingRequest,
  found: Existing | undefined,
  name: Buffer,
  below: string,
): Entry | undefined {
  return found === undefined || reserved.is(found.stats)
    ? undefined
    : entryOf(join(below, name.toString()), found.stats);
}

function join(folder: string, name: string): string {
  if (folder === '') return name;
  return name === '' ? folder : `${folder}/${name}`;
}
