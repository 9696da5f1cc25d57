import { randomBytes } from 'node:crypto';
import { type Code, codes, FilexError, type Outcome } from '@filex/protocol';
import { numberedName, type UploadOutcome } from '@filex/protocol/node';
import type {
  CommitRequest,
  KeptUpload,
  StagedUpload,
  StageRequest,
  Store,
  UploadKey,
} from '../store/store.js';
import { accessBounds as bounds } from './bounds.js';
import { QuotaExceeded } from './quota.js';

/*
 * Changes for somebody who must not learn what is there. Missing folders are made. What has a name already stays as it is:
 * the new thing goes beside, under a name that is free. The answer is the same in any case, and names what was asked for.
 *
 */

/** Where that is. */
export interface BlindPlace {
  /** The folder of the store that is the root of paths. */
  readonly root: string;
  /** How many names at the beginning of the path must be folders by these very names: beside them other rules hold. */
  readonly depth: number;
}

/** Bytes on their way to somewhere that is not told. */
export interface BlindUpload extends Omit<StagedUpload, 'commit'> {
  commit(request: CommitRequest): Promise<UploadOutcome>;
}

/** Takes an upload, under whatever conflict policy. */
export async function uploadBlindly(
  store: Store,
  request: StageRequest,
  { root, depth }: BlindPlace,
): Promise<BlindUpload> {
  const { path } = request;
  return quietly(path, async () => {
    leaveRoom(root, path);
    const names = path.split('/');
    const name = names.pop() as string;
    const folder = await enter(store, names, depth);
    const at = join(folder, (await crowdedOut(store, folder, name)) ? strangeName(name) : name);
    return blindly(store, await store.stage({ ...request, path: at, ifExists: 'rename' }), at, path);
  });
}

/** What is kept of an upload, so that its client can go on with it. */
export interface KeptBlindly extends Omit<KeptUpload, 'committed' | 'resume'> {
  readonly committed: { readonly request: CommitRequest; readonly outcome: UploadOutcome } | undefined;
  resume(): Promise<BlindUpload>;
}

/** @param path what the client asks for. */
export function recallBlindly(store: Store, key: UploadKey, path: string): Promise<KeptBlindly | undefined> {
  return quietly(path, async () => {
    const kept = await store.recall(key);
    if (kept === undefined) return undefined;
    const { arguments: asked, epoch, leaves, committed } = kept;
    return {
      arguments: asked,
      path,
      epoch,
      leaves,
      committed: committed && {
        request: committed.request,
        outcome: { outcome: 'created', path, time: committed.outcome.time },
      },
      resume: () => quietly(path, async () => blindly(store, await kept.resume(), kept.path, path)),
      fence: (told) => quietly(path, () => kept.fence(told)),
    };
  });
}

/** @param at where it goes, and `path` what is told of that. */
function blindly(store: Store, staged: StagedUpload, at: string, path: string): BlindUpload {
  const folder = at.slice(0, Math.max(0, at.lastIndexOf('/')));
  return {
    write: (bytes, offset) => quietly(path, () => staged.write(bytes, offset)),
    sync: () => quietly(path, () => staged.sync()),
    truncate: (length) => quietly(path, () => staged.truncate(length)),
    blockWritten: (leaf, index) => quietly(path, () => staged.blockWritten(leaf, index)),
    fence: (epoch) => quietly(path, () => staged.fence(epoch)),
    suspend: () => quietly(path, () => staged.suspend()),
    abort: () => quietly(path, () => staged.abort()),
    commit: (commit) =>
      quietly(path, async () => {
        // Somebody may have tidied up since.
        if (folder !== '') await store.makeDirectory(folder, MAKE).catch(() => undefined);
        const { time } = await staged.commit(commit);
        return { outcome: 'created', path, time };
      }),
  };
}

/** Makes a folder. */
export async function makeDirectoryBlindly(
  store: Store,
  path: string,
  mtime: number | undefined,
  { root, depth }: BlindPlace,
): Promise<Outcome> {
  return quietly<Outcome>(path, async () => {
    leaveRoom(root, path);
    await enter(store, path === '' ? [] : path.split('/'), depth, mtime);
    return 'created';
  });
}

const MAKE = { parents: true, mtime: undefined } as const;

/** Makes sure that there is such a folder, or one beside whatever has its name, and returns its path. */
async function enter(store: Store, names: readonly string[], depth: number, mtime?: number): Promise<string> {
  let folder = names.slice(0, depth).join('/');
  if (folder !== '') await store.makeDirectory(folder, MAKE);
  for (const [index, name] of names.entries()) {
    if (index < depth) continue;
    folder = await enterOne(store, folder, name, index === names.length - 1 ? mtime : undefined);
  }
  return folder;
}

async function enterOne(
  store: Store,
  folder: string,
  name: string,
  mtime: number | undefined,
): Promise<string> {
  for (let number = 0; ; number += 1) {
    const crowded = number > bounds.blindNumberedNames;
    const at = join(folder, number === 0 ? name : crowded ? strangeName(name) : numberedName(name, number));
    try {
      const outcome = await store.makeDirectory(at, { parents: false, mtime: undefined });
      // The time of a folder that was there is not theirs to set.
      if (outcome === 'created' && mtime !== undefined)
        await store.makeDirectory(at, { parents: false, mtime });
      return at;
    } catch (error) {
      const { code } = FilexError.from(error);
      if (crowded || (code !== 'ALREADY_EXISTS' && code !== 'NOT_A_DIRECTORY')) throw error;
    }
  }
}

/** Whether so many names like this one are taken that counting on would end, or take long, which tells something as well. */
async function crowdedOut(store: Store, folder: string, name: string): Promise<boolean> {
  try {
    await store.stat(join(folder, numberedName(name, bounds.blindNumberedNames)));
    return true;
  } catch (error) {
    if (FilexError.from(error).code === 'NOT_FOUND') return false;
    throw error;
  }
}

/** A name like this one that nobody has. */
function strangeName(name: string): string {
  // Six bytes as a number have at most 15 digits.
  return numberedName(name, randomBytes(6).readUIntBE(0, 6));
}

/** Bytes that another name can be longer than the one that was asked for. */
const LONGER = 18;

/** A path that would be too long only where its names are taken would tell that they are. */
function leaveRoom(root: string, path: string): void {
  const longest = Buffer.byteLength(`${root}/${path}`) + LONGER * path.split('/').length;
  if (longest > bounds.blindPath)
    throw new FilexError('PATH_INVALID', `the path is refused: it is longer than ${bounds.blindPath} bytes`);
}

/** Failures that do not depend on what has a name. */
const innocent: ReadonlySet<Code> = new Set([
  'NO_SPACE',
  'TOO_LARGE',
  'LENGTH_MISMATCH',
  'PATH_INVALID',
  'BUSY',
  'CANCELLED',
  'SHUTTING_DOWN',
  'SUPERSEDED',
]);

async function quietly<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FilexError) || error instanceof QuotaExceeded) throw error;
    const { effect, retry } = error;
    const code = innocent.has(error.code) ? error.code : 'IO_ERROR';
    // Its own words may name where it was to go.
    const message = `cannot store ${JSON.stringify(path)}: ${codes[code].meaning}`;
    throw new FilexError(code, message, {
      path,
      effect,
      retry: code === error.code ? retry : false,
      cause: error,
    });
  }
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
