import { rename, unlink } from 'node:fs/promises';
import { errnoOf, LeavesFile, lookAt, SPARE } from '@filex/protocol/node';
import { type Folder, pathIn } from '../folder.js';

/** The digests of the blocks of what is staged. */
const LEAVES = '.leaves';

/** A file that is being written, and gets its name when it is whole. */
const COPY = '.copy';

/** What was taken from another server. Whoever takes over from this one leaves it alone: it may be open somewhere. */
const TAKEN = '.taken';

/** A further name of a published file that lost its name before its commit was on record. */
export const WITNESS = '.witness';

/** Everything there can be for one upload in the folder of its server, but for a witness, which is somebody else's. */
const SUFFIXES = ['', SPARE, LEAVES, COPY, TAKEN, `${TAKEN}${LEAVES}`] as const;

/** The names for one upload in the folder of a server. */
export interface StagedNames {
  readonly staged: string;
  readonly spare: string;
  readonly leaves: string;
  readonly copy: string;
  readonly taken: string;
  readonly takenLeaves: string;
  readonly witness: string;
}

/** The same, as paths. */
export function namesIn(folder: Folder, name: string): StagedNames {
  const at = (suffix: string): string => pathIn(folder, `${name}${suffix}`);
  return {
    staged: at(''),
    spare: at(SPARE),
    leaves: at(LEAVES),
    copy: at(COPY),
    taken: at(TAKEN),
    takenLeaves: at(`${TAKEN}${LEAVES}`),
    witness: at(WITNESS),
  };
}

/** Removes all that is staged of an upload. */
export async function removeNames(folder: Folder, name: string): Promise<void> {
  for (const suffix of SUFFIXES) await unlinkIfThere(pathIn(folder, `${name}${suffix}`));
}

/** Replaces a file with digests by one that has these, durably. */
export async function writeLeaves(path: string, leaves: readonly Uint8Array[]): Promise<void> {
  const copy = new LeavesFile(`${path}${COPY}`, 0);
  try {
    for (const leaf of leaves) await copy.append(leaf);
    await copy.sync();
  } finally {
    await copy.park();
  }
  await rename(`${path}${COPY}`, path);
}

export async function isThere(path: string): Promise<boolean> {
  return (await lookAt(path)) !== undefined;
}

/** @returns whether it was there. */
export function moveIfThere(from: string, to: string): Promise<boolean> {
  return wasThere(rename(from, to));
}

/** @returns whether it was there. */
export function unlinkIfThere(path: string): Promise<boolean> {
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
