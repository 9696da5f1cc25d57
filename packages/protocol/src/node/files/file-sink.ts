import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FilexError } from '../../errors.js';
import type { ConflictPolicy, Outcome } from '../../vocabulary.js';
import type { DownloadInfo, DownloadSink } from '../types.js';
import { stat } from './calls.js';
import type { Directory } from './directory-sync.js';
import { fileError } from './errno.js';
import { refuseEarly } from './publication.js';
import { createPublishingContext, StagedFile, stagingName } from './staged-file.js';

/** How to take a download into a file. */
export interface FileSinkOptions {
  /** Default: `fail`. */
  readonly ifExists?: ConflictPolicy | undefined;
  /** Flush to the device before the name appears. Default: true. */
  readonly durable?: boolean | undefined;
  /** Bytes, and microseconds since 1970, of the file that will be written, when known: finds a conflict before the transfer. */
  readonly expected?: { readonly size: number; readonly mtime: number } | undefined;
}

/** All downloads of this process, so that they share flushes and take turns about a name. */
const context = createPublishingContext();

/**
 * Takes a download into a file: staged beside it as `.filex-<random>.part`, so on the same file system, and published
 * whole. After `abort`, or a `commit` that failed, nothing is left.
 */
export class FileSink implements DownloadSink {
  readonly #staged: StagedFile;
  readonly #directory: Directory;
  readonly #folder: string;
  readonly #name: string;
  readonly #options: FileSinkOptions;

  private constructor(
    staged: StagedFile,
    directory: Directory,
    destination: string,
    options: FileSinkOptions,
  ) {
    this.#staged = staged;
    this.#directory = directory;
    this.#folder = dirname(destination);
    this.#name = basename(destination);
    this.#options = options;
  }

  /**
   * @throws FilexError when it can be told at once that the file cannot be written there: `PARENT_NOT_FOUND`,
   * `IS_A_DIRECTORY`, `ALREADY_EXISTS`, `PERMISSION_DENIED` …
   */
  static async open(destination: string | URL, options: FileSinkOptions = {}): Promise<FileSink> {
    const label = destination instanceof URL ? fileURLToPath(destination) : destination;
    // `basename` overlooks a separator at the end; whoever wrote one meant a folder.
    if (basename(label) === '' || !label.endsWith(basename(label)))
      throw new FilexError('IS_A_DIRECTORY', `cannot write ${JSON.stringify(label)}: it names a folder`, {
        path: label,
      });
    const folder = dirname(label);
    const directory = await directoryAt(folder, label);
    const { ifExists = 'fail', expected } = options;
    await refuseEarly(label, { label, ifExists, size: expected?.size, mtime: expected?.mtime }).catch(
      (error: unknown) => {
        throw fileError(error, { action: 'write', path: label });
      },
    );
    const path = join(folder, `.filex-${stagingName()}.part`);
    return new FileSink(await StagedFile.create({ path, label, context }), directory, label, options);
  }

  /** Appends to what is staged. The view is not looked at any more once the promise has settled. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#staged.write(bytes);
  }

  /**
   * Publishes the file with the time and mode of `entry`.
   * @returns where it is, which differs from what was wanted under the policy `rename` only.
   * @throws FilexError `ALREADY_EXISTS` and what else the file system refuses with.
   */
  async commit({ entry }: DownloadInfo): Promise<{ readonly outcome: Outcome; readonly path: string }> {
    const { ifExists = 'fail', durable = true } = this.#options;
    const { outcome, name } = await this.#staged.publish({
      directory: this.#directory,
      name: this.#name,
      ifExists,
      mtime: entry.mtime,
      executable: entry.executable,
      durable,
    });
    return { outcome, path: join(this.#folder, name) };
  }

  /** Removes what was staged. */
  abort(): Promise<void> {
    return this.#staged.discard();
  }
}

async function directoryAt(path: string, label: string): Promise<Directory> {
  try {
    const stats = await stat(path);
    if (!stats.isDirectory())
      throw new FilexError(
        'NOT_A_DIRECTORY',
        `cannot write ${JSON.stringify(label)}: ${path} is not a folder`,
        { path: label },
      );
    return { path, key: `${stats.dev}:${stats.ino}` };
  } catch (error) {
    throw fileError(error, { action: 'write', path: label, codes: { ENOENT: 'PARENT_NOT_FOUND' } });
  }
}
