import { closeSync, constants, existsSync, fstatSync, openSync } from 'node:fs';
import { FilexError } from '@filex/protocol';
import { fileError } from '@filex/protocol/node';
import { type Confinement, type Folder, type FolderRequest, keyOf, pathIn, systemError } from './folder.js';

/** A part of the way that is a symlink, or a file. */
const NOT_A_FOLDER = { ELOOP: 'NOT_A_DIRECTORY', ENOTDIR: 'NOT_A_DIRECTORY' } as const;

/** A folder that is held by its descriptor. */
export interface HeldFolder extends Folder {
  /** As `close`, at once. */
  closeNow(): void;
}

/**
 * Linux: each folder on the way is opened from the one before it, `/proc/self/fd/<descriptor>/<name>`, with O_NOFOLLOW.
 * This is `openat`, which Node does not have. What was opened cannot be exchanged any more, so there is no moment in
 * which a folder that was looked at can be replaced by a symlink, as there is with a path.
 *
 * The calls are synchronous: the system has folders at hand, so that each takes two or three microseconds, and handing it
 * to another thread and back several times that. With them, a small file costs a third less.
 */
export class DescriptorConfinement implements Confinement {
  readonly #root: HeldFolder;
  #barred: string | undefined;

  private constructor(root: HeldFolder) {
    this.#root = root;
  }

  static isAvailable(): boolean {
    return process.platform === 'linux' && existsSync('/proc/self/fd');
  }

  /** @param root an absolute path, all symlinks resolved. */
  static async open(root: string): Promise<DescriptorConfinement> {
    return new DescriptorConfinement(openFolder(root));
  }

  async enter({ segments, label, action, missing }: FolderRequest): Promise<Folder> {
    let folder: Folder = { ...this.#root, close: async () => {} }; // the root stays open
    for (const segment of segments) {
      try {
        const next = await this.child(folder, segment);
        await folder.close();
        folder = next;
      } catch (error) {
        await folder.close();
        throw fileError(error, { action, path: label, codes: { ...NOT_A_FOLDER, ENOENT: missing } });
      }
    }
    return folder;
  }

  async child(folder: Folder, name: string | Buffer): Promise<Folder> {
    return this.childNow(folder, name);
  }

  /** The root, which stays open: it is not the caller's to close. */
  get root(): HeldFolder {
    return this.#root;
  }

  /** As {@link child}, at once. @throws the error of the operating system. */
  childNow(folder: Folder, name: string | Buffer): HeldFolder {
    const child = openFolder(pathIn(folder, name));
    if (child.key !== this.#barred) return child;
    child.closeNow();
    throw systemError('ENOENT', 'open');
  }

  bar(key: string): void {
    this.#barred = key;
  }

  async parent(folder: Folder, key: string): Promise<Folder> {
    const parent = openFolder(`${folder.path}/..`);
    if (parent.key === key) return parent;
    await parent.close();
    throw new FilexError('BUSY', 'the folder was moved meanwhile');
  }

  close(): Promise<void> {
    return this.#root.close();
  }
}

function openFolder(path: string | Buffer): HeldFolder {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const stats = fstatSync(fd, { bigint: true });
    return {
      path: `/proc/self/fd/${fd}`,
      device: stats.dev,
      key: keyOf(stats),
      close: async () => closeSync(fd),
      closeNow: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
