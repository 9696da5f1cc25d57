import { type Entry, FilexError } from '@filex/protocol';
import type { FileSource } from '@filex/protocol/node';
import type { StoredFile } from '../store.js';
import { entryOf } from './entry.js';
import type { OpenFilePool } from './open-file-pool.js';
import { VersionSource } from './version-source.js';

/** One version of a file of the store, open for reading. */
export class LocalFile implements StoredFile {
  readonly entry: Entry;
  readonly #source: VersionSource;
  readonly #pool: OpenFilePool<VersionSource>;
  /** The pool takes one call at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(entry: Entry, source: VersionSource, pool: OpenFilePool<VersionSource>) {
    this.entry = entry;
    this.#source = source;
    this.#pool = pool;
  }

  /** @param open opens the file that has the name now. */
  static async open(
    pool: OpenFilePool<VersionSource>,
    label: string,
    ifMatch: string | undefined,
    open: () => Promise<FileSource>,
  ): Promise<LocalFile> {
    const source = await pool.create(() => VersionSource.open(label, open));
    const entry = entryOf(label, source.stats);
    if (ifMatch === undefined || ifMatch === entry.etag) return new LocalFile(entry, source, pool);
    await pool.discard(source);
    throw new FilexError(
      'PRECONDITION_FAILED',
      `${JSON.stringify(label)} is another version than asked for`,
      {
        path: label,
      },
    );
  }

  read(buffer: Uint8Array, offset: number): Promise<number> {
    return this.#inTurn(() => this.#source.read(buffer, offset));
  }

  verify(): Promise<void> {
    return this.#inTurn(() => this.#source.verify());
  }

  async close(): Promise<void> {
    await this.#pool.discard(this.#source);
    await this.#last;
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#pool.use(this.#source, call));
    this.#last = turn.catch(toldToItsCaller);
    return turn;
  }
}

function toldToItsCaller(): void {}
