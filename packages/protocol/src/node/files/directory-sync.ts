import { constants } from 'node:fs';
import { close, fsync, open } from './calls.js';
import { errnoOf } from './errno.js';

/** A folder by a path that leads to it now, and by what tells it from every other folder. */
export interface Directory {
  /** Must stay good until what was asked for has settled. */
  readonly path: string;
  /** The same for two paths to one folder, different for two folders. */
  readonly key: string;
}

/**
 * Makes names durable: a file that was just published is still lost in a power cut until its folder is flushed. As
 * databases do, many that wait for the same folder share one flush (group commit): while one runs, all newcomers gather
 * for the next, because the running one may have begun before their names were there.
 */
export class DirectorySync {
  readonly #running = new Map<string, Promise<void>>();
  readonly #gathering = new Map<string, Promise<void>>();
  readonly #flush: (path: string) => Promise<void>;

  /** @param flush what flushes one folder; a parameter for tests. */
  constructor(flush: (path: string) => Promise<void> = flushDirectory) {
    this.#flush = flush;
  }

  /** Resolves when every name that is in the folder at the time of the call is durable. */
  sync(directory: Directory): Promise<void> {
    const gathering = this.#gathering.get(directory.key);
    if (gathering !== undefined) return gathering;
    const running = this.#running.get(directory.key);
    if (running === undefined) return this.#run(directory);
    const begin = (): Promise<void> => {
      this.#gathering.delete(directory.key);
      return this.#run(directory);
    };
    const gathered = running.then(begin, begin); // a failure was told to those who waited for that one
    this.#gathering.set(directory.key, gathered);
    return gathered;
  }

  #run(directory: Directory): Promise<void> {
    const run = this.#flush(directory.path).finally(() => this.#running.delete(directory.key));
    this.#running.set(directory.key, run);
    return run;
  }
}

/** What a file system answers that has no flushing of folders (some network and FUSE ones). */
const CANNOT_FLUSH = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF']);

async function flushDirectory(path: string): Promise<void> {
  // Windows cannot open a folder for this, and NTFS journals names by itself.
  if (process.platform === 'win32') return;
  const fd = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await fsync(fd);
  } catch (error) {
    if (!CANNOT_FLUSH.has(errnoOf(error) ?? '')) throw error;
  } finally {
    await close(fd);
  }
}
