import { FilexError } from '@filex/protocol';
import type { Store } from '../store/store.js';
import type { Access, Grant } from './access.js';
import { RootedStore } from './rooted-store.js';

/** What each user sees of a store: the folder that is their root, which is made when it is missing. */
export class UserStores {
  readonly #store: Store;
  /** Roots that are there as far as is known. */
  readonly #made = new Map<string, Promise<void>>();

  constructor(store: Store, _access: Access) {
    this.#store = store;
  }

  async viewFor({ root }: Grant): Promise<Store> {
    if (root === '') return this.#store;
    await this.#makeRoot(root);
    // Somebody may have removed it: the next one makes it again.
    return new RootedStore(this.#store, root, () => this.#made.delete(root));
  }

  #makeRoot(root: string): Promise<void> {
    let made = this.#made.get(root);
    if (made === undefined) {
      made = this.#ensure(root);
      this.#made.set(root, made);
      made.catch(() => this.#made.delete(root));
    }
    return made;
  }

  async #ensure(root: string): Promise<void> {
    try {
      await this.#store.makeDirectory(root, { parents: true, mtime: undefined });
    } catch (error) {
      // A store that is only read makes nothing, but may have it.
      const there = await this.#store.stat(root).catch(() => undefined);
      if (there?.kind === 'directory') return;
      const { code, retry } = FilexError.from(error);
      throw new FilexError(code, 'the folder of this user cannot be made', { path: '', retry, cause: error });
    }
  }
}
