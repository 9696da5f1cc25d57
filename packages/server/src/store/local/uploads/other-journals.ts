import { FilexError } from '@filex/protocol';
import { bounds } from '../../../bounds.js';
import type { OtherOwner, StagingArea } from '../staging-area.js';
import { JournalReader } from './journal-reader.js';
import type { UploadRecord } from './upload-record.js';

/** What another server says of an upload. */
export interface OtherRecord {
  readonly record: UploadRecord;
  readonly owner: OtherOwner;
  /** Which run of the machine has written it. */
  readonly boot: string;
}

/** All that another server has written down. */
export interface OtherJournal {
  readonly owner: OtherOwner;
  readonly reader: JournalReader;
}

/** The journals of the other servers on this folder. */
export class OtherJournals {
  readonly #staging: StagingArea;
  readonly #readers = new Map<string, JournalReader>();

  constructor(staging: StagingArea) {
    this.#staging = staging;
  }

  /** What they say of one upload by now. */
  async about(name: string): Promise<readonly OtherRecord[]> {
    const found: OtherRecord[] = [];
    for (const { owner, reader } of await this.read()) {
      const record = reader.records.get(name);
      if (record !== undefined) found.push({ record, owner, boot: reader.boot });
    }
    return found;
  }

  /**
   * As they are now. A journal that is taken over meanwhile is not missed: whoever does that puts its lines on his own record
   * before it goes, so all are read once more.
   * @throws FilexError `BUSY` when that happens again and again.
   */
  async read(): Promise<readonly OtherJournal[]> {
    const known = new Set<string>();
    for (let pass = 0; pass < bounds.journalPasses; pass += 1) {
      const { read, absent } = await this.#readOnce();
      if (absent.every((name) => known.has(name))) return read;
      for (const name of absent) known.add(name);
    }
    throw new FilexError('BUSY', 'the servers on this folder come and go too fast to read what they did');
  }

  async #readOnce(): Promise<{ readonly read: readonly OtherJournal[]; readonly absent: readonly string[] }> {
    const owners = await this.#staging.others();
    const names = new Set(owners.map(({ name }) => name));
    for (const name of this.#readers.keys()) if (!names.has(name)) this.#readers.delete(name);
    const read: OtherJournal[] = [];
    const absent: string[] = [];
    for (const owner of owners) {
      const reader = await this.#refreshed(owner);
      if (reader === undefined) absent.push(owner.name);
      else read.push({ owner, reader });
    }
    return { read, absent };
  }

  async #refreshed(owner: OtherOwner): Promise<JournalReader | undefined> {
    const folder = await this.#staging.enter(owner);
    if (folder === undefined) return undefined;
    try {
      let reader = this.#readers.get(owner.name);
      if (reader === undefined) {
        reader = new JournalReader();
        this.#readers.set(owner.name, reader);
      }
      return (await reader.refresh(folder.path)) ? reader : undefined;
    } finally {
      await folder.close();
    }
  }
}
