import { copyFile, rename } from 'node:fs/promises';
import { BLOCK_SIZE } from '@filex/protocol';
import { type DirectorySync, errnoOf, lookAt, readLeaves } from '@filex/protocol/node';
import { bounds } from '../../../bounds.js';
import { readNames } from '../directory-names.js';
import { type Folder, pathIn } from '../folder.js';
import type { OtherOwner, StagingArea } from '../staging-area.js';
import type { Warn } from '../warn.js';
import type { Evidence } from './evidence.js';
import { JOURNAL } from './journal.js';
import { JournalReader } from './journal-reader.js';
import type { OtherJournals } from './other-journals.js';
import {
  isThere,
  moveIfThere,
  namesIn,
  removeNames,
  unlinkIfThere,
  WITNESS,
  writeLeaves,
} from './staged-names.js';
import type { UploadRecord } from './upload-record.js';
import type { Witnesses } from './witnesses.js';

/** What is known of an upload that nobody is at work on. */
export interface Kept {
  readonly record: UploadRecord;
  /** Of the whole blocks that are there. */
  readonly leaves: readonly Uint8Array[];
}

/** What taking over needs of the ledger that gains by it. */
export interface Heir {
  recordOf(name: string): UploadRecord | undefined;
  isLive(name: string): boolean;
  /** Puts a step on record, durably. */
  record(record: UploadRecord): Promise<void>;
  /** It waits for somebody to go on. */
  keep(record: UploadRecord, blocks: number): void;
}

export interface TakeoverOptions {
  readonly staging: StagingArea;
  readonly directorySync: DirectorySync;
  readonly journals: OtherJournals;
  readonly evidence: Evidence;
  readonly witnesses: Witnesses;
  readonly heir: Heir;
  /** Which run of the machine this is. */
  readonly boot: string;
  /** Milliseconds that an upload nobody is at work on is kept. */
  readonly resumeTimeout: number;
  /** Whether things are flushed at all. */
  readonly durable: boolean;
  readonly warn: Warn;
}

/**
 * How an upload gets from one server to another. The name of the staged file is the fence: whoever renames it into his own folder
 * has the upload, and the other one cannot publish it any more.
 */
export class Takeover {
  readonly #options: TakeoverOptions;

  constructor(options: TakeoverOptions) {
    this.#options = options;
  }

  /**
   * Takes one upload from whoever has it, and finds out what became of it. Undefined when nobody knows it.
   *
   * First the file, then the journals: whoever had it cannot publish it after the first, and has written down what he did before.
   */
  async take(name: string): Promise<Kept | undefined> {
    const { staging, heir, boot, evidence, journals } = this.#options;
    const { own } = staging;
    const from = await this.#fence(name);
    const others = await journals.about(name);
    const ours = heir.recordOf(name);
    const known = [...others.map(({ record }) => record), ...(ours === undefined ? [] : [ours])];
    if (known.length === 0) return undefined;
    const epoch = Math.max(...known.map((record) => record.epoch));
    const { staged, taken, takenLeaves } = namesIn(own, name);
    const settled: UploadRecord[] = [];
    for (const { record, owner } of others)
      settled.push(await evidence.judge(record, owner.name === from?.name ? taken : `${taken}.none`));
    if (ours !== undefined) settled.push(await evidence.judge(ours, staged));
    const committed = settled.find((record) => record.committed !== undefined);
    if (committed !== undefined) {
      const record = { ...committed, epoch };
      if (ours?.committed === undefined || ours.epoch !== epoch)
        await heir.record(this.#mark(record, others));
      await removeNames(own, name);
      return { record, leaves: [] };
    }
    const theirs = others.find(({ owner }) => owner.name === from?.name);
    const isGain = theirs !== undefined && (isNewer(theirs.record, ours) || !(await isThere(staged)));
    if (from !== undefined && isGain) await this.#receive(name, from);
    // What is proven of the bytes is what whoever had them says.
    const base = (isGain ? theirs.record : ours) ?? (settled[0] as UploadRecord);
    const leaves = await this.#leavesIn(own, base, isGain ? theirs.boot : boot);
    if (isGain && leaves.length > 0) await writeLeaves(namesIn(own, name).leaves, leaves);
    for (const path of [taken, takenLeaves]) await unlinkIfThere(path);
    // A copy is not flushed before somebody goes on with it.
    const durable = isGain ? 0 : Math.min(base.durable, leaves.length);
    const record = this.#mark({ ...base, intent: undefined, epoch, durable, at: Date.now() }, others);
    if (others.length > 0 || ours?.intent !== undefined) await heir.record(record);
    return { record, leaves };
  }

  /**
   * Takes over all that a server has left that is gone. What it has written down is judged, and that put on record here, while all
   * is as it was left; then its journal goes, and only then anything else. So no crash on the way leaves something to be judged
   * that is not as it was.
   */
  async adopt(abandoned: OtherOwner): Promise<void> {
    const { staging, directorySync, warn, durable, heir } = this.#options;
    const claimed = await staging.claim(abandoned);
    const folder = claimed && (await staging.enter(claimed));
    if (claimed === undefined || folder === undefined) return;
    const gained: Kept[] = [];
    try {
      const reader = new JournalReader();
      const isWritten = await reader.refresh(folder.path);
      for (const theirs of reader.records.values()) {
        const kept = await this.#inherit(theirs, folder, reader.boot, claimed);
        if (kept === undefined) continue;
        await heir.record({ ...kept.record, taken: true });
        if (kept.leaves.length > 0) gained.push(kept);
      }
      await this.#adoptWitnesses(folder);
      if (durable) await directorySync.sync(staging.own);
      if (isWritten) await unlinkIfThere(pathIn(folder, JOURNAL));
      if (durable) await directorySync.sync(folder);
      for (const { record, leaves } of gained) {
        const { staged, leaves: path } = namesIn(staging.own, record.name);
        if (!(await moveIfThere(namesIn(folder, record.name).staged, staged))) continue;
        await writeLeaves(path, leaves);
        heir.keep(record, leaves.length);
      }
    } finally {
      await folder.close();
    }
    if (durable) await directorySync.sync(staging.own);
    await staging.remove(claimed);
    warn('took over what an earlier process had staged', { owner: abandoned.name, uploads: gained.length });
  }

  /** Takes what is staged of an upload, from whoever has it. @returns whom. */
  async #fence(name: string): Promise<OtherOwner | undefined> {
    const { staging } = this.#options;
    const { taken, takenLeaves } = namesIn(staging.own, name);
    let from: OtherOwner | undefined;
    for (const owner of await staging.others()) {
      const folder = await staging.enter(owner);
      if (folder === undefined) continue;
      try {
        const their = namesIn(folder, name);
        const has = await moveIfThere(their.staged, taken);
        // Of everybody: who has lost the file to somebody who has lost it since could still replace something with it.
        await unlinkIfThere(their.spare);
        if (!has) continue;
        from = owner;
        await unlinkIfThere(takenLeaves);
        await moveIfThere(their.leaves, takenLeaves);
      } finally {
        await folder.close();
      }
    }
    return from;
  }

  /** Makes what was taken ours. */
  async #receive(name: string, from: OtherOwner): Promise<void> {
    const { staging, warn } = this.#options;
    const { staged, leaves, copy, taken, takenLeaves } = namesIn(staging.own, name);
    await unlinkIfThere(leaves);
    if (await staging.isAbandoned(from)) await rename(taken, staged);
    else {
      // Whoever had it may still write to it: that must not get into what is gone on with.
      await copyFile(taken, copy);
      await rename(copy, staged);
      await unlinkIfThere(taken);
      warn('took an upload over from another server that still runs', { upload: name });
    }
    await moveIfThere(takenLeaves, leaves);
  }

  /** What becomes of an upload of a server that is gone. Undefined: nothing of it matters. */
  async #inherit(
    theirs: UploadRecord,
    folder: Folder,
    boot: string,
    holder: OtherOwner,
  ): Promise<Kept | undefined> {
    const { heir, evidence, resumeTimeout } = this.#options;
    const { name } = theirs;
    if (Date.now() - theirs.at >= resumeTimeout) return undefined;
    const ours = heir.recordOf(name);
    if (ours?.committed !== undefined) return undefined;
    if (theirs.intent !== undefined && (await this.#isOutdated(theirs, ours, holder))) return undefined;
    const { staged } = namesIn(folder, name);
    const record = await evidence.judge(theirs, staged);
    if (record.committed !== undefined)
      return { record: { ...record, epoch: Math.max(record.epoch, ours?.epoch ?? 0) }, leaves: [] };
    if (heir.isLive(name) || !isNewer(theirs, ours)) return undefined;
    const leaves = await this.#leavesIn(folder, record, boot);
    if (leaves.length === 0 && theirs.taken !== true) return undefined;
    return { record: { ...record, durable: Math.min(record.durable, leaves.length) }, leaves };
  }

  /** Whether somebody has taken the upload since, and so judged what became of it. */
  async #isOutdated(
    theirs: UploadRecord,
    ours: UploadRecord | undefined,
    holder: OtherOwner,
  ): Promise<boolean> {
    const isLater = (record: UploadRecord | undefined): boolean =>
      record?.taken === true && isNewer(record, theirs);
    if (isLater(ours)) return true;
    const others = await this.#options.journals.about(theirs.name);
    return others.some(({ owner, record }) => owner.name !== holder.name && isLater(record));
  }

  async #adoptWitnesses(folder: Folder): Promise<void> {
    for await (const names of readNames(folder.path, bounds.listingBatch)) {
      for (const bytes of names) {
        const name = bytes.toString();
        if (name.endsWith(WITNESS)) await this.#options.witnesses.adopt(folder, name);
      }
    }
  }

  /** Others have had it, whose journals may say what is not true any more: what we know must be found as long as that may be. */
  #mark(record: UploadRecord, others: readonly unknown[]): UploadRecord {
    return others.length > 0 ? { ...record, taken: true } : record;
  }

  /** The digests of what is staged that can be relied on. @param boot which run of the machine has written them. */
  async #leavesIn(folder: Folder, record: UploadRecord, boot: string): Promise<Uint8Array[]> {
    const { staged, leaves: path } = namesIn(folder, record.name);
    const found = await lookAt(staged);
    if (found?.kind !== 'file') return [];
    let leaves: Uint8Array[];
    try {
      leaves = await readLeaves(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return [];
    }
    // What was not flushed is there if the machine has not stopped since.
    const isSameRun = boot !== '' && boot === this.#options.boot;
    const proven = isSameRun ? leaves.length : Math.min(leaves.length, record.durable);
    return leaves.slice(0, Math.min(proven, Math.floor(Number(found.stats.size) / BLOCK_SIZE)));
  }
}

/** Whether what one journal says of an upload came after what another says. */
function isNewer(one: UploadRecord, other: UploadRecord | undefined): boolean {
  if (other === undefined) return true;
  if (other.committed !== undefined || one.committed !== undefined) return other.committed === undefined;
  return one.epoch > other.epoch || (one.epoch === other.epoch && one.at > other.at);
}
