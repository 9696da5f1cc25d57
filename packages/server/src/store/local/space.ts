import { FilexError } from '@filex/protocol';
import { bounds } from '../../bounds.js';
import type { FileSystemSpace } from './file-system-space.js';

/** What {@link Space} needs. */
export interface SpaceSettings {
  /** Bytes; undefined: a part of the file system, as `bounds` has it. */
  readonly keepFree: number | undefined;
  /** Asks the file system. */
  look(): Promise<FileSystemSpace>;
  /** Milliseconds on a clock that only goes forward. */
  now(): number;
  /** Frees something that nobody needs at the moment; tells whether there was anything. Default: there is nothing. */
  makeRoom?(): Promise<boolean>;
}

/**
 * Sees to it that uploads, however many at once, leave `keepFree` bytes of the file system free. What was promised to an
 * upload and is not written yet counts as taken, so that no two get the same space.
 *
 * Asking the file system for each small file would cost more than the file. So what it has said holds for
 * `bounds.spaceAge`, less all that was promised since; only when that is not enough, or old, it is asked again. Everything
 * here errs to the side of less space: what is being written while the file system is asked counts twice.
 *
 * Other programs on the same file system are seen each time it is asked, but promised nothing.
 */
export class Space {
  readonly #settings: SpaceSettings;
  /** Promised and not written, by all uploads together. */
  #promised = 0;
  /** Promised since the file system was asked last: the answer may know of it, or not. */
  #promisedSince = 0;
  /** What can still be promised by the last answer. */
  #available = 0;
  #keepFree = 0;
  #block = 0;
  /** When the last answer was asked for. */
  #askedAt: number | undefined;
  #asking: Promise<void> | undefined;

  constructor(settings: SpaceSettings) {
    this.#settings = settings;
  }

  /**
   * Promises space to an upload, all of it when its size is known.
   * @throws FilexError `NO_SPACE`
   */
  promise(size: number | undefined, label: string): Promise<SpacePromise> {
    return this.promiseAll([size ?? 0], label);
  }

  /**
   * The same for several together, of known sizes: all or nothing.
   * @throws FilexError `NO_SPACE`
   */
  async promiseAll(sizes: readonly number[], label: string): Promise<SpacePromise> {
    const made = new SpacePromise((bytes, wish) => this.#take(bytes, wish, label), this.#ledger);
    // One block that the end of each file does not fill, one for its name.
    let bytes = 2 * sizes.length * (await this.#blockSize());
    for (const size of sizes) bytes += size;
    await made.cover(bytes, 0);
    return made;
  }

  /**
   * Something small that is no file, a folder.
   * @throws FilexError `NO_SPACE`
   */
  async checkForFolder(label: string): Promise<void> {
    (await this.promise(0, label)).end();
  }

  readonly #ledger: Ledger = {
    wrote: (bytes) => {
      this.#promised -= bytes;
    },
    owes: (bytes) => {
      this.#promised += bytes;
      this.#promisedSince += bytes; // an answer on its way may count them as free
    },
  };

  async #blockSize(): Promise<number> {
    if (this.#askedAt === undefined) await this.#ask();
    return this.#block;
  }

  /** @returns how much was promised: `wish`, or else at least `bytes`. */
  async #take(bytes: number, wish: number, label: string): Promise<number> {
    const { now } = this.#settings;
    if (this.#askedAt === undefined || now() - this.#askedAt >= bounds.spaceAge) await this.#ask();
    // An answer that was on its way already may be older than what has just become free.
    for (let round = 0; round < 2 && this.#available < bytes; round += 1) await this.#ask();
    while (this.#available < bytes && (await this.#settings.makeRoom?.()) === true) await this.#ask();
    if (this.#available < bytes) throw this.#refusal(bytes, label);
    const taken = this.#available < wish ? bytes : wish;
    this.#available -= taken;
    this.#ledger.owes(taken);
    return taken;
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#look().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #look(): Promise<void> {
    const promised = this.#promised;
    const askedAt = this.#settings.now();
    this.#promisedSince = 0;
    const { free, total, block } = await this.#settings.look();
    this.#askedAt = askedAt;
    this.#block = block;
    this.#keepFree =
      this.#settings.keepFree ??
      Math.min(bounds.keepFree, Math.floor((total * bounds.keepFreePercent) / 100));
    this.#available = free - this.#keepFree - promised - this.#promisedSince;
  }

  #refusal(bytes: number, label: string): FilexError {
    const left = Math.max(0, this.#available);
    return new FilexError(
      'NO_SPACE',
      `cannot store ${JSON.stringify(label)}: it needs ${bytes} bytes more, and ${left} are left beside what others were promised and the ${this.#keepFree} bytes to be kept free (keepFree)`,
      { path: label },
    );
  }
}

interface Ledger {
  wrote(bytes: number): void;
  owes(bytes: number): void;
}

/** The space that one upload was promised. */
export class SpacePromise {
  readonly #take: (bytes: number, wish: number) => Promise<number>;
  readonly #ledger: Ledger;
  /** Promised and not written. */
  #left = 0;
  /** Bytes of all writes that have begun, and of those of them that have ended. */
  #begun = 0;
  #over = 0;
  /** One after the other, so that none asks for what another one does. */
  #covering: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(take: (bytes: number, wish: number) => Promise<number>, ledger: Ledger) {
    this.#take = take;
    this.#ledger = ledger;
  }

  /**
   * To be called before so many bytes are written.
   * @param step what is taken at least, so that a long upload of unknown size asks seldom; near the end of the space, less.
   * @throws FilexError `NO_SPACE`, when they were not promised and there is no space for them.
   */
  async cover(bytes: number, step: number = bounds.spaceStep): Promise<void> {
    const missing = bytes - this.#left;
    if (missing <= 0) return;
    const taken = await this.#take(missing, Math.max(missing, step));
    if (this.#ended) this.#ledger.wrote(taken);
    else this.#left += taken;
  }

  /**
   * Runs `write`, which puts so many bytes on the disk. Several may be under way at once.
   * @throws FilexError `NO_SPACE`, and what `write` throws.
   */
  async take(bytes: number, write: () => Promise<void>): Promise<void> {
    this.#begun += bytes;
    const upTo = this.#begun;
    try {
      const covering = this.#covering.then(() => this.cover(upTo - this.#over));
      this.#covering = covering.catch(() => undefined); // whose write it is is told
      await covering;
      await write();
      this.wrote(bytes);
    } finally {
      this.#over += bytes;
    }
  }

  /** So many bytes are on the disk now. */
  wrote(bytes: number): void {
    const counted = Math.min(bytes, this.#left);
    this.#left -= counted;
    this.#ledger.wrote(counted);
  }

  /** So many bytes that were written are going to be dropped, and written again. */
  drops(bytes: number): void {
    this.#left += bytes;
    this.#ledger.owes(bytes);
  }

  /** Nothing more will be written. What was written is the file system's to count. */
  end(): void {
    this.#ended = true;
    this.#ledger.wrote(this.#left);
    this.#left = 0;
  }
}
