import { channel } from 'node:diagnostics_channel';
import { copyFile, rename, unlink } from 'node:fs/promises';
import { BLOCK_SIZE, FilexError } from '@filex/protocol';
import {
  type CommitStep,
  type DirectorySync,
  errnoOf,
  FairShare,
  LeavesFile,
  lookAt,
  readLeaves,
  SPARE,
} from '@filex/protocol/node';
import { bounds } from '../../../bounds.js';
import type { StageRequest, UploadKey } from '../../store.js';
import { etagOf } from '../entry.js';
import { type Folder, keyOf, pathIn } from '../folder.js';
import { OpenFilePool } from '../open-file-pool.js';
import type { OtherOwner, StagingArea } from '../staging-area.js';
import type { Warn } from '../warn.js';
import { JOURNAL, Journal } from './journal.js';
import { JournalReader } from './journal-reader.js';
import { machineBoot } from './machine-boot.js';
import { type EntryKeeper, UploadEntry } from './upload-entry.js';
import { type JournalLine, type UploadRecord, uploadName } from './upload-record.js';

/** What the file with the digests of an upload ends in. */
const LEAVES = '.leaves';

/** What the copy of an upload ends in that another server may still write to. */
const COPY = '.copy';

/** How much is remembered, and for how long. */
export interface LedgerLimits {
  /** Milliseconds that an upload nobody is at work on is kept, and a commit is remembered. */
  readonly resumeTimeout: number;
  /** Uploads whose bytes are kept. */
  readonly maxSuspendedUploads: number;
  /** Uploads on record, committed ones included. */
  readonly maxRememberedUploads: number;
}

export interface LedgerOptions {
  readonly staging: StagingArea;
  readonly directorySync: DirectorySync;
  readonly limits: LedgerLimits;
  /** Whether things are flushed at all. */
  readonly durable: boolean;
  /** What has a path of the store now: what `lstat` says, undefined for nothing. */
  look(path: string): Promise<Awaited<ReturnType<typeof lookAt>>>;
  /** Makes the names in the folder of a path of the store durable. */
  flushParent(path: string): Promise<void>;
  readonly warn: Warn;
}

/** What is known of an upload that nobody is at work on. */
export interface Kept {
  readonly record: UploadRecord;
  /** Of the whole blocks that are there. */
  readonly leaves: readonly Uint8Array[];
}

/** Steps of commits, for tests that stop a server between two of them: `{ step, operationId }`. */
const steps = channel('filex:commit');

/**
 * What a server knows of the uploads into its folder, beyond their streams: what is staged, how far each commit is, what was
 * committed. All of it is in the staging area, so that the next server knows it too, and several can share a folder.
 *
 * An upload belongs to whoever has its staged file in his own folder. Renaming that into one's own folder takes it over: from
 * then on the other one cannot publish it any more.
 */
export class UploadLedger implements EntryKeeper {
  readonly #options: LedgerOptions;
  readonly #journal: Journal;
  readonly #boot: string;
  readonly leaves = new OpenFilePool<LeavesFile>(bounds.openStagedFiles);
  /** By name, the one that was changed longest ago first. */
  readonly #records = new Map<string, UploadRecord>();
  /** Bytes of the paths in them. */
  #characters = 0;
  readonly #remembered: FairShare<string>;
  /** Blocks of those that wait for somebody to go on. */
  readonly #kept = new Map<string, number>();
  readonly #suspended: FairShare<string>;
  /** Those that somebody is at work on. */
  readonly #live = new Map<string, string>();
  readonly #readers = new Map<string, JournalReader>();
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> | undefined;
  #settling: Promise<void> | undefined;
  /** What is being removed, by name. */
  readonly #dropping = new Map<string, Promise<void>>();

  private constructor(options: LedgerOptions, journal: Journal, boot: string) {
    this.#options = options;
    this.#journal = journal;
    this.#boot = boot;
    this.#remembered = new FairShare(options.limits.maxRememberedUploads);
    this.#suspended = new FairShare(options.limits.maxSuspendedUploads);
    const { resumeTimeout } = options.limits;
    const interval = Math.min(bounds.sweepInterval, Math.max(bounds.leastSweepInterval, resumeTimeout));
    this.#timer = setInterval(() => void this.sweep(), interval).unref();
  }

  /** Takes over what servers that are gone have left, without reading what is in files. */
  static async open(options: LedgerOptions): Promise<UploadLedger> {
    const boot = await machineBoot();
    const { staging, durable } = options;
    const live = (): Iterable<JournalLine> => [...ledger.#records.values()].map((upload) => ({ upload }));
    const journal = await Journal.create(staging.own, { durable, boot, live });
    const ledger: UploadLedger = new UploadLedger(options, journal, boot);
    await ledger.sweep();
    return ledger;
  }

  get durable(): boolean {
    return this.#options.durable;
  }

  // ------------------------------------------------------------------ uploads under way

  /** Begins an upload. Nobody may be at work on it. */
  async begin(request: StageRequest): Promise<UploadEntry> {
    await this.#dropping.get(uploadName(request));
    const { principal, arguments: asked, path, size, ifExists, mtime, executable } = request;
    const name = uploadName(request);
    this.#take(name, request.operationId, path);
    const wish = { path, size, ifExists, mtime, executable };
    const { taken } = this.#records.get(name) ?? {};
    const record = {
      name,
      principal,
      arguments: asked,
      epoch: 1,
      at: Date.now(),
      durable: 0,
      taken,
      ...wish,
    };
    return new UploadEntry(this, record, this.#pathOf(`${name}${LEAVES}`), 0, false);
  }

  /** Goes on with one that is kept. */
  async resume({ record, leaves }: Kept, { operationId }: UploadKey): Promise<UploadEntry> {
    const { name, path } = record;
    this.#take(name, operationId, path);
    this.#unkeep(record);
    return new UploadEntry(this, record, this.#pathOf(`${name}${LEAVES}`), leaves.length, true);
  }

  /** Where it is staged. */
  stagedPath(key: UploadKey): string {
    return this.#pathOf(uploadName(key));
  }

  #take(name: string, operationId: string, path: string): void {
    if (this.#live.has(name))
      throw new FilexError('BUSY', `${JSON.stringify(path)} is being uploaded with the same operation id`);
    this.#live.set(name, operationId);
  }

  // ------------------------------------------------------------------ what an entry needs

  async record(record: UploadRecord): Promise<void> {
    // What was published stays so, whatever an attempt says that did not know it.
    if (record.committed === undefined && this.#records.get(record.name)?.committed !== undefined) return;
    await this.#journal.append({ upload: record });
    this.#remember(record);
  }

  note(record: UploadRecord): void {
    this.record(record).catch((err: unknown) =>
      this.#options.warn('could not write down an upload that is under way', { path: record.path, err }),
    );
  }

  async flushNames(): Promise<void> {
    const { directorySync, staging, durable } = this.#options;
    if (durable) await directorySync.sync(staging.own);
  }

  async isRivalled(name: string): Promise<boolean> {
    // Who is gone publishes nothing any more, but may have.
    await this.settleAbandoned();
    if (this.#records.get(name)?.committed !== undefined) return true;
    for (const { reader } of await this.#readOthers()) {
      const record = reader.records.get(name);
      if (record?.committed !== undefined || record?.intent !== undefined) return true;
    }
    return false;
  }

  leave(record: UploadRecord, kept: number | undefined): void {
    this.#live.delete(record.name);
    if (kept === undefined) {
      // Nothing is left of it. That it was tried is no matter then.
      const known = this.#records.get(record.name);
      if (known === undefined || known.committed !== undefined || known.taken === true) return;
      this.#drop(known.name);
      this.#journal.append({ forget: known.name }).catch(this.#untold(known));
    } else this.#keep(record, kept);
  }

  reach({ name }: UploadRecord, step: CommitStep): void {
    if (steps.hasSubscribers) steps.publish({ step, operationId: this.#live.get(name) });
  }

  // ------------------------------------------------------------------ what waits

  /**
   * What is known of an upload that nobody is at work on in this process. Takes it over when another one has it.
   * @throws FilexError `BUSY` while another server is just publishing it.
   */
  async recall(key: UploadKey): Promise<Kept | undefined> {
    const name = uploadName(key);
    await this.#dropping.get(name);
    if (this.#live.has(name)) throw new FilexError('BUSY', 'the upload is still under way');
    await this.settleAbandoned();
    const others = await this.#options.staging.others();
    if (others.length > 0) await this.#takeFrom(others, name);
    const record = this.#records.get(name);
    if (record === undefined) {
      // One that never got on record is of no use, and whoever had it has lost it now.
      if (others.length > 0) await this.#discard(name);
      return undefined;
    }
    if (record.committed !== undefined) return { record, leaves: [] };
    const leaves = await this.#leavesIn(this.#options.staging.own, record, this.#boot);
    if (leaves.length > 0) return { record, leaves };
    // Less than a block is not worth going on with.
    this.#unkeep(record);
    await this.#discard(name);
    return undefined;
  }

  /** Bytes that are kept for uploads into a folder or below. */
  keptBytes(path: string): number {
    let bytes = 0;
    for (const [name, blocks] of this.#kept) {
      const at = this.#records.get(name)?.path ?? '';
      if (path === '' || at.startsWith(`${path}/`)) bytes += blocks * BLOCK_SIZE;
    }
    return bytes;
  }

  /** Drops what waits longest. @returns whether there was anything. */
  async makeRoom(): Promise<boolean> {
    const [oldest] = this.#kept.keys();
    const record = oldest === undefined ? undefined : this.#records.get(oldest);
    if (record === undefined) return false;
    this.#options.warn('dropped an upload that nobody goes on with, to make room', { path: record.path });
    this.#forget(record);
    await Promise.all(this.#dropping.values());
    return true;
  }

  /** Forgets what is too old, and takes over what servers that are gone have left. Tells failures, and never rejects. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { limits } = this.#options;
    const now = Date.now();
    for (const record of [...this.#records.values()]) {
      // A clock that was set back makes nothing old, one that was set forward only what nobody is at work on.
      if (now - record.at < limits.resumeTimeout || this.#live.has(record.name)) continue;
      this.#forget(record);
    }
    await this.settleAbandoned();
    await Promise.all(this.#dropping.values());
  }

  /**
   * Takes over what servers that are gone have left. Before something is replaced, moved or removed, too: it may be what one of
   * them has just published, and not put on record. Tells failures, and never rejects.
   */
  settleAbandoned(): Promise<void> {
    this.#settling ??= this.#settleAbandoned().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #settleAbandoned(): Promise<void> {
    const { staging, warn } = this.#options;
    try {
      for (const other of await staging.others()) {
        try {
          if (await staging.isAbandoned(other)) await this.#adopt(other);
        } catch (err) {
          // Another server may be doing the same; anything else must not keep this one from working.
          warn('could not take over what an earlier process had staged', { owner: other.name, err });
        }
      }
    } catch (err) {
      warn('could not look for what earlier processes had staged', { err });
    }
  }

  /** Something is left of an upload that nobody is at work on. */
  async clear(key: UploadKey): Promise<void> {
    const name = uploadName(key);
    // Or the next server could take it for one that was published, since it is gone.
    await this.#journal.append({ forget: name });
    await this.#discard(name);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
    await Promise.all(this.#dropping.values());
    await this.#journal.close();
  }

  /** Whether there is anything that the next server should know. */
  get isNeeded(): boolean {
    return this.#records.size > 0;
  }

  // ------------------------------------------------------------------ other servers

  /** The journals of all other servers, as they are now. */
  async #readOthers(): Promise<{ readonly other: OtherOwner; readonly reader: JournalReader }[]> {
    const { staging } = this.#options;
    const others = await staging.others();
    const names = new Set(others.map(({ name }) => name));
    for (const name of this.#readers.keys()) if (!names.has(name)) this.#readers.delete(name);
    const read = [];
    for (const other of others) {
      const folder = await staging.enter(other);
      if (folder === undefined) continue;
      try {
        let reader = this.#readers.get(other.name);
        if (reader === undefined) {
          reader = new JournalReader();
          this.#readers.set(other.name, reader);
        }
        if (await reader.refresh(folder.path)) read.push({ other, reader });
      } finally {
        await folder.close();
      }
    }
    return read;
  }

  /** Takes one upload over, from whoever has it. */
  async #takeFrom(others: readonly OtherOwner[], name: string): Promise<void> {
    const { staging, warn } = this.#options;
    let from: OtherOwner | undefined;
    let spareIsGone = true;
    // First the file, then the journals: whoever had it cannot publish it after the first, and has written down what he did before.
    for (const other of others) {
      const folder = await staging.enter(other);
      if (folder === undefined) continue;
      try {
        const has = await moveIfThere(pathIn(folder, name), this.#pathOf(name));
        // Of everybody: who has lost the file to somebody who has lost it since could still replace something with it.
        if (await unlinkIfThere(pathIn(folder, `${name}${SPARE}`))) spareIsGone = false;
        if (!has) continue;
        from = other;
        await moveIfThere(pathIn(folder, `${name}${LEAVES}`), this.#pathOf(`${name}${LEAVES}`));
      } finally {
        await folder.close();
      }
    }
    let record = this.#records.get(name);
    let boot = this.#boot;
    let writer: OtherOwner | undefined;
    for (const { other, reader } of await this.#readOthers()) {
      const theirs = reader.records.get(name);
      if (theirs === undefined || !isNewer(theirs, record)) continue;
      record = theirs;
      writer = other;
      ({ boot } = reader);
    }
    if (record === undefined) return;
    if (from === undefined && writer === undefined) return;
    const { own } = staging;
    if (record.intent !== undefined) {
      const settled = await this.#settle(record, own, spareIsGone);
      const isOver = settled.committed !== undefined || writer === undefined;
      if (!isOver && !(await staging.isAbandoned(writer as OtherOwner)))
        throw new FilexError('BUSY', 'another server is just publishing this upload', { path: record.path });
      record = settled;
    }
    const leaves = record.committed === undefined ? await this.#leavesIn(own, record, boot) : [];
    if (from !== undefined && leaves.length > 0) {
      if (!(await staging.isAbandoned(from))) {
        // Whoever had it may still write to it: that must not get into what is gone on with.
        const copy = this.#pathOf(`${name}${COPY}`);
        await copyFile(this.#pathOf(name), copy);
        await rename(copy, this.#pathOf(name));
        warn('took an upload over from another server that still runs', { path: record.path });
      }
      await rewriteLeaves(this.#pathOf(`${name}${LEAVES}`), leaves);
    }
    const durable = Math.min(record.durable, leaves.length);
    await this.record({ ...record, durable, taken: true, at: Date.now() });
    if (record.committed === undefined) this.#keep(record, leaves.length);
    else await this.#discard(name);
  }

  /**
   * Takes over all that a server has left that is gone. What it has written down is judged, and that put on record here, while all
   * is as it was left; then its journal goes, and only then anything else. So no crash on the way leaves something to be judged
   * that is not as it was.
   */
  async #adopt(abandoned: OtherOwner): Promise<void> {
    const { staging, directorySync, warn, durable } = this.#options;
    const claimed = await staging.claim(abandoned);
    const folder = claimed && (await staging.enter(claimed));
    if (claimed === undefined || folder === undefined) return;
    const taken: Kept[] = [];
    try {
      const reader = new JournalReader();
      const isWritten = await reader.refresh(folder.path);
      for (const theirs of reader.records.values()) {
        const { name } = theirs;
        if (Date.now() - theirs.at >= this.#options.limits.resumeTimeout) continue;
        const own = this.#records.get(name);
        if (own?.committed !== undefined) continue;
        const isStaged = await isThere(pathIn(folder, name));
        const isOpen = theirs.committed === undefined && !isStaged;
        if (isOpen && (await this.#isKnownBetter(theirs, claimed))) continue;
        const settled = await this.#settle(
          theirs,
          folder,
          !(await isThere(pathIn(folder, `${name}${SPARE}`))),
        );
        const isOver = settled.committed !== undefined;
        if (!isOver && (this.#live.has(name) || !isNewer(theirs, own))) continue;
        const leaves = isOver ? [] : await this.#leavesIn(folder, settled, reader.boot);
        if (settled.committed === undefined && leaves.length === 0 && theirs.intent === undefined) continue;
        await this.record({ ...settled, durable: Math.min(settled.durable, leaves.length), taken: true });
        if (leaves.length > 0) taken.push({ record: settled, leaves });
      }
      if (isWritten) await unlinkIfThere(pathIn(folder, JOURNAL));
      if (durable) await directorySync.sync(folder);
      for (const { record, leaves } of taken) {
        if (!(await moveIfThere(pathIn(folder, record.name), this.#pathOf(record.name)))) continue;
        await rewriteLeaves(this.#pathOf(`${record.name}${LEAVES}`), leaves);
        this.#keep(record, leaves.length);
      }
    } finally {
      await folder.close();
    }
    await this.flushNames();
    await staging.remove(claimed);
    warn('took over what an earlier process had staged', { owner: abandoned.name, uploads: taken.length });
  }

  /** Whether something else than this record says what became of an upload that its owner has staged no more. */
  async #isKnownBetter(theirs: UploadRecord, holder: OtherOwner): Promise<boolean> {
    const { name } = theirs;
    const own = this.#records.get(name);
    // Taken from somebody, or just being taken. What was never taken has nothing to do with what they had.
    if (own === undefined ? await isThere(this.#pathOf(name)) : own.taken === true) return true;
    for (const { other, reader } of await this.#readOthers()) {
      if (other.name === holder.name) continue;
      const record = reader.records.get(name);
      if (record !== undefined && !isNewer(theirs, record)) return true;
    }
    for (const other of await this.#options.staging.others()) {
      if (other.name === holder.name) continue;
      const folder = await this.#options.staging.enter(other);
      if (folder === undefined) continue;
      try {
        if (await isThere(pathIn(folder, name))) return true;
      } finally {
        await folder.close();
      }
    }
    return false;
  }

  /**
   * Finds out whether what was about to be published has been: see `CommitLog`.
   * @param folder where it is staged, if it still is.
   */
  async #settle(record: UploadRecord, folder: Folder, spareIsGone: boolean): Promise<UploadRecord> {
    const { intent, name } = record;
    if (intent === undefined) return record;
    const { look, flushParent, durable } = this.#options;
    const staged = await lookAt(pathIn(folder, name));
    const target = await look(intent.path);
    const isSame =
      staged !== undefined && target !== undefined && keyOf(target.stats) === keyOf(staged.stats);
    const hasReplaced = intent.outcome === 'replaced' && !intent.moved && spareIsGone;
    if (staged !== undefined && !isSame && !hasReplaced)
      return { ...record, intent: undefined, at: Date.now() };
    // It is durable only now, if it was not before.
    if (isSame && durable) await flushParent(intent.path);
    // To lose a name changes what a file is known by.
    await unlinkIfThere(pathIn(folder, name));
    const now = (await look(intent.path)) ?? target ?? staged;
    const { moved: _, ...content } = intent;
    const etag = now === undefined ? '' : etagOf(now.stats);
    return {
      ...record,
      intent: undefined,
      committed: { ...content, etag, time: Date.now() * 1000 },
      at: Date.now(),
    };
  }

  // ------------------------------------------------------------------ the files

  #pathOf(name: string): string {
    return pathIn(this.#options.staging.own, name);
  }

  /** The digests of what is staged that can be relied on. @param boot which run of the machine has written them. */
  async #leavesIn(folder: Folder, record: UploadRecord, boot: string): Promise<Uint8Array[]> {
    const staged = await lookAt(pathIn(folder, record.name));
    if (staged?.kind !== 'file') return [];
    let leaves: Uint8Array[];
    try {
      leaves = await readLeaves(pathIn(folder, `${record.name}${LEAVES}`));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return [];
    }
    // What was not flushed is there if the machine has not stopped since.
    const isSameRun = boot !== '' && boot === this.#boot;
    const proven = isSameRun ? leaves.length : Math.min(leaves.length, record.durable);
    return leaves.slice(0, Math.min(proven, Math.floor(Number(staged.stats.size) / BLOCK_SIZE)));
  }

  async #discard(name: string): Promise<void> {
    for (const suffix of ['', SPARE, LEAVES, COPY]) await unlinkIfThere(this.#pathOf(`${name}${suffix}`));
  }

  // ------------------------------------------------------------------ what is remembered

  #remember(record: UploadRecord): void {
    const { name, principal } = record;
    this.#drop(name);
    this.#records.set(name, record);
    this.#characters += record.path.length;
    const tooMany = this.#remembered.add(principal, name);
    if (tooMany !== undefined) this.#forgetName(tooMany);
    while (this.#characters > bounds.rememberedPaths) {
      const [oldest] = this.#records.keys();
      if (oldest === undefined || oldest === name) break;
      this.#forgetName(oldest);
    }
  }

  #keep(record: UploadRecord, blocks: number): void {
    const { name, principal } = record;
    this.#unkeep(record);
    this.#kept.set(name, blocks);
    const tooMany = this.#suspended.add(principal, name);
    if (tooMany !== undefined) this.#forgetName(tooMany);
  }

  #unkeep({ name, principal }: UploadRecord): void {
    if (this.#kept.delete(name)) this.#suspended.delete(principal, name);
  }

  #forgetName(name: string): void {
    const record = this.#records.get(name);
    if (record !== undefined && !this.#live.has(name)) this.#forget(record);
  }

  /** Nothing of it matters any more. */
  #forget(record: UploadRecord): void {
    this.#unkeep(record);
    this.#drop(record.name);
    const dropping = this.#discard(record.name)
      .then(() => this.#journal.append({ forget: record.name }))
      .catch(this.#untold(record))
      .finally(() => this.#dropping.delete(record.name));
    this.#dropping.set(record.name, dropping);
  }

  /** For what nobody waits for. */
  #untold({ path }: UploadRecord): (err: unknown) => void {
    return (err) => this.#options.warn('could not remove all of an upload that is given up', { path, err });
  }

  #drop(name: string): void {
    const known = this.#records.get(name);
    if (known === undefined) return;
    this.#records.delete(name);
    this.#characters -= known.path.length;
    this.#remembered.delete(known.principal, name);
  }
}

/** Whether what one journal says of an upload came after what another says. */
function isNewer(one: UploadRecord, other: UploadRecord | undefined): boolean {
  if (other === undefined) return true;
  if (other.committed !== undefined || one.committed !== undefined) return other.committed === undefined;
  return one.epoch > other.epoch || (one.epoch === other.epoch && one.at > other.at);
}

async function rewriteLeaves(path: string, leaves: readonly Uint8Array[]): Promise<void> {
  const copy = new LeavesFile(`${path}${COPY}`, 0);
  try {
    for (const leaf of leaves) await copy.append(leaf);
    await copy.sync();
  } finally {
    await copy.park();
  }
  await rename(`${path}${COPY}`, path);
}

async function isThere(path: string): Promise<boolean> {
  return (await lookAt(path)) !== undefined;
}

/** @returns whether it was there. */
async function moveIfThere(from: string, to: string): Promise<boolean> {
  return wasThere(rename(from, to));
}

async function unlinkIfThere(path: string): Promise<boolean> {
  return wasThere(unlink(path));
}

async function wasThere(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
