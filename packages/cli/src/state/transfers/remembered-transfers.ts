import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FilexError, type FilexUrl, formatUrl, visibleText } from '@filex/protocol';
import { fileError, isExecutable, type TransferResult } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import { isFatal, isLocal } from '../../errors.js';
import type { DownloadTies, RememberedJob, TransferMemory, UploadTies } from '../../transfer/memory.js';
import { TransferLocks } from './transfer-locks.js';
import {
  type DownloadRecord,
  type Origin,
  type SourceVersion,
  stagingPlace,
  type TransferRecord,
  transferId,
  type UploadRecord,
} from './transfer-record.js';
import { removeFile, type TransferStates } from './transfer-states.js';

export interface RememberedTransfersOptions {
  readonly warn: (text: string) => void;
  /** The command that this is; undefined when it is about one file, and so says no more than the record. */
  readonly origin: Origin | undefined;
  /** Aborts when what runs is given up: what fails then has not failed for good. */
  readonly signal: AbortSignal;
}

/** Where transfers are remembered, below the folder for what this program remembers. */
export function transfersFolder(stateDirectory: string): string {
  return join(resolve(stateDirectory), 'transfers');
}

/** Keeps what is needed to go on with a transfer in files, from before it begins until it has ended for good. */
export class RememberedTransfers implements TransferMemory {
  readonly #options: RememberedTransfersOptions;
  readonly #states: TransferStates;
  readonly #locks: TransferLocks;
  #ready: Promise<void> | undefined;
  #count = 0;
  readonly #said = new Set<string>();

  constructor(
    options: RememberedTransfersOptions,
    states: TransferStates,
    locks = new TransferLocks(states.folder),
  ) {
    const { origin } = options;
    const length = origin?.words.reduce((sum, word) => sum + word.length, origin.folder.length) ?? 0;
    this.#options = length > bounds.rememberedCommand ? { ...options, origin: undefined } : options;
    this.#states = states;
    this.#locks = locks;
  }

  async upload(
    job: RememberedJob,
    send: (ties: UploadTies | undefined) => Promise<TransferResult>,
  ): Promise<TransferResult> {
    const key = { direction: 'upload', ...this.#key(job) } as const;
    return this.#remembering(key, send, async (id, earlier) => {
      const source = await versionOf(job.local);
      const goesOn = earlier?.direction === 'upload' && isSameVersion(earlier.source, source);
      const tie = (operationId: string, attempts: number): UploadTies => ({
        operationId,
        earlierAttempts: attempts,
        onAttempt: async (attempt) => {
          // Another id means that the file is another one by now.
          const version = attempt.operationId === operationId ? source : await versionOf(job.local);
          const size = Number(version.size);
          const common = this.#common(size, attempt.attempt);
          const record: UploadRecord = {
            ...key,
            ...common,
            operationId: attempt.operationId,
            source: version,
          };
          await this.#quietly(() => this.#states.write(id, record));
        },
      });
      if (!goesOn) return send(tie(randomBytes(16).toString('hex'), 0));
      try {
        return await send(tie(earlier.operationId, earlier.attempts));
      } catch (error) {
        // It was begun with something that is different now, the digest for example, and nobody can go on with it.
        if (FilexError.from(error).code !== 'OPERATION_MISMATCH') throw error;
        return send(tie(randomBytes(16).toString('hex'), 0));
      }
    });
  }

  async download(
    job: RememberedJob & { readonly etag: string | undefined },
    fetch: (ties: DownloadTies | undefined) => Promise<TransferResult>,
  ): Promise<TransferResult> {
    const key = { direction: 'download', ...this.#key(job) } as const;
    return this.#remembering(key, fetch, async (id, earlier) => {
      const { part, digests } = stagingPlace(this.#states.folder, id, job.local);
      // What is there of a transfer that was forgotten: nobody knows any more of what it is a part.
      if (earlier === undefined && !(await this.#removed(part, digests))) return fetch(undefined);
      const common = this.#common(job.size, (earlier?.attempts ?? 0) + 1);
      const record: DownloadRecord = { ...key, ...common, etag: job.etag, part, digests };
      // Before there is anything that only the record leads to.
      if (!(await this.#quietly(() => this.#states.write(id, record)))) return fetch(undefined);
      return fetch({ partial: { file: part, digests } });
    });
  }

  /** Does it while nobody else does, and forgets it when it has ended for good. */
  async #remembering<T>(
    key: Parameters<typeof transferId>[0],
    plain: (ties: undefined) => Promise<T>,
    work: (id: string, earlier: TransferRecord | undefined) => Promise<T>,
  ): Promise<T> {
    const id = transferId(key);
    const claim = await this.#claim(id, key.local);
    if (claim === undefined) return plain(undefined);
    try {
      const result = await work(id, claim.earlier);
      await this.#forget(id);
      return result;
    } catch (error) {
      if (!this.#isInterruption(error)) await this.#forget(id);
      throw error;
    } finally {
      await this.#quietly(claim.release);
    }
  }

  /** @returns undefined when it cannot be remembered, which is no reason not to do it. */
  async #claim(
    id: string,
    local: string,
  ): Promise<{ release: () => Promise<void>; earlier: TransferRecord | undefined } | undefined> {
    try {
      this.#ready ??= this.#prepare();
      await this.#ready;
      const release = await this.#locks.take(id);
      if (release === undefined) {
        this.#say(
          `Another run is at work on ${JSON.stringify(local)}, too: this one does it from the beginning.`,
        );
        return undefined;
      }
      const found = await this.#states.look(id);
      if (found.state === 'usable') return { release, earlier: found.record };
      const isFull = found.state === 'none' && this.#count >= bounds.transferStates;
      if (isFull || found.state === 'reserved') {
        await release();
        if (isFull)
          this.#say(
            `${this.#states.folder} is full: what is interrupted now will begin again. \`resume\` lists it.`,
          );
        return undefined;
      }
      if (found.state === 'none') this.#count += 1;
      return { release, earlier: undefined };
    } catch (error) {
      this.#cannot(error);
      return undefined;
    }
  }

  async #prepare(): Promise<void> {
    await this.#states.prepare();
    this.#count = await this.#states.expire((id) => this.#locks.isHeldByOthers(id));
  }

  #isInterruption(error: unknown): boolean {
    const failure = FilexError.from(error);
    if (this.#options.signal.aborted || isFatal(failure) || failure.effect === 'unknown') return true;
    // What is kept here would keep the disk of this machine full.
    if (failure.code === 'NO_SPACE' && isLocal(failure)) return false;
    return failure.retry && !BEGINS_AGAIN.has(failure.code);
  }

  #removed(...files: string[]): Promise<boolean> {
    return this.#quietly(async () => {
      for (const file of files) await removeFile(file);
    });
  }

  async #forget(id: string): Promise<void> {
    await this.#quietly(async () => {
      const found = await this.#states.look(id);
      if (found.state !== 'none') this.#count -= 1;
      await this.#states.forget(id, found.state === 'usable' ? found.record : undefined);
    });
  }

  /** @returns whether it could be done. */
  async #quietly(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#cannot(error);
      return false;
    }
  }

  #cannot(error: unknown): void {
    this.#say(`What is interrupted may have to begin again: ${FilexError.from(error).message}`);
  }

  #say(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#options.warn(visibleText(text));
  }

  #key({ url, remote, local, ifExists }: RememberedJob) {
    return { address: addressOf(url), remote, local: resolve(local), ifExists };
  }

  #common(size: number, attempts: number) {
    return { size, attempts, when: Date.now(), origin: this.#options.origin };
  }
}

/** After these nothing of what was transferred is of use. */
const BEGINS_AGAIN: ReadonlySet<string> = new Set(['DIGEST_MISMATCH', 'LENGTH_MISMATCH', 'SOURCE_CHANGED']);

function addressOf(url: FilexUrl): string {
  return formatUrl({ ...url, path: '', trailingSlash: false });
}

/** @throws FilexError when the file cannot be looked at. */
async function versionOf(local: string): Promise<SourceVersion> {
  try {
    const stats = await stat(local, { bigint: true });
    const { size, mtimeNs, ino } = stats;
    return {
      size: String(size),
      mtimeNs: String(mtimeNs),
      ino: String(ino),
      executable: isExecutable(stats),
    };
  } catch (error) {
    throw fileError(error, { action: 'read', path: local });
  }
}

function isSameVersion(a: SourceVersion, b: SourceVersion): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ino === b.ino && a.executable === b.executable;
}
