import { isUtf8 } from 'node:buffer';
import { type Entry, type FilexError, pathFault } from '@filex/protocol';
import { fileError, lookAt } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import { readNames } from './directory-names.js';
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

/**
 * The entries below a folder, folders before what is in them. In memory are a batch of entries and the names of the
 * folders still to be listed; at most one folder is open. What vanishes meanwhile is left out.
 *
 * A folder that cannot be read does not hide the others: everything else is listed first, and then the listing fails.
 */
export async function* listEntries(request: ListingRequest): AsyncGenerator<Entry> {
  const { top, recursive } = request;
  const pending = [''];
  let failure: FilexError | undefined;
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    try {
      for await (const entry of entriesIn(request, below)) {
        if (recursive && entry.kind === 'directory') pending.push(entry.path);
        yield entry;
      }
    } catch (error) {
      const failed = fileError(error, { action: 'list', path: join(top.label, below) });
      if (below === '') throw failed;
      // Removed, or replaced by something that is no folder, since it was listed itself.
      if (failed.code !== 'NOT_FOUND' && failed.code !== 'NOT_A_DIRECTORY') failure ??= failed;
    }
  }
  if (failure !== undefined) throw failure;
}

async function* entriesIn(request: ListingRequest, below: string): AsyncGenerator<Entry> {
  const { confinement, warn, top } = request;
  const label = join(top.label, below);
  const segments = label === '' ? [] : label.split('/');
  const folder = await confinement.enter({ segments, label, action: 'list', missing: 'NOT_FOUND' });
  let unspeakable = 0;
  try {
    for await (const names of readNames(folder.path, bounds.listingBatch)) {
      const entries = await settleAll(names.map((name) => entryFor(request, folder, name, below)));
      for (const entry of entries) {
        if (entry === undefined) continue;
        if (entry === 'unspeakable' || pathFault(join(top.label, entry.path)) !== undefined) unspeakable += 1;
        else if (segments.length > 0 || !isReservedName(entry.path)) yield entry;
      }
    }
  } finally {
    await folder.close();
    if (unspeakable > 0)
      warn('left names out of a listing that are no valid UTF-8, or too long', {
        path: label,
        count: unspeakable,
      });
  }
}

/** Undefined for what has vanished, and for the store's own. */
async function entryFor(
  { reserved }: ListingRequest,
  folder: Folder,
  name: Buffer,
  below: string,
): Promise<Entry | 'unspeakable' | undefined> {
  if (!isUtf8(name)) return 'unspeakable';
  const found = await lookAt(pathIn(folder, name));
  return found === undefined || reserved.is(found.stats)
    ? undefined
    : entryOf(join(below, name.toString()), found.stats);
}

function join(folder: string, name: string): string {
  if (folder === '') return name;
  return name === '' ? folder : `${folder}/${name}`;
}
