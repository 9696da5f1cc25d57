import { rmdir, unlink } from 'node:fs/promises';
import { errnoOf, lookAt } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import { readNames } from './directory-names.js';
import { type Confinement, type Folder, pathIn, settleAll } from './folder.js';

/** A folder on the way down. */
interface Level {
  /** Its name in the folder above. */
  readonly name: string | Buffer;
  readonly key: string;
  /** Folders in it that are still to be removed. */
  pending: Buffer[];
  /** Whether there are more of them. */
  unread: boolean;
}

/**
 * Removes a folder with all that is in it; symlinks are removed, never followed. At most two folders are open at any
 * time, however deep the tree: the way back up is by `..`, checked to be where the way down came from.
 *
 * @param parent the folder that holds it; stays open.
 */
export async function removeTree(
  confinement: Confinement,
  parent: Folder,
  name: string | Buffer,
): Promise<void> {
  let folder = await confinement.child(parent, name);
  try {
    const levels: Level[] = [{ name, key: folder.key, ...(await removeFiles(folder)) }];
    for (;;) {
      const level = levels.at(-1) as Level;
      if (level.pending.length === 0 && level.unread) Object.assign(level, await removeFiles(folder));
      const below = level.pending.pop();
      if (below !== undefined) {
        folder = await exchange(folder, await confinement.child(folder, below));
        levels.push({ name: below, key: folder.key, ...(await removeFiles(folder)) });
        continue;
      }
      levels.pop();
      const above = levels.at(-1);
      if (above === undefined) break;
      folder = await exchange(folder, await confinement.parent(folder, above.key));
      await rmdir(pathIn(folder, level.name));
    }
  } finally {
    await folder.close();
  }
  await rmdir(pathIn(parent, name));
}

async function exchange(from: Folder, to: Folder): Promise<Folder> {
  await from.close();
  return to;
}

/**
 * Removes everything in a folder but the folders, whose names it returns; it stops when they are many, so that a folder with
 * a million folders does not fill the memory.
 */
async function removeFiles(folder: Folder): Promise<Pick<Level, 'pending' | 'unread'>> {
  const pending: Buffer[] = [];
  for await (const names of readNames(folder.path, bounds.listingBatch)) {
    const kinds = await settleAll(names.map(async (name) => (await lookAt(pathIn(folder, name)))?.kind));
    const others = names.filter((_, i) => kinds[i] !== 'directory' && kinds[i] !== undefined);
    await settleAll(others.map((name) => unlink(pathIn(folder, name)).catch(unlessGone)));
    pending.push(...names.filter((_, i) => kinds[i] === 'directory'));
    if (pending.length >= bounds.pendingRemovals) return { pending, unread: true };
  }
  return { pending, unread: false };
}

function unlessGone(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error;
}
