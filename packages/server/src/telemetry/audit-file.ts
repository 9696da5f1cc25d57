import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { FilexError } from '@filex/protocol';
import { errnoOf, fileError } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import type { AuditSink, AuditSinkSettings } from './audit-sink.js';
import { AuditTrouble } from './audit-trouble.js';

const PRIVATE = 0o600;
/** Group and others may write. */
const WRITABLE_BY_OTHERS = 0o022n;
const NEWLINE = 0x0a;

/**
 * A file that audit lines are appended to, one write at a time with all lines that have come meanwhile. While that fails,
 * lines wait, as many as `bounds.auditBuffer` allows; those that do not fit are counted, and a line says how many.
 */
export class AuditFile implements AuditSink {
  readonly #path: string;
  readonly #settings: AuditSinkSettings;
  readonly #trouble: AuditTrouble;
  #file: OpenFile | undefined;
  /** When the name was looked at last, in milliseconds. */
  #lookedAt: number;
  /** When writing failed last, unless it has succeeded since. */
  #failedAt: number | undefined;
  /** Of a write that ended in the middle: what is left of it. */
  #left: Buffer | undefined;
  #lines: string[] = [];
  /** Of `#lines`, in UTF-16 units, which is near enough. */
  #size = 0;
  /** Lines that did not fit, since the last that did. */
  #lost = 0;
  /** Those that were told in a line which is not written yet. */
  #missing = 0;
  #writing: Promise<void> | undefined;

  private constructor(path: string, file: OpenFile, settings: AuditSinkSettings) {
    this.#path = path;
    this.#file = file;
    this.#settings = settings;
    this.#lookedAt = settings.now();
    this.#trouble = new AuditTrouble(settings.logger, settings.now, path);
  }

  /** @throws FilexError when it cannot be written to, or not safely. */
  static async open(path: string, settings: AuditSinkSettings): Promise<AuditFile> {
    try {
      return new AuditFile(path, await openSafely(path), settings);
    } catch (error) {
      throw fileError(error, { action: 'write the audit log', path });
    }
  }

  write(line: string): void {
    if (this.#size + line.length > bounds.auditBuffer) this.#lost += 1;
    else {
      this.#lines.push(line);
      this.#size += line.length;
    }
    const failedAt = this.#failedAt;
    if (failedAt === undefined || this.#settings.now() - failedAt >= bounds.auditRetry) void this.#begin();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#begin(); // once more what has failed
    const file = this.#file;
    this.#file = undefined;
    try {
      await file?.handle.sync();
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') this.#trouble.tell(error as Error); // no file that can be flushed
    } finally {
      await file?.handle.close();
    }
  }

  #begin(): Promise<void> {
    this.#writing ??= this.#writeAll()
      .catch((error: unknown) => {
        this.#failedAt = this.#settings.now();
        this.#trouble.tell(error as Error);
      })
      .finally(() => {
        this.#writing = undefined;
      });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#left !== undefined || this.#lines.length > 0 || this.#lost > 0) {
      const file = await this.#current();
      const left = this.#left ?? this.#takeLines();
      // A line that was cut must not run into the next one.
      const bytes = file.torn ? Buffer.concat([Buffer.of(NEWLINE), left]) : left;
      await this.#writeBytes(file, bytes);
      this.#failedAt = undefined;
      this.#trouble.over(this.#missing);
      this.#missing = 0;
    }
  }

  async #writeBytes(file: OpenFile, bytes: Buffer): Promise<void> {
    let done = 0;
    this.#left = bytes;
    try {
      while (done < bytes.length) done += (await file.handle.write(bytes, done)).bytesWritten;
      this.#left = undefined;
    } catch (error) {
      const whole = bytes.subarray(0, done).lastIndexOf(NEWLINE) + 1;
      this.#left = bytes.subarray(whole);
      if (done > 0) file.torn = done > whole;
      throw error;
    }
    file.torn = false;
  }

  #takeLines(): Buffer {
    const lines = this.#lines;
    const lost = this.#lost;
    this.#lines = [];
    this.#size = 0;
    this.#lost = 0;
    if (lost > 0) lines.push(this.#settings.lost(lost));
    this.#missing += lost;
    return Buffer.from(lines.join(''));
  }

  /** The file that has the name now. */
  async #current(): Promise<OpenFile> {
    const now = this.#settings.now();
    const file = this.#file;
    if (file !== undefined && now - this.#lookedAt < bounds.auditRotationCheck) return file;
    this.#lookedAt = now;
    if (file !== undefined) {
      if (sameFile(await statsOf(this.#path), file.stats)) return file;
      this.#file = undefined;
      await file.handle.close();
    }
    this.#file = await openSafely(this.#path);
    return this.#file;
  }
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
  /** Whether it ends in the middle of a line. */
  torn: boolean;
}

async function openSafely(path: string): Promise<OpenFile> {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  // Not through a symlink, and without waiting should it be a pipe.
  const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, PRIVATE);
  try {
    const stats = await handle.stat({ bigint: true });
    const fault = faultOf(stats);
    if (fault !== undefined)
      throw new FilexError(
        'PERMISSION_DENIED',
        `cannot write the audit log ${JSON.stringify(path)}: ${fault}`,
        { path },
      );
    return { handle, stats, torn: await endsWithinLine(handle, Number(stats.size)) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function faultOf(stats: BigIntStats): string | undefined {
  if (!stats.isFile()) return 'it is no plain file';
  const us = process.geteuid?.(); // not on Windows, which has other permissions
  if (us === undefined) return undefined;
  if (stats.uid !== BigInt(us)) return 'it belongs to somebody else, who could change it';
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0n) return 'others may change it; `chmod 600` helps';
  return undefined;
}

async function endsWithinLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  return last[0] !== NEWLINE;
}

/** Undefined when nothing has the name. */
async function statsOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function sameFile(a: BigIntStats | undefined, b: BigIntStats): boolean {
  return a !== undefined && a.ino === b.ino && a.dev === b.dev;
}
