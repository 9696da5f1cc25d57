import { type Code, FilexError } from '@filex/protocol';
import { type Existing, lookAt } from '@filex/protocol/node';
import { type Folder, pathIn } from './folder.js';
import type { StorePath } from './store-path.js';

/** The store's own folder at the top of the served one. Nobody sees it or gets into it. */
export const RESERVED_NAME = '.filex';

/** Keeps requests out of the store's own folder, by every name that leads there. */
export class ReservedFolder {
  readonly #root: Folder;
  /** Set where `.FILEX` is the same folder: there, other spellings lead there too. */
  readonly #key: string | undefined;

  private constructor(root: Folder, key: string | undefined) {
    this.#root = root;
    this.#key = key;
  }

  /** @param root the top of the store; the reserved folder, if there is one, exists already. */
  static async find(root: Folder): Promise<ReservedFolder> {
    const own = await lookAt(pathIn(root, RESERVED_NAME));
    const shouted = await lookAt(pathIn(root, RESERVED_NAME.toUpperCase()));
    const sameFolder = own !== undefined && shouted !== undefined && keyOf(own) === keyOf(shouted);
    return new ReservedFolder(root, sameFolder ? keyOf(own) : undefined);
  }

  /** @throws FilexError with `code` when the path leads to or into the reserved folder. */
  async keepOut({ segments, label }: StorePath, code: Code): Promise<void> {
    const [first] = segments;
    if (first !== undefined && (await this.isNamed(first)))
      throw new FilexError(
        code,
        `${JSON.stringify(label)} is not to be had: ${RESERVED_NAME} is the store's own`,
        {
          path: label,
        },
      );
  }

  /** Whether a name at the top of the store is one of the reserved folder. */
  async isNamed(name: string): Promise<boolean> {
    if (name === RESERVED_NAME) return true;
    if (this.#key === undefined) return false;
    // Case, ignorable characters, short names like FILEX~1: the file system knows which names are the same to it.
    const found = await lookAt(pathIn(this.#root, name));
    return found !== undefined && keyOf(found) === this.#key;
  }
}

function keyOf({ stats }: Existing): string {
  return `${stats.dev}:${stats.ino}`;
}
