import { lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { FilexError, visibleText } from '@filex/protocol';
import { errnoOf, fileError } from '@filex/protocol/node';
import { others, readPrivateFile } from '../../access/private-file.js';
import { bounds } from '../../bounds.js';
import { decodeRecord, encodeRecord, type TransferRecord } from './transfer-record.js';

const stateName = /^(?<id>[0-9a-f]{32})\.json$/;
/** Also locks, the digests of blocks, and what was being written. */
const ownName = /^(?<id>[0-9a-f]{32})\.(?:.*\.)?(?<kind>json|leaves|lock|new)$/;

export interface TransferStatesOptions {
  readonly platform: NodeJS.Platform;
  /** Told once about each file that cannot be used. */
  readonly warn: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What a look at a name finds; `reserved`: it may mean something to somebody, so it is left alone. */
export type Found =
  | { readonly state: 'usable'; readonly record: TransferRecord }
  | { readonly state: 'none' | 'unusable' | 'reserved' };

/** What `list` gives. */
export interface RememberedTransfer {
  readonly id: string;
  readonly record: TransferRecord;
}

/**
 * The transfers that are under way or were interrupted, one small file for each in a folder of the user. What is in them is used
 * only when it is whole, of this version, where it belongs, and could not have been written by others.
 */
export class TransferStates {
  readonly folder: string;
  readonly #options: TransferStatesOptions;
  readonly #now: () => number;
  readonly #warned = new Set<string>();
  #writes = 0;

  /** @param folder made when something is remembered. */
  constructor(folder: string, options: TransferStatesOptions) {
    this.folder = folder;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** What is remembered under a name. What cannot be used is warned of, once. */
  async look(id: string): Promise<Found> {
    const file = this.#fileOf(id);
    try {
      const text = await readPrivateFile(file, {
        forbidden: others.write,
        complaint: 'can be written by others',
        maxSize: bounds.transferStateSize,
        platform: this.#options.platform,
      });
      if (text === undefined) return { state: 'none' };
      const decoded = decodeRecord(text, file);
      if ('record' in decoded) return { state: 'usable', record: decoded.record };
      this.#warn(file, faults[decoded.fault]);
      return { state: decoded.fault === 'newer' ? 'reserved' : 'unusable' };
    } catch (error) {
      this.#warn(file, FilexError.from(error).message);
      return { state: 'reserved' };
    }
  }

  /**
   * Whole or not at all, and durable before it has its name.
   * @throws FilexError `TOO_LARGE`, or what the file system says.
   */
  async write(id: string, record: TransferRecord): Promise<void> {
    const text = encodeRecord(record);
    const file = this.#fileOf(id);
    if (Buffer.byteLength(text) > bounds.transferStateSize)
      throw new FilexError(
        'TOO_LARGE',
        `what has to be remembered of ${JSON.stringify(record.local)} is too much`,
      );
    this.#writes += 1;
    const aside = join(this.folder, `${id}.${process.pid}.${this.#writes}.new`);
    try {
      const handle = await open(aside, 'wx', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(aside, file);
    } catch (error) {
      await removeFile(aside);
      throw fileError(error, { action: 'write', path: file });
    }
  }

  /** Forgets a transfer, with what is there of it on this machine. */
  async forget(id: string, record: TransferRecord | undefined): Promise<void> {
    // First what the record leads to: without it, nobody would find that any more.
    if (record?.direction === 'download') {
      await removeFile(record.part);
      await removeFile(record.digests);
    }
    await removeFile(this.#fileOf(id));
  }

  /** The names of all, usable or not. Empty when nothing was ever remembered. */
  async ids(): Promise<string[]> {
    return (await this.#names()).flatMap((name) => stateName.exec(name)?.groups?.['id'] ?? []);
  }

  /** All that can be used, the latest first. */
  async list(): Promise<RememberedTransfer[]> {
    const found: RememberedTransfer[] = [];
    for (const id of (await this.ids()).slice(0, bounds.transferStates)) {
      const one = await this.look(id);
      if (one.state === 'usable') found.push({ id, record: one.record });
    }
    return found.sort((a, b) => b.record.when - a.record.when);
  }

  /** Makes the folder, private. */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw fileError(error, { action: 'make the folder', path: this.folder });
    }
  }

  /**
   * Removes what is too old, with the parts that it names, and what processes that died have left behind.
   * @param isBusy whether a living process is at work on a transfer.
   * @returns how many transfers are remembered.
   */
  async expire(isBusy: (id: string) => Promise<boolean>): Promise<number> {
    const names = await this.#names();
    const there = new Set(names);
    let count = 0;
    for (const name of names) {
      const { id, kind } = ownName.exec(name)?.groups ?? {};
      if (id === undefined) continue;
      if (kind === 'json') count += 1;
      // Looking whether somebody has a lock takes away those that nobody has.
      const busy = kind === 'lock' && (await isBusy(id));
      const age = this.#now() - ((await lastWritten(join(this.folder, name))) ?? this.#now());
      if (busy || age <= (kind === 'json' ? bounds.transferStateAge : bounds.leftoverAge)) continue;
      if (kind === 'json') count -= (await this.#expireState(id, isBusy)) ? 1 : 0;
      else if (kind === 'new' || !there.has(`${id}.json`)) await removeFile(join(this.folder, name));
    }
    return count;
  }

  async #expireState(id: string, isBusy: (id: string) => Promise<boolean>): Promise<boolean> {
    const found = await this.look(id);
    if (found.state === 'reserved' || (await isBusy(id))) return false;
    await this.forget(id, found.state === 'usable' ? found.record : undefined);
    return true;
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.folder);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw fileError(error, { action: 'read the folder', path: this.folder });
    }
  }

  #fileOf(id: string): string {
    return join(this.folder, `${id}.json`);
  }

  #warn(file: string, why: string): void {
    if (this.#warned.has(file)) return;
    this.#warned.add(file);
    this.#options.warn(visibleText(`${file} is not used: ${why}`));
  }
}

const faults = {
  damaged: 'it is damaged',
  newer: 'a newer version of this program has written it',
  foreign: 'it belongs somewhere else',
} as const;

async function lastWritten(file: string): Promise<number | undefined> {
  try {
    return (await lstat(file)).mtimeMs;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(error, { action: 'look at', path: file });
  }
}

/** Removes a file, if it is there. */
export async function removeFile(file: string): Promise<void> {
  await unlink(file).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, { action: 'remove', path: file });
  });
}
