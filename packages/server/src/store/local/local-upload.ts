import { BLOCK_SIZE, FilexError } from '@filex/protocol';
import { fileError, type StagedFile } from '@filex/protocol/node';
import type { CommitOutcome, CommitRequest, StagedUpload } from '../store.js';
import { etagOf } from './entry.js';
import type { Folder } from './folder.js';
import type { OpenFilePool } from './open-file-pool.js';
import type { SpacePromise } from './space.js';
import type { NamedPath } from './store-path.js';
import type { UploadEntry } from './uploads/upload-entry.js';
import type { UploadRecord } from './uploads/upload-record.js';
import type { Warn } from './warn.js';

/** Runs work in the folder that the file belongs into, held open for it. */
type InFolder = <T>(work: (folder: Folder) => Promise<T>) => Promise<T>;

/** What an upload into the store works with. */
export interface LocalUploadParts {
  readonly file: StagedFile;
  readonly pool: OpenFilePool<StagedFile>;
  readonly space: SpacePromise;
  readonly entry: UploadEntry;
  readonly request: Pick<UploadRecord, 'ifExists' | 'mtime' | 'executable'>;
  readonly place: NamedPath;
  /** Whether things are flushed at all. */
  readonly durable: boolean;
  readonly warn: Warn;
  readonly inFolder: InFolder;
}

/** One upload on its way into the store. */
export class LocalUpload implements StagedUpload {
  readonly #parts: LocalUploadParts;

  constructor(parts: LocalUploadParts) {
    this.#parts = parts;
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    const { space, pool, file } = this.#parts;
    return space.take(bytes.length, () => pool.use(file, () => file.write(bytes, offset)));
  }

  async sync(): Promise<number> {
    const { pool, file, entry, durable } = this.#parts;
    if (!durable) return file.length;
    const length = await pool.use(file, () => file.sync());
    await this.#told(entry.synced());
    return length;
  }

  async truncate(length: number): Promise<void> {
    const { space, pool, file, entry } = this.#parts;
    await this.#told(entry.truncated(Math.floor(length / BLOCK_SIZE)));
    space.drops(Math.max(0, file.extent - length));
    await pool.use(file, () => file.truncate(length));
  }

  blockWritten(leaf: Uint8Array): Promise<void> {
    return this.#told(this.#parts.entry.blockWritten(leaf));
  }

  fence(epoch: number): Promise<void> {
    return this.#told(this.#parts.entry.fence(epoch));
  }

  async suspend(): Promise<void> {
    const { pool, file, entry, space } = this.#parts;
    // What has no digest cannot be gone on with.
    if (entry.blocks === 0) return this.abort();
    try {
      await this.sync();
      await pool.release(file);
    } catch (error) {
      await this.#cleanUp();
      throw error;
    }
    space.end();
    await this.#told(entry.suspend());
  }

  async commit(commit: CommitRequest): Promise<CommitOutcome> {
    const { file, pool, space, entry, request, place, durable, inFolder } = this.#parts;
    const { name, parent, label } = place;
    const { ifExists, mtime, executable } = request;
    const pathOf = (given: string): string => [...parent, given].join('/');
    try {
      if (commit.length !== file.length)
        throw new FilexError('LENGTH_MISMATCH', `${file.length} bytes were staged, not ${commit.length}`, {
          path: label,
        });
      const log = entry.commitLog(commit, pathOf);
      const published = await pool.use(file, () =>
        inFolder((directory) => file.publish({ directory, name, ifExists, mtime, executable, durable, log })),
      );
      space.end();
      await entry.end().catch(this.#leftOver);
      const { outcome, stats } = published;
      return { outcome, path: pathOf(published.name), etag: etagOf(stats), time: entry.committedAt };
    } catch (error) {
      await this.#cleanUp();
      throw error;
    }
  }

  async abort(): Promise<void> {
    const { pool, file, space, entry } = this.#parts;
    try {
      await pool.discard(file);
    } finally {
      space.end();
      await entry.end();
    }
  }

  /** Tells what the file system has refused as a failure to store. */
  #told<T>(work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      throw fileError(error, { action: 'store', path: this.#parts.place.label });
    });
  }

  /** After a failure, which is what the caller must know. */
  async #cleanUp(): Promise<void> {
    await this.abort().catch(this.#leftOver);
  }

  readonly #leftOver = (err: unknown): void =>
    this.#parts.warn('could not remove what was staged', { path: this.#parts.place.label, err });
}
