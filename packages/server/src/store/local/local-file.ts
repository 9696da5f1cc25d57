import { type Entry, FilexError } from '@filex/protocol';
import { FileSource } from '@filex/protocol/node';
import type { StoredFile } from '../store.js';
import { entryOf } from './entry.js';
import { type Folder, pathIn } from './folder.js';

/** One version of a file of the store, open for reading. */
export class LocalFile implements StoredFile {
  readonly entry: Entry;
  readonly #source: FileSource;
  #onClose: (() => void) | undefined;

  private constructor(entry: Entry, source: FileSource, onClose: () => void) {
    this.entry = entry;
    this.#source = source;
    this.#onClose = onClose;
  }

  /** @param onClose called once the file is closed; not when opening it fails. */
  static async open(
    folder: Folder,
    name: string,
    label: string,
    ifMatch: string | undefined,
    onClose: () => void,
  ): Promise<LocalFile> {
    const source = await FileSource.open(pathIn(folder, name), { label, followSymlink: false });
    const entry = entryOf(label, source.stats);
    if (ifMatch === undefined || ifMatch === entry.etag) return new LocalFile(entry, source, onClose);
    await source.close();
    throw new FilexError(
      'PRECONDITION_FAILED',
      `${JSON.stringify(label)} is another version than asked for`,
      {
        path: label,
      },
    );
  }

  read(buffer: Uint8Array, offset: number): Promise<number> {
    return this.#source.read(buffer, offset);
  }

  verify(): Promise<void> {
    return this.#source.verify();
  }

  async close(): Promise<void> {
    const onClose = this.#onClose;
    this.#onClose = undefined;
    try {
      await this.#source.close();
    } finally {
      onClose?.();
    }
  }
}
