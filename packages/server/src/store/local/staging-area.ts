import { lstatSync } from 'node:fs';
import { chmod, mkdir, rename } from 'node:fs/promises';
import { DirectorySync, errnoOf, lookAt, modificationTime } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import { readNames } from './directory-names.js';
import { type Confinement, type Folder, pathIn, settleAll } from './folder.js';
import {
  formatOwner,
  isAlive,
  type ProcessOwner,
  parseOwner,
  released,
  thisProcess,
} from './process-owner.js';
import { RESERVED_NAME } from './reserved-folder.js';
import { removeTree } from './tree-removal.js';
import type { Warn } from './warn.js';

/** Only this user may look at what is staged. */
const PRIVATE = 0o700;

/** The folder of another server, or of one that is gone. */
export interface OtherOwner {
  /** Of the folder. */
  readonly name: string;
  readonly owner: ProcessOwner;
}

/** `.filex/staging/<owner>/`, where the uploads of one server are until they are published, and what it has written down of them. */
export class StagingArea {
  readonly #confinement: Confinement;
  readonly #staging: Folder;
  readonly #owner: ProcessOwner;
  /** The folder of this server. */
  readonly own: Folder;
  #others: readonly OtherOwner[] = [];
  /** When what is known of others was looked up, and when their folder had changed by then, in milliseconds. */
  #lookedAt = 0;
  #changedAt = Number.NaN;

  private constructor(confinement: Confinement, staging: Folder, owner: ProcessOwner, own: Folder) {
    this.#confinement = confinement;
    this.#staging = staging;
    this.#owner = owner;
    this.own = own;
  }

  /** Makes what is missing. Rejects with the error of the operating system when the folder is not to be written to. */
  static async open(confinement: Confinement, warn: Warn): Promise<StagingArea> {
    const staging = await makeFolders(confinement, [RESERVED_NAME, 'staging'], warn);
    try {
      const owner = await thisProcess();
      const own = await makeFolder(confinement, staging, formatOwner(owner));
      return new StagingArea(confinement, staging, owner, own);
    } catch (error) {
      await staging.close();
      throw error;
    }
  }

  /** The device of everything that can be published from here. */
  get device(): bigint {
    return this.own.device;
  }

  /** Where it is; good until `close`. */
  get path(): string {
    return this.own.path;
  }

  /** What others have here. Asked for at every upload, so that it is only read when something has changed. */
  async others(): Promise<readonly OtherOwner[]> {
    const changedAt = Number(lstatSync(`${this.#staging.path}/.`, { bigint: true }).mtimeNs / 1_000_000n);
    // Times of folders are coarse: two changes can have the same one.
    const isSure = this.#lookedAt - changedAt > bounds.timeGranularity;
    if (changedAt === this.#changedAt && isSure) return this.#others;
    this.#lookedAt = Date.now();
    this.#changedAt = changedAt;
    const others: OtherOwner[] = [];
    const itself = formatOwner(this.#owner);
    for await (const names of readNames(this.#staging.path, bounds.listingBatch)) {
      for (const bytes of names) {
        const name = bytes.toString();
        const owner = parseOwner(name);
        if (owner !== undefined && name !== itself) others.push({ name, owner });
      }
    }
    this.#others = others;
    return others;
  }

  /** Holds the folder of another one. Undefined when it has gone. */
  async enter({ name }: OtherOwner): Promise<Folder | undefined> {
    try {
      return await this.#confinement.child(this.#staging, name);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Whether whoever it belongs to is gone for good. */
  async isAbandoned(other: OtherOwner): Promise<boolean> {
    const alive = await isAlive(other.owner);
    if (alive !== undefined) return !alive;
    // On another machine: it has a pulse as long as something in it changes.
    const last = await this.#lastChange(other);
    return last !== undefined && Date.now() - last / 1000 > bounds.abandonedStagingAge;
  }

  /** Makes the folder of one that is gone ours; of all who want that, one gets it. Undefined for the others. */
  async claim({ name }: OtherOwner): Promise<OtherOwner | undefined> {
    const owner = await thisProcess();
    const ours = formatOwner(owner);
    try {
      await rename(pathIn(this.#staging, name), pathIn(this.#staging, ours));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    return { name: ours, owner };
  }

  /** Removes the folder of another one with all that is in it. */
  async remove({ name }: OtherOwner): Promise<void> {
    await removeTree(this.#confinement, this.#staging, Buffer.from(name));
  }

  /**
   * Rejects with the error of the operating system when the folder stays as that of this process; who comes after its end takes over
   * what is in it all the same.
   * @param keep whether something is left that the next server is to take over.
   */
  async close(keep: boolean): Promise<void> {
    try {
      await this.own.close();
      const name = formatOwner(this.#owner);
      if (keep)
        await rename(pathIn(this.#staging, name), pathIn(this.#staging, formatOwner(released(this.#owner))));
      else await removeTree(this.#confinement, this.#staging, Buffer.from(name));
    } catch (error) {
      // Somebody has tidied up.
      if (errnoOf(error) !== 'ENOENT') throw error;
    } finally {
      await this.#staging.close();
    }
  }

  /** Microseconds since 1970; undefined when it has gone. */
  async #lastChange(other: OtherOwner): Promise<number | undefined> {
    const folder = await this.enter(other);
    if (folder === undefined) return undefined;
    try {
      const itself = await lookAt(`${folder.path}/.`);
      let last = itself === undefined ? 0 : modificationTime(itself.stats);
      for await (const names of readNames(folder.path, bounds.listingBatch)) {
        for (const found of await settleAll(names.map((staged) => lookAt(pathIn(folder, staged)))))
          if (found !== undefined) last = Math.max(last, modificationTime(found.stats));
      }
      return last;
    } finally {
      await folder.close();
    }
  }
}

async function makeFolders(confinement: Confinement, names: readonly string[], warn: Warn): Promise<Folder> {
  let folder = await confinement.enter({ segments: [], label: '', action: 'open', missing: 'NOT_FOUND' });
  for (const name of names) {
    try {
      const next = await makeFolder(confinement, folder, name);
      await makePrivate(folder, name, warn);
      await folder.close();
      folder = next;
    } catch (error) {
      await folder.close();
      throw error;
    }
  }
  return folder;
}

/** One that was there already may be open to others; they are kept out, as far as we may do that. */
async function makePrivate(parent: Folder, name: string, warn: Warn): Promise<void> {
  const path = pathIn(parent, name);
  const us = process.geteuid?.(); // not on Windows, which has other permissions
  const stats = us === undefined ? undefined : (await lookAt(path))?.stats;
  if (stats === undefined || (stats.mode & 0o7777n) === BigInt(PRIVATE)) return;
  if (stats.uid === BigInt(us as number)) await chmod(path, PRIVATE);
  else warn('the folder for staging belongs to somebody else, who can change what is staged', { name });
}

async function makeFolder(confinement: Confinement, folder: Folder, name: string): Promise<Folder> {
  try {
    await mkdir(pathIn(folder, name), PRIVATE);
    await new DirectorySync().sync(folder);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return confinement.child(folder, name);
}
