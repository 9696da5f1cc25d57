import { mkdir, rename, rmdir, unlink } from 'node:fs/promises';
import { type ConflictPolicy, FilexError, type Outcome } from '@filex/protocol';
import { errnoOf, fileError, lookAt, moveToFreeName, type PublishingContext } from '@filex/protocol/node';
import { type Confinement, type Folder, pathIn } from './folder.js';
import type { ReservedFolder } from './reserved-folder.js';
import type { NamedPath } from './store-path.js';

/** Gives a file or a folder another path; what is there is only replaced when it is a file and the policy says so. */
export async function renameEntry(
  confinement: Confinement,
  { locks, directorySync }: PublishingContext,
  reserved: ReservedFolder,
  source: NamedPath,
  target: NamedPath,
  ifExists: ConflictPolicy,
): Promise<Outcome> {
  if (ifExists === 'newer' || ifExists === 'rename')
    throw new FilexError('UNSUPPORTED', `cannot rename under the conflict policy "${ifExists}"`, {
      path: source.label,
    });
  if (target.label.startsWith(`${source.label}/`)) throw intoItself(source, target);
  const action = 'rename';
  const done = { isChanged: false };
  const from = await confinement.enter({
    segments: source.parent,
    label: source.label,
    action,
    missing: 'NOT_FOUND',
  });
  try {
    const to = await confinement.enter({
      segments: target.parent,
      label: target.label,
      action: 'rename to',
      missing: 'PARENT_NOT_FOUND',
    });
    try {
      const names = [`${from.key}/${source.name}`, `${to.key}/${target.name}`];
      const flush = (): Promise<void> => directorySync.sync(to);
      const replace = ifExists === 'overwrite';
      const move: Move = { reserved, from, source, to, target, replace, flush, done };
      const outcome = await locks.run(names, () => perform(move));
      await directorySync.sync(to);
      if (from.key !== to.key) await directorySync.sync(from);
      return outcome;
    } finally {
      await to.close();
    }
  } catch (error) {
    throw failure(error, source, done.isChanged);
  } finally {
    await from.close();
  }
}

/** What made it fail, with what is true of the effect. */
function failure(error: unknown, { label }: NamedPath, isChanged: boolean): FilexError {
  const failed = fileError(error, {
    action: 'rename',
    path: label,
    effect: isChanged ? 'applied' : undefined,
  });
  if (!isChanged || failed.effect === 'applied') return failed;
  const { code, message, path, retry, cause } = failed;
  return new FilexError(code, message, { path, retry, cause, effect: 'applied' });
}

interface Move {
  readonly reserved: ReservedFolder;
  readonly from: Folder;
  readonly source: NamedPath;
  readonly to: Folder;
  readonly target: NamedPath;
  readonly replace: boolean;
  /** Makes the names in `to` durable. */
  readonly flush: () => Promise<void>;
  /** Whether anything was changed yet: what fails after that has not failed without a trace. */
  readonly done: { isChanged: boolean };
}

async function perform(move: Move): Promise<Outcome> {
  const { from, source, to, target, replace } = move;
  const oldPath = pathIn(from, source.name);
  const newPath = pathIn(to, target.name);
  const old = await lookAt(oldPath);
  if (old === undefined) throw refusal('NOT_FOUND', source.label, source.label, 'it does not exist');
  move.reserved.keepFrom(old.stats, source.label, 'NOT_FOUND');
  if (source.label === target.label) return 'identical';
  if (old.kind !== 'file' && old.kind !== 'directory')
    throw refusal('NOT_A_FILE', source.label, source.label, 'only files and folders can be renamed');
  const taken = await lookAt(newPath);
  if (taken !== undefined) {
    const same = taken.stats.ino === old.stats.ino && taken.stats.dev === old.stats.dev;
    // `Photo` to `photo` where both mean the same: not a conflict. `rename` is safe, it can only replace the file itself.
    if (same && (old.kind === 'directory' || old.stats.nlink === 1n)) {
      await rename(oldPath, newPath);
      move.done.isChanged = true;
      return 'renamed';
    }
    if (taken.kind === 'directory')
      throw refusal('IS_A_DIRECTORY', source.label, target.label, 'a folder has that name');
    if (!replace || old.kind === 'directory')
      throw refusal('ALREADY_EXISTS', source.label, target.label, 'something has that name');
    if (taken.kind !== 'file')
      throw refusal('NOT_A_FILE', source.label, target.label, 'no file has that name');
    // Of two names of one file `rename` keeps both.
    if (same) await unlink(oldPath);
    else await rename(oldPath, newPath);
    move.done.isChanged = true;
    return 'replaced';
  }
  if (old.kind === 'directory') await moveFolder(move, oldPath, newPath);
  else if ((await moveToFreeName(oldPath, newPath, undefined, () => flushLinked(move))) === 'taken')
    throw refusal('ALREADY_EXISTS', source.label, target.label, 'something has that name');
  move.done.isChanged = true;
  return 'renamed';
}

/** The file has both names. */
function flushLinked({ done, flush }: Move): Promise<void> {
  done.isChanged = true;
  return flush();
}

/**
 * `rename` replaces an empty folder without a word. So the name is taken first, by an empty folder of ours, which only
 * one can do; replacing that is safe, and fails should somebody have put something into it.
 */
async function moveFolder({ source, target }: Move, oldPath: string, newPath: string): Promise<void> {
  // Windows replaces no folder, not even an empty one.
  if (process.platform === 'win32') return rename(oldPath, newPath);
  const taken = refusal('ALREADY_EXISTS', source.label, target.label, 'something has that name');
  try {
    await mkdir(newPath);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw taken;
    throw error;
  }
  try {
    await rename(oldPath, newPath);
  } catch (error) {
    await rmdir(newPath).catch(unlessUsed);
    const errno = errnoOf(error);
    if (errno === 'EINVAL') throw intoItself(source, target); // by another spelling of the same names
    if (errno === 'ENOTEMPTY' || errno === 'EEXIST') throw taken;
    throw error;
  }
}

function unlessUsed(error: unknown): void {
  const errno = errnoOf(error);
  if (errno !== 'ENOTEMPTY' && errno !== 'ENOENT') throw error;
}

function intoItself(source: NamedPath, target: NamedPath): FilexError {
  return refusal('PATH_INVALID', source.label, target.label, 'a folder cannot be moved into itself');
}

type Refusal = 'NOT_FOUND' | 'NOT_A_FILE' | 'IS_A_DIRECTORY' | 'ALREADY_EXISTS' | 'PATH_INVALID';

/** @param path the one that is in the way. */
function refusal(code: Refusal, source: string, path: string, why: string): FilexError {
  const to = path === source ? '' : ` to ${JSON.stringify(path)}`;
  return new FilexError(code, `cannot rename ${JSON.stringify(source)}${to}: ${why}`, { path });
}
