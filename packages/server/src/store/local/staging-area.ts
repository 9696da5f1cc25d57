import { chmod, mkdir, rmdir } from 'node:fs/promises';
import { FilexError } from '@filex/protocol';
import {
  errnoOf,
  lookAt,
  modificationTime,
  type PublishingContext,
  StagedFile,
  stagingName,
} from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import { readNames } from './directory-names.js';
import { type Confinement, type Folder, pathIn, settleAll } from './folder.js';
import { formatOwner, isAlive, parseOwner, thisProcess } from './process-owner.js';
import { RESERVED_NAME } from './reserved-folder.js';
import { removeTree } from './tree-removal.js';
import type { Warn } from './warn.js';

/** Only this user may look at what is staged. */
const PRIVATE = 0o700;

/** `.filex/staging/<owner>/`, where the uploads of one process are until they are published. */
export class StagingArea {
  readonly #staging: Folder;
  readonly #owner: string;
  readonly #own: Folder;

  private constructor(staging: Folder, owner: string, own: Folder) {
    this.#staging = staging;
    this.#owner = owner;
    this.#own = own;
  }

  /**
   * Makes what is missing, and removes what processes that are gone have left. Rejects with the error of the operating
   * system when the folder is not to be written to.
   */
  static async open(confinement: Confinement, warn: Warn): Promise<StagingArea> {
    const staging = await makeFolders(confinement, [RESERVED_NAME, 'staging'], warn);
    try {
      const owner = formatOwner(await thisProcess());
      await removeAbandoned(confinement, staging, owner, warn);
      return new StagingArea(staging, owner, await makeFolder(confinement, staging, owner));
    } catch (error) {
      await staging.close();
      throw error;
    }
  }

  /** The device of everything that can be published from here. */
  get device(): bigint {
    return this.#own.device;
  }

  /** Where it is; good until `close`. */
  get path(): string {
    return this.#own.path;
  }

  create(operationId: string, label: string, context: PublishingContext): Promise<StagedFile> {
    // A retry has the same operation id; the rest of the name keeps the two apart.
    const name = `${operationId}-${stagingName()}`;
    return StagedFile.create({ path: pathIn(this.#own, name), label, context });
  }

  async close(): Promise<void> {
    await this.#own.close();
    try {
      await rmdir(pathIn(this.#staging, this.#owner));
    } catch (error) {
      // Another store of this process uses it still, or somebody has tidied up.
      const errno = errnoOf(error);
      if (errno !== 'ENOTEMPTY' && errno !== 'ENOENT') throw error;
    } finally {
      await this.#staging.close();
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
  await mkdir(pathIn(folder, name), PRIVATE).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
  });
  return confinement.child(folder, name);
}

async function removeAbandoned(
  confinement: Confinement,
  staging: Folder,
  own: string,
  warn: Warn,
): Promise<void> {
  for await (const names of readNames(staging.path, bounds.listingBatch)) {
    for (const name of names) {
      const text = name.toString();
      try {
        if (text === own || !(await isAbandoned(confinement, staging, text))) continue;
        await removeTree(confinement, staging, name);
        warn('removed what an earlier process had staged', { owner: text });
      } catch (error) {
        // Another server that starts just now removes it too; anything else must not keep this one from starting.
        warn('could not remove what an earlier process had staged', { owner: text, err: error });
      }
    }
  }
}

async function isAbandoned(confinement: Confinement, staging: Folder, name: string): Promise<boolean> {
  const owner = parseOwner(name);
  if (owner === undefined) return false; // not ours to judge
  const alive = await isAlive(owner);
  if (alive !== undefined) return !alive;
  // On another machine: it has a pulse as long as something in it changes.
  return Date.now() - (await lastChange(confinement, staging, name)) / 1000 > bounds.abandonedStagingAge;
}

/** Microseconds since 1970. */
async function lastChange(confinement: Confinement, staging: Folder, name: string): Promise<number> {
  const itself = await lookAt(pathIn(staging, name));
  if (itself?.kind !== 'directory')
    throw new FilexError('NOT_A_DIRECTORY', `${name} in the staging area is no folder`);
  let last = modificationTime(itself.stats);
  const folder = await confinement.child(staging, name);
  try {
    for await (const names of readNames(folder.path, bounds.listingBatch)) {
      for (const found of await settleAll(names.map((staged) => lookAt(pathIn(folder, staged)))))
        if (found !== undefined) last = Math.max(last, modificationTime(found.stats));
    }
  } finally {
    await folder.close();
  }
  return last;
}
