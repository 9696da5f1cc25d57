import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { FilexError } from '@filex/protocol';
import { errnoOf, fileMode, setModificationTimeSync } from '@filex/protocol/node';

/** What a small file is to be. */
export interface WholeFileParts {
  /** Where it is staged. */
  readonly staged: string;
  /** Where it is to appear, in a folder that is held open. */
  readonly target: string;
  readonly bytes: Uint8Array;
  /** Microseconds since 1970. */
  readonly mtime: number;
  readonly executable: boolean;
}

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/**
 * A small file on its way to a name that is free: staged, linked to its name, its staged name removed, as `StagedFile` does it. The
 * calls are synchronous: each takes a few microseconds, and handing it to another thread and back several times that.
 */
export class WholeFile {
  readonly #parts: WholeFileParts;
  #fd: number | undefined;

  constructor(parts: WholeFileParts) {
    this.#parts = parts;
  }

  /** Whether something has its name. */
  get isTaken(): boolean {
    return lstatSync(this.#parts.target, { throwIfNoEntry: false }) !== undefined;
  }

  /** Whether it has, or something has, its staged name. */
  get isStaged(): boolean {
    return lstatSync(this.#parts.staged, { throwIfNoEntry: false }) !== undefined;
  }

  /** Writes it where nobody sees it. After a failure, `drop`. */
  stage(): number {
    const { staged, bytes, mtime, executable } = this.#parts;
    const fd = openSync(staged, FLAGS, 0o600);
    this.#fd = fd;
    for (let done = 0; done < bytes.length; ) {
      const count = writeSync(fd, bytes, done, bytes.length - done, done);
      // Never seen, but a loop that cannot end must not exist.
      if (count === 0) throw new FilexError('IO_ERROR', 'no progress');
      done += count;
    }
    fchmodSync(fd, fileMode(executable));
    setModificationTimeSync(fd, mtime);
    return fd;
  }

  /** Gives it its name, without ever taking one from somebody. Throws the error of the operating system. */
  publish(): void {
    linkSync(this.#parts.staged, this.#parts.target);
  }

  /** Removes the staged name. Throws the error of the operating system; the file has its own name all the same. */
  cleanUp(): void {
    unlinkIfThere(this.#parts.staged);
  }

  /** What is known of it, and the last of it here. */
  finish(): BigIntStats {
    const stats = fstatSync(this.#fd as number, { bigint: true });
    this.#close();
    return stats;
  }

  /** Gives the bytes up, unless somebody else's are in their place. */
  drop(): void {
    if (this.#fd === undefined) return;
    this.#close();
    unlinkIfThere(this.#parts.staged);
  }

  #close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
