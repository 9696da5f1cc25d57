import { type BigIntStats, constants } from 'node:fs';
import type { Code } from '../../codes.js';
import { FilexError, LocalProtocolError } from '../../errors.js';
import type { ConflictPolicy } from '../../vocabulary.js';
import { randomFromPool } from '../random-pool.js';
import { close, fchmod, fdatasync, fstat, fsync, ftruncate, open, unlink, write } from './calls.js';
import type { CommitLog } from './commit-log.js';
import { type Directory, DirectorySync } from './directory-sync.js';
import { errnoOf, fileError } from './errno.js';
import { lookAt } from './existing-file.js';
import { fileMode } from './file-mode.js';
import { setModificationTime } from './file-times.js';
import { NameLocks } from './name-locks.js';
import { type Placed, place, SPARE } from './publication.js';

/** What all staged files that are published into the same folders share. */
export interface PublishingContext {
  /** Takes turns about names. */
  readonly locks: NameLocks;
  /** Shares flushes of folders. */
  readonly directorySync: DirectorySync;
  /** Told what went wrong beside the matter: something staged that could not be removed. */
  readonly onWarning: (error: FilexError) => void;
}

/**
 * Makes what staged files share; one for each program, or for each store.
 * @param onWarning default: a warning of the process.
 */
export function createPublishingContext(
  onWarning: (error: FilexError) => void = (error) => process.emitWarning(error),
): PublishingContext {
  return { locks: new NameLocks(), directorySync: new DirectorySync(), onWarning };
}

/** Where to stage a file. */
export interface StagedFileOptions {
  /** Where the bytes go until they are published: on the file system of the final place. Nothing may be there. */
  readonly path: string;
  /** What errors call the file: the path the user knows. */
  readonly label: string;
  /** Shared with all that are published into the same folders. */
  readonly context: PublishingContext;
}

/** Under which name, and how, a staged file appears. */
export interface PublishOptions {
  /** Where; on the file system it is staged on. */
  readonly directory: Directory;
  /** The wanted name in that folder. */
  readonly name: string;
  /** What to do when something has that name. */
  readonly ifExists: ConflictPolicy;
  /** Microseconds since 1970; undefined: now. */
  readonly mtime: number | undefined;
  /** Whether it may be run as a program. */
  readonly executable: boolean;
  /** Resolve only when content and name would survive a power cut. */
  readonly durable: boolean;
  /** Writes down each step, so that after a crash it can be told whether the file was published. Default: nobody does. */
  readonly log?: CommitLog<Published> | undefined;
}

/** What became of a staged file. */
export interface Published {
  /** `identical`: the same content had the name, and the staged copy was removed. */
  readonly outcome: 'created' | 'replaced' | 'identical';
  /** Differs from the wanted one only under the policy `rename`. */
  readonly name: string;
  /** The file that has the name now. */
  readonly stats: BigIntStats;
}

/** When a name cannot be made, what does not exist is the folder. */
const PARENT_MISSING: Readonly<Record<string, Code>> = { ENOENT: 'PARENT_NOT_FOUND' };

/** Policies that look and then act; see {@link NameLocks}. `fail` and `skip` need only what the file system gives. */
const LOOK_THEN_ACT: ReadonlySet<ConflictPolicy> = new Set(['rename', 'overwrite', 'newer']);

/**
 * Bytes that nobody sees under a name until they are complete. Calls come one at a time, but for those of `write` among
 * each other; exactly one of `publish` and `discard` is the last, except that `discard` is always allowed and waits for calls that
 * are under way. Whatever happens, nothing stays at the staging path after it.
 */
export class StagedFile {
  readonly #path: string;
  readonly #label: string;
  readonly #context: PublishingContext;
  #fd: number | undefined;
  /** The descriptor that is about to be there. */
  #opening: Promise<number> | undefined;
  #length = 0;
  /** Where the write that goes furthest ends. */
  #end = 0;
  /** What was written beyond `#length` while something before it still is: where each of these begins, and ends. */
  readonly #beyond = new Map<number, number>();
  readonly #writes = new Set<Promise<void>>();
  /** Whether one of them has failed. */
  #hasGap = false;
  /** A call other than `write`. */
  #underWay: Promise<unknown> | undefined;
  #ended = false;
  /** Whether it may have a second name. */
  #hasSpare = false;

  private constructor(options: StagedFileOptions, fd: number) {
    this.#path = options.path;
    this.#label = options.label;
    this.#context = options.context;
    this.#fd = fd;
  }

  /**
   * Makes the empty file.
   * @throws FilexError when it cannot be made there; `IO_ERROR` when the folder for staging is missing.
   */
  static async create(options: StagedFileOptions): Promise<StagedFile> {
    try {
      // Readable too, for the comparison with a file that has the name already.
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
      return new StagedFile(options, await open(options.path, flags, 0o600));
    } catch (error) {
      // Not the folder of the file, but the one for staging.
      throw fileError(error, { action: 'store', path: options.label, codes: { ENOENT: 'IO_ERROR' } });
    }
  }

  /**
   * Goes on with a file that was staged before.
   * @param options `length`: bytes of it that are kept; what is beyond is cut off. It must have as many.
   * @throws FilexError `IO_ERROR` when it is not there, or shorter.
   */
  static async reopen(options: StagedFileOptions & { readonly length: number }): Promise<StagedFile> {
    const { path, label, length } = options;
    const attempt = { action: 'go on with', path: label, codes: { ENOENT: 'IO_ERROR' } } as const;
    try {
      const fd = await open(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
      const file = new StagedFile(options, fd);
      try {
        const { size } = await fstat(fd);
        if (size < BigInt(length))
          throw new FilexError('IO_ERROR', `cannot go on with ${JSON.stringify(label)}: it is too short`);
        if (size > BigInt(length)) await ftruncate(fd, length);
        file.#length = length;
        file.#end = length;
        return file;
      } catch (error) {
        await file.#close();
        throw error;
      }
    } catch (error) {
      throw fileError(error, attempt);
    }
  }

  /** Bytes written so far, from the beginning and without a gap. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that it may take on the disk: more than `length` while writes are under way, and after one that failed beside others. */
  get extent(): number {
    return this.#end;
  }

  /** Whether `publish` or `discard` was called. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Writes all of `view`, which is not looked at any more once the promise has settled. Any number of writes may be under
   * way at once. When one of them fails, those behind it do not count.
   * @param offset where it belongs; default: behind everything. Nothing that was written is written again.
   */
  write(view: Uint8Array, offset: number = this.#end): Promise<void> {
    this.#expectIdle('write');
    if (offset < this.#length) throw new LocalProtocolError(`write: ${offset} is before what was written`);
    this.#end = Math.max(this.#end, offset + view.length);
    const writing = this.#write(view, offset).finally(() => {
      this.#writes.delete(writing);
      if (this.#hasGap && this.#writes.size === 0) this.#forgetBeyond();
    });
    this.#writes.add(writing);
    return writing;
  }

  async #write(view: Uint8Array, offset: number): Promise<void> {
    try {
      const fd = this.#fd ?? (await this.#open());
      for (let done = 0; done < view.length; ) {
        const count = await write(fd, view, done, view.length - done, offset + done);
        // Never seen, but a loop that cannot end must not exist.
        if (count === 0)
          throw new FilexError('IO_ERROR', `cannot write ${JSON.stringify(this.#label)}: no progress`);
        this.#wrote(offset + done, count);
        done += count;
      }
    } catch (error) {
      this.#hasGap = true;
      throw fileError(error, { action: 'write', path: this.#label });
    }
  }

  /** What is behind a gap is written again. */
  #forgetBeyond(): void {
    this.#beyond.clear();
    this.#hasGap = false;
  }

  #wrote(offset: number, count: number): void {
    this.#beyond.set(offset, offset + count);
    for (let end = this.#beyond.get(this.#length); end !== undefined; end = this.#beyond.get(this.#length)) {
      this.#beyond.delete(this.#length);
      this.#length = end;
    }
  }

  /** Makes what was written durable; resolves with how many bytes that is. */
  sync(): Promise<number> {
    return this.#exclusive('flush', async (fd) => {
      await fdatasync(fd);
      return this.#length;
    });
  }

  /** Drops what was written beyond `length` bytes. */
  truncate(length: number): Promise<void> {
    return this.#exclusive('shorten', async (fd) => {
      if (length > this.#length) throw new LocalProtocolError(`${length} bytes are more than were written`);
      await ftruncate(fd, length);
      this.#length = length;
      this.#end = length;
      this.#forgetBeyond();
    });
  }

  /**
   * Gives the descriptor back; the next call opens the file anew. For a holder of many staged files that must not have
   * all of them open. An error of the device that is met in between is not lost: the kernel tells it to the next one
   * that flushes the file.
   */
  park(): Promise<void> {
    return this.#exclusive('close', () => this.#close());
  }

  /** Makes the file appear under its name, whole, under the conflict policy. */
  publish(options: PublishOptions): Promise<Published> {
    const work = this.#exclusive('store', (fd) => this.#publish(fd, options), PARENT_MISSING);
    this.#ended = true;
    return work.catch(async (error: unknown) => {
      // Why it was not published is what the caller must know. What cannot be taken back in the log stays, for who reads that.
      await (options.log?.withdraw() ?? Promise.resolve())
        .then(() => this.#remove())
        .catch(this.#context.onWarning);
      throw error;
    });
  }

  /** Gives the bytes up. */
  async discard(): Promise<void> {
    this.#ended = true;
    // A descriptor that is closed under a running write could be another file's by the time the write happens.
    await this.#underWay?.catch(told);
    await Promise.allSettled(this.#writes);
    await this.#remove();
  }

  async #publish(fd: number, options: PublishOptions): Promise<Published> {
    const { directory, name, ifExists, executable, durable, log } = options;
    const mtime = options.mtime ?? Date.now() * 1000;
    if (this.#end > this.#length) await ftruncate(fd, this.#length);
    this.#hasSpare = log !== undefined;
    const prepare = async (replaced: BigIntStats | undefined): Promise<void> => {
      log?.reach('flush');
      await fchmod(fd, fileMode(executable, replaced));
      await setModificationTime(fd, mtime);
      if (durable) await fsync(fd);
    };
    const placing = (): Promise<Placed> =>
      place({
        staged: this.#path,
        fd,
        size: this.#length,
        directory,
        name,
        label: this.#label,
        ifExists,
        mtime,
        durable,
        prepare,
        log,
      });
    const { locks } = this.#context;
    const finish = async (): Promise<Published> =>
      this.#makeDurable(fd, await this.#unlessTaken(placing), options);
    // Until it is on record that the name was taken: or another one could replace the file, and a crash make this one do it anew.
    return LOOK_THEN_ACT.has(ifExists) ? locks.run([`${directory.key}/${name}`], finish) : finish();
  }

  async #makeDurable(
    fd: number,
    { existing, outcome, name }: Placed,
    { directory, durable, log }: PublishOptions,
  ): Promise<Published> {
    try {
      log?.reach('flush folder');
      if (durable) await this.#context.directorySync.sync(directory);
      // From here on the staged name is not needed: where it is gone, and not withdrawn, the file has its own.
      log?.reach('clean up');
      if (log !== undefined) await this.#removeNames().catch(this.#context.onWarning);
      // Only now: to lose a name changes what is known of a file.
      const stats = existing ?? (await fstat(fd));
      await this.#close();
      log?.reach('record');
      await log?.record({ outcome, name, stats });
      log?.reach('done');
      return { outcome, name, stats };
    } catch (error) {
      throw fileError(error, { action: 'make durable', path: this.#label, effect: 'applied' });
    }
  }

  /** What is staged and cannot be found was taken over, which nobody else does than another server. */
  async #unlessTaken(placing: () => Promise<Placed>): Promise<Placed> {
    try {
      return await placing();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || (await lookAt(this.#path)) !== undefined) throw error;
      throw new FilexError('SUPERSEDED', `another server goes on with ${JSON.stringify(this.#label)}`, {
        path: this.#label,
        effect: 'unknown',
      });
    }
  }

  /** Runs one piece of work on the open file; anything else meanwhile, or one after the end, is a defect of the caller. */
  #exclusive<T>(
    action: string,
    work: (fd: number) => Promise<T>,
    codes?: Readonly<Record<string, Code>>,
  ): Promise<T> {
    this.#expectIdle(action);
    if (this.#writes.size > 0) throw new LocalProtocolError(`${action}: a write is under way`);
    const running = this.#open()
      .then(work)
      .catch((error: unknown) => {
        throw fileError(error, { action, path: this.#label, codes });
      })
      .finally(() => {
        this.#underWay = undefined;
      });
    this.#underWay = running;
    return running;
  }

  #expectIdle(action: string): void {
    if (this.#ended) throw new LocalProtocolError(`${action}: the staged file was published or discarded`);
    if (this.#underWay !== undefined) throw new LocalProtocolError(`${action}: another call is under way`);
  }

  async #open(): Promise<number> {
    if (this.#fd !== undefined) return this.#fd;
    // Once, for all writes that come together.
    this.#opening ??= open(this.#path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0)).finally(() => {
      this.#opening = undefined;
    });
    this.#fd = await this.#opening;
    return this.#fd;
  }

  async #close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) await close(fd);
  }

  async #remove(): Promise<void> {
    try {
      await this.#close();
    } finally {
      await this.#removeNames();
    }
  }

  async #removeNames(): Promise<void> {
    await this.#unlink(this.#path);
    if (this.#hasSpare) await this.#unlink(`${this.#path}${SPARE}`);
  }

  async #unlink(path: string): Promise<void> {
    await unlink(path).catch((error: unknown) => {
      // Published, or removed before: what was asked for is so.
      if (errnoOf(error) !== 'ENOENT')
        throw fileError(error, { action: 'clean up after', path: this.#label });
    });
  }
}

/** A random name for a staging path. */
export function stagingName(): string {
  return randomFromPool(16).toString('hex');
}

/** For a failure that its own caller was told. */
function told(): void {}
