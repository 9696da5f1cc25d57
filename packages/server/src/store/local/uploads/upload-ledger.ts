import { channel } from 'node:diagnostics_channel';
import { BLOCK_SIZE, FilexError } from '@filex/protocol';
import { type CommitStep, type DirectorySync, FairShare, type LeavesFile } from '@filex/protocol/node';
import { bounds } from '../../../bounds.js';
import type { StageRequest, UploadKey } from '../../store.js';
import { pathIn } from '../folder.js';
import { OpenFilePool } from '../open-file-pool.js';
import type { StagingArea } from '../staging-area.js';
import type { Warn } from '../warn.js';
import { Evidence, type ServedFolder } from './evidence.js';
import { Journal } from './journal.js';
import { machineBoot } from './machine-boot.js';
import { type OtherJournal, OtherJournals } from './other-journals.js';
import { namesIn, removeNames, type StagedNames } from './staged-names.js';
import { type Heir, type Kept, Takeover } from './takeover.js';
import { type EntryKeeper, UploadEntry } from './upload-entry.js';
import { type JournalLine, type UploadRecord, uploadName } from './upload-record.js';
import { Witnesses } from './witnesses.js';

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
  readonly served: ServedFolder;
  readonly warn: Warn;
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
export class UploadLedger implements EntryKeeper, Heir {
  readonly #options: LedgerOptions;
  readonly #journal: Journal;
  readonly #journals: OtherJournals;
  readonly #evidence: Evidence;
  readonly #witnesses: Witnesses;
  readonly #takeover: Takeover;
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
  /** Those whose commit is not over. */
  readonly #unsettled = new Map<string, UploadRecord>();
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> | undefined;
  #settling: Promise<void> | undefined;
  /** What is being removed, by name. */
  readonly #dropping = new Map<string, Promise<void>>();

  private constructor(options: LedgerOptions, journal: Journal, boot: string) {
    this.#options = options;
    this.#journal = journal;
    const { staging, served, durable, directorySync, warn } = options;
    this.#journals = new OtherJournals(staging);
    this.#evidence = new Evidence(staging, served, durable);
    this.#witnesses = new Witnesses({
      own: staging.own,
      served,
      flushNames: () => this.flushNames(),
      unsettled: () => this.#allUnsettled(),
    });
    this.#takeover = new Takeover({
      staging,
      directorySync,
      journals: this.#journals,
      evidence: this.#evidence,
      witnesses: this.#witnesses,
      heir: this,
      boot,
      resumeTimeout: options.limits.resumeTimeout,
      durable,
      warn,
    });
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
    const name = uploadName(request);
    await this.#dropping.get(name);
    this.#take(name, request.operationId, request.path);
    const record = firstRecord(request, name, this.#records.get(name)?.taken);
    return new UploadEntry(this, record, this.#namesOf(name).leaves, 0, false);
  }

  /** Whether nothing is known of it here, nor anything of it is here. */
  isUnheardOf(name: string): boolean {
    return !this.#live.has(name) && !this.#records.has(name) && !this.#dropping.has(name);
  }

  /** Begins one that comes in one piece. @throws FilexError `BUSY` when it is no longer unheard of. */
  beginWhole(request: StageRequest, name: string): UploadRecord {
    if (!this.isUnheardOf(name)) throw underWay(request.path);
    this.#live.set(name, request.operationId);
    return firstRecord(request, name, undefined);
  }

  /** Goes on with one that is kept. */
  async resume({ record, leaves }: Kept, { operationId }: UploadKey): Promise<UploadEntry> {
    const { name, path } = record;
    this.#take(name, operationId, path);
    this.#unkeep(record);
    return new UploadEntry(this, record, this.#namesOf(name).leaves, leaves.length, true);
  }

  /** Where it is staged. */
  stagedPath(name: string): string {
    return pathIn(this.#options.staging.own, name);
  }

  #take(name: string, operationId: string, path: string): void {
    if (this.#live.has(name)) throw underWay(path);
    this.#live.set(name, operationId);
  }

  // ------------------------------------------------------------------ what an entry needs

  async record(...records: readonly UploadRecord[]): Promise<void> {
    // What was published stays so, whatever an attempt says that did not know it.
    const news = records.filter(
      ({ name, committed }) => committed !== undefined || this.#records.get(name)?.committed === undefined,
    );
    if (news.length === 0) return;
    await this.#journal.append(...news.map((upload) => ({ upload })));
    for (const record of news) this.#remember(record);
  }

  /** Puts on record that `epoch` was told of an upload that was committed. */
  async fence(name: string, epoch: number): Promise<void> {
    const record = this.#records.get(name);
    if (record !== undefined) await this.record({ ...record, epoch, at: Date.now() });
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

  /** Before what is at a path, or below it, loses its name to an upload, another name, or nothing. */
  async giveUp(path: string, name?: string): Promise<void> {
    await this.settleAbandoned();
    await this.#witnesses.keep(path, name);
  }

  isRivalled(name: string): Promise<boolean> {
    return this.areRivalled([name]).then((rivalled) => rivalled.has(name));
  }

  /** Those of the uploads that another server has published, or is about to. */
  async areRivalled(names: readonly string[]): Promise<ReadonlySet<string>> {
    // Who is gone publishes nothing any more, but may have.
    await this.settleAbandoned();
    const rivalled = new Set(names.filter((name) => this.#records.get(name)?.committed !== undefined));
    const others = await this.#journals.read();
    for (const name of others.length === 0 ? [] : names) {
      if (!rivalled.has(name) && (await this.#isElsewhere(name, others))) rivalled.add(name);
    }
    return rivalled;
  }

  async #isElsewhere(name: string, others: readonly OtherJournal[]): Promise<boolean> {
    for (const { owner, reader } of others) {
      const record = reader.records.get(name);
      if (record === undefined) continue;
      if (record.committed !== undefined) return true;
      if (record.intent === undefined) continue;
      // Taken from him, it is no rival: then it has been published by now, or never will be.
      if (await this.#evidence.isStaged(owner, name)) return true;
      const { taken } = this.#namesOf(name);
      if ((await this.#evidence.find(record, taken)) !== undefined) return true;
    }
    return false;
  }

  leave(record: UploadRecord, kept: number | undefined): void {
    this.#live.delete(record.name);
    this.#tidy();
    if (kept === undefined) {
      // Nothing is left of it. That it was tried is no matter then.
      const known = this.#records.get(record.name);
      if (known === undefined || known.committed !== undefined || known.taken === true) return;
      this.#drop(known.name);
      this.#journal.append({ forget: known.name }).catch(this.#untold(known));
    } else this.keep(record, kept);
  }

  reach({ name }: UploadRecord, step: CommitStep): void {
    if (steps.hasSubscribers) steps.publish({ step, operationId: this.#live.get(name) });
  }

  // ------------------------------------------------------------------ what waits

  /** What is known of an upload that nobody is at work on in this process. Takes it over when another one has it. */
  async recall(key: UploadKey): Promise<Kept | undefined> {
    const name = uploadName(key);
    await this.#dropping.get(name);
    if (this.#live.has(name)) throw new FilexError('BUSY', 'the upload is still under way');
    await this.settleAbandoned();
    const kept = await this.#takeover.take(name);
    if (kept?.record.committed !== undefined) {
      this.#unkeep(kept.record);
      return kept;
    }
    if (kept !== undefined && kept.leaves.length > 0) {
      this.keep(kept.record, kept.leaves.length);
      return kept;
    }
    // Less than a block is not worth going on with, and what never got on record is of no use: whoever had it has lost it now.
    if (kept !== undefined) this.#unkeep(kept.record);
    await removeNames(this.#options.staging.own, name);
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
    await this.#witnesses.tidy().catch(this.#untidied);
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
          if (await staging.isAbandoned(other)) await this.#takeover.adopt(other);
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
    // On record it goes first: what is told of it there would be of something else than what comes in its place.
    await this.#journal.append({ forget: name });
    await removeNames(this.#options.staging.own, name);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
    await Promise.all(this.#dropping.values());
    await this.#journal.close();
  }

  /** Whether there is anything that the next server should know. */
  get isNeeded(): boolean {
    return this.#records.size > 0 || this.#witnesses.areNeeded;
  }

  // ------------------------------------------------------------------ what taking over needs

  recordOf(name: string): UploadRecord | undefined {
    return this.#records.get(name);
  }

  isLive(name: string): boolean {
    return this.#live.has(name);
  }

  async #allUnsettled(): Promise<readonly UploadRecord[]> {
    const all = [...this.#unsettled.values()];
    for (const { reader } of await this.#journals.read())
      for (const record of reader.records.values()) if (record.intent !== undefined) all.push(record);
    return all;
  }

  #namesOf(name: string): StagedNames {
    return namesIn(this.#options.staging.own, name);
  }

  // ------------------------------------------------------------------ what is remembered

  #remember(record: UploadRecord): void {
    const { name, principal } = record;
    this.#drop(name);
    this.#records.set(name, record);
    this.#characters += record.path.length;
    if (record.intent !== undefined) this.#unsettled.set(name, record);
    const tooMany = this.#remembered.add(principal, name);
    if (tooMany !== undefined) this.#forgetName(tooMany);
    while (this.#characters > bounds.rememberedPaths) {
      const [oldest] = this.#records.keys();
      if (oldest === undefined || oldest === name) break;
      this.#forgetName(oldest);
    }
  }

  keep(record: UploadRecord, blocks: number): void {
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
    // Of what was committed nothing is staged any more.
    const isOver = record.committed !== undefined;
    const removing = isOver ? Promise.resolve() : removeNames(this.#options.staging.own, record.name);
    const dropping = removing
      .then(() => this.#journal.append({ forget: record.name }))
      .catch(this.#untold(record))
      .finally(() => this.#dropping.delete(record.name));
    this.#dropping.set(record.name, dropping);
  }

  /** A commit is over: traces that were kept for it are needed no more. */
  #tidy(): void {
    if (this.#witnesses.areNeeded) this.#witnesses.tidy().catch(this.#untidied);
  }

  readonly #untidied = (err: unknown): void =>
    this.#options.warn('could not remove what was kept for a commit that is over', { err });

  /** For what nobody waits for. */
  #untold({ path }: UploadRecord): (err: unknown) => void {
    return (err) => this.#options.warn('could not remove all of an upload that is given up', { path, err });
  }

  #drop(name: string): void {
    const known = this.#records.get(name);
    if (known === undefined) return;
    this.#records.delete(name);
    this.#unsettled.delete(name);
    this.#characters -= known.path.length;
    this.#remembered.delete(known.principal, name);
  }
}

function underWay(path: string): FilexError {
  return new FilexError('BUSY', `${JSON.stringify(path)} is being uploaded with the same operation id`);
}

/** What is known of an upload that begins. All fields are there: see "Shapes" in ARCHITECTURE.md. */
function firstRecord(request: StageRequest, name: string, taken: boolean | undefined): UploadRecord {
  const { principal, arguments: asked, path, size, ifExists, mtime, executable } = request;
  return {
    name,
    principal,
    arguments: asked,
    epoch: 1,
    at: Date.now(),
    durable: 0,
    taken,
    path,
    size,
    ifExists,
    mtime,
    executable,
    intent: undefined,
    committed: undefined,
  };
}
