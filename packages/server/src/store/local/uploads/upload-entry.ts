import {
  type CommitLog,
  type CommitStep,
  type Intent,
  LeavesFile,
  type Published,
} from '@filex/protocol/node';
import type { CommitRequest } from '../../store.js';
import { etagOf } from '../entry.js';
import type { OpenFilePool } from '../open-file-pool.js';
import { rivalled } from './rivalled.js';
import type { UploadRecord } from './upload-record.js';

/** What an entry needs of the ledger it is in. */
export interface EntryKeeper {
  /** Files with digests that may be open at once. */
  readonly leaves: OpenFilePool<LeavesFile>;
  /** Whether things are flushed at all. */
  readonly durable: boolean;
  /** Puts a step on record, durably. */
  record(record: UploadRecord): Promise<void>;
  /** Puts one on record that nobody waits for. */
  note(record: UploadRecord): void;
  /** Makes the names of what is staged durable. */
  flushNames(): Promise<void>;
  /** Before what is at a path loses its name to an upload. */
  giveUp(path: string, name: string): Promise<void>;
  /** Whether another server has published this upload, or is about to. */
  isRivalled(name: string): Promise<boolean>;
  /** Nobody is at work on it any more; `kept`: bytes that wait for somebody to go on. */
  leave(record: UploadRecord, kept: number | undefined): void;
  reach(record: UploadRecord, step: CommitStep): void;
}

/** One upload that is under way, and what is on record of it. */
export class UploadEntry {
  readonly #keeper: EntryKeeper;
  readonly #leaves: LeavesFile;
  #record: UploadRecord;
  /** Whether anything of it is on record, so that whoever comes later must find what is true. */
  #isOnRecord: boolean;
  #namesAreDurable: boolean;
  #hasLeaves: boolean;

  /** @param leaves how many digests are there already; `path` of the file with them. */
  constructor(keeper: EntryKeeper, record: UploadRecord, path: string, leaves: number, isOnRecord: boolean) {
    this.#keeper = keeper;
    this.#record = record;
    this.#leaves = new LeavesFile(path, leaves);
    this.#hasLeaves = leaves > 0;
    this.#isOnRecord = isOnRecord;
    this.#namesAreDurable = isOnRecord;
  }

  /** Keeps the digest of a block that was written. */
  async blockWritten(leaf: Uint8Array): Promise<void> {
    await this.#use(() => this.#leaves.append(leaf));
    if (this.#isOnRecord) return;
    // What survives the process must be found by the next one; that it survives the machine, `synced` sees to.
    this.#isOnRecord = true;
    this.#keeper.note(this.#record);
  }

  /** All that was written so far is durable: its digests become so, too, and that it is there. */
  async synced(): Promise<void> {
    const { count } = this.#leaves;
    if (count === 0 || !this.#keeper.durable) return;
    await this.#use(() => this.#leaves.sync());
    if (!this.#namesAreDurable) await this.#keeper.flushNames();
    this.#namesAreDurable = true;
    await this.#put({ durable: count });
  }

  /** Bytes beyond so many whole blocks were dropped. */
  async truncated(blocks: number): Promise<void> {
    if (this.#leaves.count <= blocks) return;
    if (this.#record.durable > blocks) await this.#put({ durable: blocks });
    await this.#use(() => this.#leaves.truncate(blocks));
  }

  /** Puts on record which attempt is in charge. */
  fence(epoch: number): Promise<void> {
    return this.#put({ epoch });
  }

  /** What writes down how the file is published. */
  commitLog(
    { length, digest, algorithm }: CommitRequest,
    pathOf: (name: string) => string,
  ): CommitLog<Published> {
    const content = { length, digest: Buffer.from(digest).toString('hex'), algorithm };
    let intended = false;
    return {
      intend: async ({ name, outcome, moved, mtime }: Intent) => {
        intended = true;
        if (outcome === 'replaced') await this.#keeper.giveUp(pathOf(name), this.#record.name);
        await this.#put({ intent: { ...content, path: pathOf(name), outcome, moved, mtime } });
        // Each puts its own intent on record, then looks at those of others: so of two, one at least sees the other.
        if (await this.#keeper.isRivalled(this.#record.name)) throw rivalled(this.#record.path);
      },
      record: ({ name, outcome, stats }) => {
        const committed = {
          ...content,
          path: pathOf(name),
          outcome,
          etag: etagOf(stats),
          time: Date.now() * 1000,
        };
        return this.#put({ intent: undefined, committed });
      },
      withdraw: async () => {
        if (intended) await this.#put({ intent: undefined, durable: 0 });
      },
      reach: (step) => this.#keeper.reach(this.#record, step),
    };
  }

  /** It was committed, or given up: nothing is left but what is on record. */
  async end(): Promise<void> {
    try {
      if (this.#hasLeaves) await this.#keeper.leaves.discard(this.#leaves);
    } finally {
      this.#keeper.leave(this.#record, undefined);
    }
  }

  /** When it was committed, in microseconds since 1970. */
  get committedAt(): number | undefined {
    return this.#record.committed?.time;
  }

  /** How many blocks can be gone on after. */
  get blocks(): number {
    return this.#leaves.count;
  }

  /** It waits for somebody to go on. */
  async suspend(): Promise<void> {
    try {
      if (this.#hasLeaves) await this.#keeper.leaves.release(this.#leaves);
    } finally {
      this.#keeper.leave(this.#record, this.blocks);
    }
  }

  async #put(change: Partial<UploadRecord>): Promise<void> {
    const record = { ...this.#record, ...change, at: Date.now() };
    await this.#keeper.record(record);
    this.#record = record;
    this.#isOnRecord = true;
  }

  async #use(work: () => Promise<void>): Promise<void> {
    const { leaves } = this.#keeper;
    if (!this.#hasLeaves) {
      await leaves.create(async () => this.#leaves);
      this.#hasLeaves = true;
    }
    await leaves.use(this.#leaves, work);
  }
}
