import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FilexError } from '../../errors.js';
import type { ConflictPolicy, Outcome } from '../../vocabulary.js';
import { BLOCK_SIZE } from '../../wire/digest.js';
import { MAX_WRITES_IN_FLIGHT } from '../bounds.js';
import type { DownloadInfo, DownloadSink, PartialFiles } from '../types.js';
import { close, open, stat, unlink } from './calls.js';
import type { Directory } from './directory-sync.js';
import { errnoOf, fileError } from './errno.js';
import { readAll } from './existing-file.js';
import { LeavesFile } from './leaves-file.js';
import { sealPartial } from './partial-file.js';
import { refuseEarly } from './publication.js';
import { createPublishingContext, StagedFile, stagingName } from './staged-file.js';

/** How to take a download into a file. */
export interface FileSinkOptions {
  /** Default: `fail`. */
  readonly ifExists?: ConflictPolicy | undefined;
  /** Flush to the device before the name appears. Default: true. */
  readonly durable?: boolean | undefined;
  /** Where to stage it, and keep it after `abort`. Default: under a hidden name, removed by `abort`. */
  readonly partial?: PartialFiles | undefined;
  /** Goes on after so many bytes, whole blocks, of `partial`. Default: 0, which drops what is there. */
  readonly offset?: number | undefined;
  /** Bytes, and microseconds since 1970, of the file that will be written, when known: finds a conflict before the transfer. */
  readonly expected?: { readonly size: number; readonly mtime: number } | undefined;
}

/** All downloads of this process, so that they share flushes and take turns about a name. */
const context = createPublishingContext();

/**
 * Takes a download into a file: staged beside it as `.filex-<random>.part`, so on the same file system, and published
 * whole. After `abort`, or a `commit` that failed, nothing is left; with `partial`, `abort` keeps what can be gone on with.
 */
export class FileSink implements DownloadSink {
  readonly #staged: StagedFile;
  readonly #path: string;
  /** The digests of its blocks, when it is kept. */
  readonly #leaves: LeavesFile | undefined;
  readonly #directory: Directory;
  readonly #folder: string;
  readonly #name: string;
  readonly #options: FileSinkOptions;

  private constructor(
    staged: { readonly file: StagedFile; readonly path: string; readonly leaves: LeavesFile | undefined },
    directory: Directory,
    destination: string,
    options: FileSinkOptions,
  ) {
    this.#staged = staged.file;
    this.#path = staged.path;
    this.#leaves = staged.leaves;
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
    const { partial, offset = 0 } = options;
    const path = partial?.file ?? join(folder, `.filex-${stagingName()}.part`);
    const leaves = partial && new LeavesFile(partial.digests, offset / BLOCK_SIZE);
    const staging = { path, label, context };
    if (partial === undefined || offset === 0) {
      if (partial !== undefined) await removeOld(path, label);
      return new FileSink(
        { file: await StagedFile.create(staging), path, leaves },
        directory,
        label,
        options,
      );
    }
    const file = await StagedFile.reopen({ ...staging, length: offset });
    return new FileSink({ file, path, leaves }, directory, label, options);
  }

  /** Any number at once would do; more of them gain nothing. */
  readonly maxWritesInFlight = MAX_WRITES_IN_FLIGHT;

  /**
   * Writes to what is staged. The view is not looked at any more once the promise has settled.
   * @param offset default: after all that was written.
   */
  write(bytes: Uint8Array, offset?: number): Promise<void> {
    return this.#staged.write(bytes, offset);
  }

  /** Keeps the digest of a whole block that was written, where there is a place for it. */
  async blockWritten(leaf: Uint8Array): Promise<void> {
    await this.#leaves?.append(leaf).catch((error: unknown) => this.#fail(error, 'write'));
  }

  /** Drops what was written beyond `offset`. */
  async cut(offset: number): Promise<void> {
    if (this.#staged.extent > offset) await this.#staged.truncate(offset);
  }

  /** Drops what was written. */
  async restart(): Promise<void> {
    // The digests first: they must not vouch for anything that is not there.
    await this.#leaves?.truncate(0).catch((error: unknown) => this.#fail(error, 'write'));
    await this.#staged.truncate(0);
  }

  /** What was written from `offset` on, so many bytes. */
  async readBack(offset: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.alloc(length);
    try {
      const fd = await open(this.#path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
      try {
        const count = await readAll(fd, bytes, bytes.length, offset);
        if (count < bytes.length) throw new FilexError('IO_ERROR', 'what was written is not there any more');
      } finally {
        await close(fd);
      }
    } catch (error) {
      this.#fail(error, 'go on with');
    }
    return bytes;
  }

  /**
   * Publishes the file with the time and mode of `entry`.
   * @returns where it is, which differs from what was wanted under the policy `rename` only.
   * @throws FilexError `ALREADY_EXISTS` and what else the file system refuses with.
   */
  async commit({
    entry,
  }: Pick<DownloadInfo, 'entry'>): Promise<{ readonly outcome: Outcome; readonly path: string }> {
    const { ifExists = 'fail', durable = true } = this.#options;
    const { length } = this.#staged;
    if (length !== entry.size) {
      await this.abort();
      throw new FilexError('IO_ERROR', `${length} of ${entry.size} bytes were written`, {
        path: join(this.#folder, this.#name),
      });
    }
    // Before the file: digests alone are dropped by whoever finds them.
    await this.#leaves?.park().catch((error: unknown) => this.#fail(error, 'write'));
    try {
      const { outcome, name } = await this.#staged.publish({
        directory: this.#directory,
        name: this.#name,
        ifExists,
        mtime: entry.mtime,
        executable: entry.executable,
        durable,
      });
      return { outcome, path: join(this.#folder, name) };
    } finally {
      // The file is published or gone, so these are of no use; that they could not be removed changes nothing about that.
      await this.#leaves?.discard().catch(context.onWarning);
    }
  }

  /** Removes what was staged, or keeps it for the next time. */
  async abort(reason?: Error): Promise<void> {
    const { partial } = this.#options;
    const leaves = this.#leaves;
    // Less than a block could not be gone on with.
    if (partial === undefined || leaves === undefined || leaves.count === 0 || isSpoiled(reason)) {
      await this.#staged.discard();
      await leaves?.discard().catch((error: unknown) => this.#fail(error, 'clean up after'));
      return;
    }
    try {
      await this.#staged.sync();
      await leaves.sync().finally(() => leaves.park());
    } catch (error) {
      this.#fail(error, 'keep');
    } finally {
      await this.#staged.park();
    }
    // Only what is durable is left as what can be gone on with unread.
    await sealPartial(partial).catch((error: unknown) => this.#fail(error, 'keep'));
  }

  #fail(error: unknown, action: string): never {
    throw fileError(error, { action, path: join(this.#folder, this.#name) });
  }
}

/** What the bytes are wrong after, as a whole, although each block was right when it came. */
function isSpoiled(reason: Error | undefined): boolean {
  return (
    reason instanceof FilexError && (reason.code === 'DIGEST_MISMATCH' || reason.code === 'LENGTH_MISMATCH')
  );
}

async function removeOld(path: string, label: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, { action: 'write', path: label });
  });
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
