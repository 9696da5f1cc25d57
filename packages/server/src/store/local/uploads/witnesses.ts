import { rename } from 'node:fs/promises';
import { FilexError } from '@filex/protocol';
import { lookAt } from '@filex/protocol/node';
import { type Folder, keyOf, pathIn } from '../folder.js';
import { isIt, type ServedFolder } from './evidence.js';
import { isThere, moveIfThere, namesIn, unlinkIfThere, WITNESS } from './staged-names.js';
import type { UploadRecord } from './upload-record.js';

/** What witnesses need to know. */
export interface WitnessOptions {
  readonly own: Folder;
  readonly served: ServedFolder;
  /** Makes the names of what is staged durable. */
  flushNames(): Promise<void>;
  /** Uploads whose commit somebody, dead or alive, has begun and not put on record. */
  unsettled(): Promise<readonly UploadRecord[]>;
}

/** Under which a link is made that is not yet known to be to the right file. */
const NEW = '.new';

/**
 * Traces of files that are replaced, moved or removed between their publication and their tombstone. Should whoever published one
 * die in between, it could be told from nothing else that it was, and a retry would publish it again over what came after.
 */
export class Witnesses {
  readonly #options: WitnessOptions;
  readonly #names = new Set<string>();

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  get areNeeded(): boolean {
    return this.#names.size > 0;
  }

  /**
   * Before what is at a path, or below it, loses its name.
   * @param except an upload that needs none: it takes the name itself.
   * @throws FilexError `BUSY` where a witness is needed, and the file system has no links: then that commit has to be waited for.
   */
  async keep(path: string, except?: string): Promise<void> {
    let isMade = false;
    for (const record of await this.#options.unsettled()) {
      const { intent, name } = record;
      if (intent === undefined || name === except) continue;
      if (intent.path !== path && !intent.path.startsWith(`${path}/`)) continue;
      if (await this.#make(record)) isMade = true;
    }
    if (isMade) await this.#options.flushNames();
  }

  /** Takes over that of somebody who is gone. */
  async adopt(folder: Folder, file: string): Promise<void> {
    const name = file.slice(0, -WITNESS.length);
    if (await moveIfThere(pathIn(folder, file), this.#pathOf(name))) this.#names.add(name);
  }

  /** Removes those whose commit is on record by now, or was withdrawn. */
  async tidy(): Promise<void> {
    if (this.#names.size === 0) return;
    const unsettled = new Set((await this.#options.unsettled()).map(({ name }) => name));
    for (const name of this.#names) {
      if (unsettled.has(name)) continue;
      await unlinkIfThere(this.#pathOf(name));
      this.#names.delete(name);
    }
  }

  /** @returns whether there is one now that was not there before. */
  async #make({ intent, name }: UploadRecord): Promise<boolean> {
    if (intent === undefined || (await isThere(this.#pathOf(name)))) return false;
    const { served, own } = this.#options;
    const found = await served.look(intent.path);
    const staged = await lookAt(namesIn(own, name).staged);
    if (found === undefined || !(isIt(found, intent, staged) || isIt(found, intent, undefined))) return false;
    const made = `${this.#pathOf(name)}${NEW}`;
    await unlinkIfThere(made);
    try {
      if ((await served.link(intent.path, made)) === 'unsupported') throw inTheWay(intent.path);
    } catch (error) {
      if (FilexError.from(error).code === 'NOT_FOUND') return false; // somebody was faster
      throw error;
    }
    // It may have been exchanged since it was looked at.
    const got = await lookAt(made);
    if (got === undefined || keyOf(got.stats) !== keyOf(found.stats)) {
      await unlinkIfThere(made);
      return false;
    }
    this.#names.add(name);
    await rename(made, this.#pathOf(name));
    return true;
  }

  #pathOf(name: string): string {
    return namesIn(this.#options.own, name).witness;
  }
}

function inTheWay(path: string): FilexError {
  const words = `${JSON.stringify(path)} has just been uploaded, and that is not on record yet`;
  return new FilexError('BUSY', words, { path });
}
