import { type FileHandle, open, rename } from 'node:fs/promises';
import { DirectorySync } from '@filex/protocol/node';
import { bounds } from '../../../bounds.js';
import { type Folder, pathIn } from '../folder.js';
import { formatLine, type JournalLine } from './upload-record.js';

/** The name of a journal in the folder of its owner. */
export const JOURNAL = 'journal';

/** Under which it is written anew. */
const NEW_JOURNAL = 'journal.new';

export interface JournalOptions {
  /** Whether a line has to survive a power cut before it counts as written. */
  readonly durable: boolean;
  /** Which run of the machine this is. */
  readonly boot: string;
  /** All that still matters, for when the journal is written anew. */
  live(): Iterable<JournalLine>;
}

/**
 * What one server has written down of its uploads: lines are only ever added. As databases do, all that wait are written and
 * flushed together (group commit), so that many small files cost few flushes. When it has become long, or a write has failed, it
 * is written anew, with what still matters.
 */
export class Journal {
  readonly #folder: Folder;
  readonly #options: JournalOptions;
  readonly #syncs = new DirectorySync();
  #file: FileHandle;
  #size: number;
  /** Written anew below this, it would not become shorter by much. */
  #rewriteAt = bounds.journalSize;
  /** After a failure nobody knows what of it is on the disk. */
  #isDoubtful = false;
  #gathered: string[] = [];
  #next: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(folder: Folder, options: JournalOptions, file: FileHandle, size: number) {
    this.#folder = folder;
    this.#options = options;
    this.#file = file;
    this.#size = size;
  }

  /** Makes an empty one. Rejects with the error of the operating system. */
  static async create(folder: Folder, options: JournalOptions): Promise<Journal> {
    const file = await open(pathIn(folder, JOURNAL), 'ax', 0o600);
    const journal = new Journal(folder, options, file, 0);
    try {
      await journal.append({ boot: options.boot });
      if (options.durable) await journal.#syncs.sync(folder);
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Resolves when the lines are on record. Rejects with the error of the operating system; then they may be, or not. */
  append(...lines: readonly JournalLine[]): Promise<void> {
    for (const line of lines) this.#gathered.push(formatLine(line));
    if (this.#next === undefined) {
      const next = this.#running.then(() => this.#flush());
      this.#next = next;
      this.#running = next.catch(toldToAll);
    }
    return this.#next;
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#running;
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const lines = this.#gathered.join('');
    this.#gathered = [];
    this.#next = undefined;
    if (this.#isDoubtful || this.#size > this.#rewriteAt) return this.#rewrite(lines);
    try {
      await this.#write(this.#file, lines);
      this.#size += lines.length;
    } catch (error) {
      this.#isDoubtful = true;
      throw error;
    }
  }

  async #rewrite(lines: string): Promise<void> {
    const path = pathIn(this.#folder, NEW_JOURNAL);
    const { boot, live, durable } = this.#options;
    const text = [{ boot }, ...live()].map(formatLine).join('') + lines;
    const file = await open(path, 'w', 0o600);
    try {
      await this.#write(file, text);
      await rename(path, pathIn(this.#folder, JOURNAL));
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#file.close();
    this.#file = file;
    this.#size = text.length;
    this.#rewriteAt = Math.max(bounds.journalSize, 2 * text.length);
    this.#isDoubtful = true; // until its name is durable
    if (durable) await this.#syncs.sync(this.#folder);
    this.#isDoubtful = false;
  }

  async #write(file: FileHandle, text: string): Promise<void> {
    await file.appendFile(text);
    if (this.#options.durable) await file.datasync();
  }
}

/** Everybody who waits for a line has heard of its failure. */
function toldToAll(): void {}
