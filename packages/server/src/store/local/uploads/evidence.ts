import { type Existing, lookAt, modificationTime } from '@filex/protocol/node';
import { etagOf } from '../entry.js';
import { keyOf } from '../folder.js';
import type { StagingArea } from '../staging-area.js';
import { isThere, namesIn, unlinkIfThere } from './staged-names.js';
import type { UploadRecord } from './upload-record.js';

/** What can be found out in the served folder. */
export interface ServedFolder {
  /** What has a path of the store now: what `lstat` says, undefined for nothing. */
  look(path: string): Promise<Existing | undefined>;
  /** Makes the names in the folder of a path of the store durable. */
  flushParent(path: string): Promise<void>;
  /** Gives what has a path of the store a further name: see `linkToFreeName`. */
  link(path: string, to: string): Promise<'linked' | 'taken' | 'unsupported'>;
}

/** Finds out what became of a file that was about to be published: see `CommitLog`. */
export class Evidence {
  readonly #staging: StagingArea;
  readonly #served: ServedFolder;
  readonly #durable: boolean;

  constructor(staging: StagingArea, served: ServedFolder, durable: boolean) {
    this.#staging = staging;
    this.#served = served;
    this.#durable = durable;
  }

  /**
   * Nobody may be able to publish it any more while this looks.
   * @param staged where the file is, or may be, staged.
   * @returns the record with the commit that has been, or without the intent.
   */
  async judge(record: UploadRecord, staged: string): Promise<UploadRecord> {
    const { intent } = record;
    if (intent === undefined) return record;
    const at = Date.now();
    const found = await this.find(record, staged);
    if (found === undefined) return { ...record, intent: undefined, at };
    const { moved: _, mtime: __, ...content } = intent;
    const committed = { ...content, etag: etagOf(found.stats), time: at * 1000 };
    return { ...record, intent: undefined, committed, at };
  }

  /** The file, when it has been published; it is durable then, and not staged any more. */
  async find(record: UploadRecord, staged: string): Promise<Existing | undefined> {
    const { intent, name } = record;
    if (intent === undefined) return undefined;
    const target = await this.#served.look(intent.path);
    if (target !== undefined && isIt(target, intent, await lookAt(staged))) {
      if (this.#durable) await this.#served.flushParent(intent.path);
      // To lose a name changes what a file is known by: its etag is that of later.
      await unlinkIfThere(staged);
      return (await this.#served.look(intent.path)) ?? target;
    }
    return this.#witnessOf(name);
  }

  /** Whether another server can still publish it. */
  async isStaged(owner: Parameters<StagingArea['enter']>[0], name: string): Promise<boolean> {
    const folder = await this.#staging.enter(owner);
    if (folder === undefined) return false;
    try {
      const { staged, spare } = namesIn(folder, name);
      // In this order: without the first, the second cannot be made any more.
      return (await isThere(staged)) || (await isThere(spare));
    } finally {
      await folder.close();
    }
  }

  /** Looks twice, since a witness may be handed from one server to another meanwhile. */
  async #witnessOf(name: string): Promise<Existing | undefined> {
    return (await this.#findWitness(name)) ?? (await this.#findWitness(name));
  }

  async #findWitness(name: string): Promise<Existing | undefined> {
    const own = await lookAt(namesIn(this.#staging.own, name).witness);
    if (own !== undefined) return own;
    for (const owner of await this.#staging.others()) {
      const folder = await this.#staging.enter(owner);
      if (folder === undefined) continue;
      try {
        const found = await lookAt(namesIn(folder, name).witness);
        if (found !== undefined) return found;
      } finally {
        await folder.close();
      }
    }
    return undefined;
  }
}

/** Whether a file is the one that was intended for its name. */
export function isIt(
  { kind, stats }: Existing,
  { length, mtime }: { readonly length: number; readonly mtime: number },
  staged: Existing | undefined,
): boolean {
  if (kind !== 'file') return false;
  if (staged !== undefined) return keyOf(staged.stats) === keyOf(stats);
  return stats.size === BigInt(length) && modificationTime(stats) === mtime;
}
