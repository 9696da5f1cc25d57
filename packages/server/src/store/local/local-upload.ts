import { FilexError } from '@filex/protocol';
import type { StagedFile } from '@filex/protocol/node';
import type { CommitOutcome, CommitRequest, StagedUpload, StageRequest } from '../store.js';
import { etagOf } from './entry.js';
import type { Folder } from './folder.js';
import type { OpenFilePool } from './open-file-pool.js';
import type { SpacePromise } from './space.js';
import type { NamedPath } from './store-path.js';
import type { Warn } from './warn.js';

/** Runs work in the folder that the file belongs into, held open for it. */
type InFolder = <T>(work: (folder: Folder) => Promise<T>) => Promise<T>;

/** One upload on its way into the store. */
export class LocalUpload implements StagedUpload {
  readonly #file: StagedFile;
  readonly #pool: OpenFilePool<StagedFile>;
  readonly #space: SpacePromise;
  readonly #request: StageRequest;
  readonly #place: NamedPath;
  readonly #warn: Warn;
  readonly #inFolder: InFolder;

  constructor(
    file: StagedFile,
    pool: OpenFilePool<StagedFile>,
    space: SpacePromise,
    request: StageRequest,
    place: NamedPath,
    warn: Warn,
    inFolder: InFolder,
  ) {
    this.#file = file;
    this.#pool = pool;
    this.#space = space;
    this.#request = request;
    this.#place = place;
    this.#warn = warn;
    this.#inFolder = inFolder;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#space.cover(bytes.length);
    await this.#pool.use(this.#file, () => this.#file.write(bytes));
    this.#space.wrote(bytes.length);
  }

  sync(): Promise<number> {
    return this.#pool.use(this.#file, () => this.#file.sync());
  }

  truncate(length: number): Promise<void> {
    this.#space.drops(Math.max(0, this.#file.length - length));
    return this.#pool.use(this.#file, () => this.#file.truncate(length));
  }

  async commit({ length }: CommitRequest): Promise<CommitOutcome> {
    const { name, parent, label } = this.#place;
    const { ifExists, mtime, executable } = this.#request;
    try {
      if (length !== this.#file.length)
        throw new FilexError('LENGTH_MISMATCH', `${this.#file.length} bytes were staged, not ${length}`, {
          path: label,
        });
      const published = await this.#pool.use(this.#file, () =>
        this.#inFolder((folder) =>
          this.#file.publish({ directory: folder, name, ifExists, mtime, executable, durable: true }),
        ),
      );
      this.#space.end();
      const path = [...parent, published.name].join('/');
      return { outcome: published.outcome, path, etag: etagOf(published.stats) };
    } catch (error) {
      // Why it was not stored is what the caller must know.
      await this.abort().catch((err: unknown) =>
        this.#warn('could not remove what was staged', { path: label, err }),
      );
      throw error;
    }
  }

  async abort(): Promise<void> {
    try {
      await this.#pool.discard(this.#file);
    } finally {
      this.#space.end();
    }
  }
}
