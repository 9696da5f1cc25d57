import { type BigIntStats, constants } from 'node:fs';
import { FilexError } from '../../errors.js';
import { MAX_U64 } from '../../limits.js';
import { close, fstat, lstat, open, stat } from './calls.js';
import { fileError } from './errno.js';
import { kindOf, readAll } from './existing-file.js';
import { isExecutable } from './file-mode.js';
import { modificationTime } from './file-times.js';

/** How to open a file for reading. */
export interface FileSourceOptions {
  /** What errors call the file; default: the path as text. */
  readonly label?: string | undefined;
  /** Whether the last name may be a symlink to a file. Default: true. */
  readonly followSymlink?: boolean | undefined;
}

/** One version of a regular file, for reading. Any number of reads may be under way at once. */
export class FileSource {
  /** The file as it was when it was opened. */
  readonly stats: BigIntStats;
  /** Bytes. */
  readonly size: number;
  /** Microseconds since 1970. */
  readonly mtime: number;
  /** Whether its owner may run it as a program. */
  readonly executable: boolean;
  readonly #label: string;
  readonly #underWay = new Set<Promise<unknown>>();
  #fd: number | undefined;

  private constructor(fd: number, stats: BigIntStats, label: string) {
    this.#fd = fd;
    this.#label = label;
    this.stats = stats;
    this.size = Number(stats.size);
    this.mtime = modificationTime(stats);
    this.executable = isExecutable(stats);
  }

  /**
   * @throws FilexError `NOT_FOUND`, `IS_A_DIRECTORY`, `NOT_A_FILE` (a symlink that is not followed, a pipe, a socket, a
   * device), `PERMISSION_DENIED` …
   */
  static async open(path: string | Buffer | URL, options: FileSourceOptions = {}): Promise<FileSource> {
    const { label = String(path), followSymlink = true } = options;
    try {
      // Looked at before it is opened: opening a pipe wakes up its writer, and opening a device can do anything.
      checkKind(await (followSymlink ? stat(path) : lstat(path)), label);
      // O_NONBLOCK: should it have become a pipe since, opening it must not wait for a writer.
      const noFollow = followSymlink ? 0 : (constants.O_NOFOLLOW ?? 0);
      const fd = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | noFollow);
      try {
        const stats = await fstat(fd);
        checkKind(stats, label);
        return new FileSource(fd, stats, label);
      } catch (error) {
        await close(fd);
        throw error;
      }
    } catch (error) {
      throw fileError(error, { action: 'read', path: label });
    }
  }

  /**
   * Fills `buffer` from `offset` on; fewer bytes only at the end of the file, 0 after it.
   * @throws FilexError `SOURCE_CHANGED` when the file has become shorter.
   */
  async read(buffer: Uint8Array, offset: number): Promise<number> {
    const length = Math.max(0, Math.min(buffer.length, this.size - offset));
    const count = await this.#use((fd) => readAll(fd, buffer, length, offset));
    if (count < length) throw this.#changed('it has become shorter');
    return count;
  }

  /** @throws FilexError `SOURCE_CHANGED` when what was read may be a mixture of two versions. */
  async verify(): Promise<void> {
    await this.#use(async (fd) => {
      const why = changeSince(this.stats, await fstat(fd));
      if (why !== undefined) throw this.#changed(why);
      // Files of /proc and the like say 0 and have content all the same.
      if (this.size === 0 && (await readAll(fd, new Uint8Array(1), 1, 0)) !== 0)
        throw this.#changed('it has more bytes than it says');
    });
  }

  /** Waits for reads that are under way. */
  async close(): Promise<void> {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    // A descriptor that is closed under a running read could be another file's by the time the read happens.
    await Promise.allSettled(this.#underWay);
    await close(fd);
  }

  async #use<T>(work: (fd: number) => Promise<T>): Promise<T> {
    if (this.#fd === undefined)
      throw new FilexError('CANCELLED', `cannot read ${this.#quoted}: it was closed`);
    const running = work(this.#fd);
    this.#underWay.add(running);
    try {
      return await running;
    } catch (error) {
      throw fileError(error, { action: 'read', path: this.#label });
    } finally {
      this.#underWay.delete(running);
    }
  }

  get #quoted(): string {
    return JSON.stringify(this.#label);
  }

  #changed(why: string): FilexError {
    const path = this.#label;
    return new FilexError('SOURCE_CHANGED', `${this.#quoted} changed while it was read: ${why}`, { path });
  }
}

/** What has happened to an open file meanwhile; undefined when nothing has. */
export function changeSince(then: BigIntStats, now: BigIntStats): string | undefined {
  if (now.size !== then.size || now.mtimeNs !== then.mtimeNs || now.ino !== then.ino)
    return 'it was written to';
  // The time of the last change catches writers that set the modification time back. It moves too, harmlessly, when
  // the file gets or loses a name, as in our own publishing and replacing; the number of names tells.
  return now.ctimeNs !== then.ctimeNs && now.nlink === then.nlink ? 'it was touched' : undefined;
}

function checkKind(stats: BigIntStats, path: string): void {
  const kind = kindOf(stats);
  const quoted = JSON.stringify(path);
  if (kind === 'directory')
    throw new FilexError('IS_A_DIRECTORY', `cannot read ${quoted}: it is a folder`, { path });
  if (kind !== 'file') {
    const what = kind === 'symlink' ? 'a symlink' : 'a pipe, socket or device';
    throw new FilexError('NOT_A_FILE', `cannot read ${quoted}: it is ${what}`, { path });
  }
  if (stats.size > BigInt(MAX_U64))
    throw new FilexError('TOO_LARGE', `cannot read ${quoted}: too large`, { path });
}
