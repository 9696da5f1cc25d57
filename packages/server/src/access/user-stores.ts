import { FilexError } from '@filex/protocol';
import type { Store } from '../store/store.js';
import type { Access, Grant } from './access.js';
import { MeteredStore } from './metered-store.js';
import { QuotaBook } from './quota.js';
import { RootedStore } from './rooted-store.js';

/** What each user sees of a store: the folder that is their root, made when it is missing, with as much room as quotas leave. */
export class UserStores {
  readonly #store: Store;
  readonly #book: QuotaBook;
  /** Roots that are there as far as is known. */
  readonly #made = new Map<string, Promise<void>>();
  /** Those of them that nobody has to wait for any more. */
  readonly #there = new Set<string>();

  constructor(store: Store, access: Access) {
    this.#store = store;
    this.#book = new QuotaBook(store, () => access.quotas());
  }

  async viewFor(grant: Grant): Promise<Store> {
    if (grant.root !== '') await this.#makeRoot(grant.root);
    return this.viewNow(grant);
  }

  /** The same, if it takes no waiting: undefined when the root may be missing. */
  viewIfMade(grant: Grant): Store | undefined {
    return grant.root === '' || this.#there.has(grant.root) ? this.viewNow(grant) : undefined;
  }

  /** The same, though the root may be missing. */
  viewNow({ root, quota }: Grant): Store {
    const metered = new MeteredStore(this.#store, this.#book, { root, quota });
    // Somebody may have removed it: the next one makes it again.
    return root === '' ? metered : new RootedStore(metered, root, () => this.#isMissing(root));
  }

  #isMissing(root: string): void {
    this.#made.delete(root);
    this.#there.delete(root);
  }

  #makeRoot(root: string): Promise<void> {
    let made = this.#made.get(root);
    if (made === undefined) {
      made = this.#ensure(root);
      this.#made.set(root, made);
      made.then(
        () => this.#there.add(root),
        () => this.#made.delete(root),
      );
    }
    return made;
  }

  async #ensure(root: string): Promise<void> {
    try {
      // Counted where it is in somebody else's root, but held to no quota: nobody asked for it.
      const files = root.split('/').length;
      const reservation = await this.#book.reserve({ root, quota: undefined }, root, { bytes: 0, files });
      await this.#book.keep(reservation, () =>
        this.#store.makeDirectory(root, { parents: true, mtime: undefined }),
      );
    } catch (error) {
      // A store that is only read makes nothing, but may have it.
      const there = await this.#store.stat(root).catch(() => undefined);
      if (there?.kind === 'directory') return;
      const { code, retry } = FilexError.from(error);
      throw new FilexError(code, 'the folder of this user cannot be made', { path: '', retry, cause: error });
    }
  }
}
