import { dirname } from 'node:path';
import { FilexError } from '@filex/protocol';
import { fileError, lookAt } from '@filex/protocol/node';
import { type Confinement, type Folder, type FolderRequest, keyOf, pathIn, systemError } from './folder.js';

/**
 * Where there is no `/proc/self/fd` (macOS, Windows): each part of the way is looked at with `lstat` and must be a
 * folder. Files are opened with O_NOFOLLOW on top, where the system has it (not on Windows).
 *
 * Weaker than {@link DescriptorConfinement}: another program on the same machine that may write to the served folder
 * could replace a folder by a symlink between the look and the use. Clients cannot: FileX never makes symlinks.
 */
export class PathConfinement implements Confinement {
  readonly #root: Folder;
  #barred: string | undefined;

  private constructor(root: Folder) {
    this.#root = root;
  }

  /** @param root an absolute path, all symlinks resolved. */
  static async open(root: string): Promise<PathConfinement> {
    return new PathConfinement(await holdFolder(root));
  }

  async enter({ segments, label, action, missing }: FolderRequest): Promise<Folder> {
    let folder = this.#root;
    try {
      for (const segment of segments) folder = await this.child(folder, segment);
    } catch (error) {
      throw fileError(error, { action, path: label, codes: { ENOENT: missing } });
    }
    return folder;
  }

  async child(folder: Folder, name: string | Buffer): Promise<Folder> {
    // Bytes that are no valid UTF-8 do not come up on these systems: their names are Unicode.
    const child = await holdFolder(String(pathIn(folder, name)));
    if (child.key === this.#barred) throw systemError('ENOENT', 'lstat');
    return child;
  }

  bar(key: string): void {
    this.#barred = key;
  }

  async parent(folder: Folder, key: string): Promise<Folder> {
    const parent = await holdFolder(dirname(folder.path));
    if (parent.key === key) return parent;
    throw new FilexError('BUSY', 'the folder was moved meanwhile');
  }

  async close(): Promise<void> {}
}

async function holdFolder(path: string): Promise<Folder> {
  const found = await lookAt(path);
  if (found === undefined) throw systemError('ENOENT', 'lstat');
  if (found.kind !== 'directory') throw systemError('ENOTDIR', 'lstat');
  return { path, device: found.stats.dev, key: keyOf(found.stats), close: async () => {} };
}
