import type { BigIntStats } from 'node:fs';
import { FilexError } from '@filex/protocol';
import type { FileSource } from '@filex/protocol/node';
import type { ParkableFile } from './open-file-pool.js';

/** One version of a file, for reading, that is closed and opened again in between: then it must be the same file still. */
export class VersionSource implements ParkableFile {
  /** As it was when it was opened first. */
  readonly stats: BigIntStats;
  readonly #label: string;
  readonly #open: () => Promise<FileSource>;
  #source: FileSource | undefined;
  #ended = false;

  private constructor(source: FileSource, label: string, open: () => Promise<FileSource>) {
    this.#source = source;
    this.stats = source.stats;
    this.#label = label;
    this.#open = open;
  }

  /** @param open opens the file that has the name now. */
  static async open(label: string, open: () => Promise<FileSource>): Promise<VersionSource> {
    return new VersionSource(await open(), label, open);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** @throws FilexError `SOURCE_CHANGED` when another file has the name, or this one was written to, since it was parked. */
  async read(buffer: Uint8Array, offset: number): Promise<number> {
    return (await this.#current()).read(buffer, offset);
  }

  /** @throws FilexError `SOURCE_CHANGED` */
  async verify(): Promise<void> {
    await (await this.#current()).verify();
  }

  async park(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    await source?.close();
  }

  async discard(): Promise<void> {
    this.#ended = true;
    await this.park();
  }

  async #current(): Promise<FileSource> {
    if (!this.#ended) this.#source ??= await this.#openAgain();
    const source = this.#source;
    if (source !== undefined && !this.#ended) return source;
    await this.park(); // should it have ended while it was being opened
    throw new FilexError('CANCELLED', `cannot read ${JSON.stringify(this.#label)}: it was closed`);
  }

  async #openAgain(): Promise<FileSource> {
    const path = this.#label;
    const changed = (cause?: unknown): FilexError =>
      new FilexError(
        'SOURCE_CHANGED',
        `${JSON.stringify(path)} changed while it was read: another file has its name`,
        {
          path,
          cause,
        },
      );
    const source = await this.#open().catch((error: unknown) => {
      if (error instanceof FilexError && GONE.has(error.code)) throw changed(error);
      throw error;
    });
    const then = this.stats;
    const now = source.stats;
    const same =
      now.dev === then.dev && now.ino === then.ino && now.size === then.size && now.mtimeNs === then.mtimeNs;
    if (same && (now.ctimeNs === then.ctimeNs || now.nlink !== then.nlink)) return source;
    await source.close();
    throw changed();
  }
}

/** What has become of the name: nothing, or something else. */
const GONE = new Set(['NOT_FOUND', 'NOT_A_FILE', 'IS_A_DIRECTORY', 'NOT_A_DIRECTORY']);
