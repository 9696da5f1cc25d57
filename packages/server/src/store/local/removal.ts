import { rmdir, unlink } from 'node:fs/promises';
import { FilexError, type Outcome } from '@filex/protocol';
import { errnoOf, fileError, lookAt, type PublishingContext } from '@filex/protocol/node';
import { type Confinement, type Folder, pathIn } from './folder.js';
import type { ReservedFolder } from './reserved-folder.js';
import type { NamedPath } from './store-path.js';
import { removeTree } from './tree-removal.js';

/** Removes a file, an empty folder, or with `recursive` a folder and all that is in it. A symlink goes itself. */
export async function removeEntry(
  confinement: Confinement,
  { locks, directorySync }: PublishingContext,
  reserved: ReservedFolder,
  place: NamedPath,
  recursive: boolean,
): Promise<Outcome> {
  const { label, parent, name } = place;
  const action = 'remove';
  const folder = await confinement.enter({ segments: parent, label, action, missing: 'NOT_FOUND' });
  try {
    await locks.run([`${folder.key}/${name}`], () =>
      perform(confinement, reserved, folder, place, recursive),
    );
    await directorySync.sync(folder).catch((error: unknown) => {
      throw fileError(error, { action: 'make durable that it is gone:', path: label, effect: 'applied' });
    });
    return 'removed';
  } catch (error) {
    throw fileError(error, { action, path: label });
  } finally {
    await folder.close();
  }
}

async function perform(
  confinement: Confinement,
  reserved: ReservedFolder,
  folder: Folder,
  { name, label }: NamedPath,
  recursive: boolean,
): Promise<void> {
  const path = pathIn(folder, name);
  const found = await lookAt(path);
  if (found === undefined)
    throw new FilexError('NOT_FOUND', `cannot remove ${JSON.stringify(label)}: it does not exist`, {
      path: label,
    });
  reserved.keepFrom(found.stats, label, 'NOT_FOUND');
  if (found.kind !== 'directory') return unlink(path);
  if (!recursive) return rmdir(path);
  try {
    await removeTree(confinement, folder, name);
  } catch (error) {
    // The file system has no way to remove a tree at once: a part of it can be gone.
    const gone = errnoOf(error) === 'ENOTEMPTY' ? { codes: { ENOTEMPTY: 'BUSY' as const } } : {};
    throw fileError(error, { action: 'remove all of', path: label, effect: 'applied', ...gone });
  }
}
