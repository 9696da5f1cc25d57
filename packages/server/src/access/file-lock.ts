import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '@filex/protocol/node';
import { formatOwner, isAlive, parseOwner, thisProcess } from '../store/local/process-owner.js';
import { accessBounds as bounds } from './bounds.js';
import { UsersError } from './users-document.js';

/**
 * Does work that only one program on this machine may do at a time, or on any that shares the folder.
 *
 * The lock is a folder `PATH.lock` with one file in it, whose name says who has it. Taking it is a rename of a whole
 * folder, which only succeeds where none, or an empty one, is; taking it over from a process that died is a rename of
 * that very file, which only one can do, and only as long as it is there.
 *
 * @param work is told how to make sure, before its last step, that nobody has taken the lock over since.
 */
export async function withFileLock<T>(
  path: string,
  work: (stillOurs: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const lock = `${path}.lock`;
  const name = `${formatOwner(await thisProcess())}.${randomBytes(8).toString('hex')}`;
  await take(lock, name);
  try {
    return await work(async () => {
      if ((await holders(lock))[0] === name) return;
      throw new UsersError(`${path} was not changed: this program was stopped for too long meanwhile`);
    });
  } finally {
    await release(lock, name);
  }
}

async function take(lock: string, name: string): Promise<void> {
  const deadline = Date.now() + bounds.lockWait;
  const own = `${lock}.${name}`;
  await mkdir(own, { mode: 0o700 });
  try {
    await writeFile(join(own, name), '');
    for (;;) {
      if (await tryRename(own, lock, TAKEN)) return;
      if (await takeOver(lock, name)) return;
      if (Date.now() > deadline)
        throw new UsersError(`${lock} is held by another program; remove it when there is none`);
      await delay(Math.ceil(Math.random() * bounds.lockRetry));
    }
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** Takes the lock of somebody who will not give it back. */
async function takeOver(lock: string, name: string): Promise<boolean> {
  const [holder] = await holders(lock);
  if (holder === undefined) {
    // Windows renames no folder onto another, not even onto an empty one.
    if (process.platform === 'win32') await rmdir(lock).catch(unless(GONE));
    return false;
  }
  if (!(await isDead(lock, holder))) return false;
  return tryRename(join(lock, holder), join(lock, name), GONE);
}

async function isDead(lock: string, holder: string): Promise<boolean> {
  const owner = parseOwner(holder.slice(0, holder.lastIndexOf('.')));
  if (owner !== undefined && (await isAlive(owner)) === false) return true;
  try {
    // Its clock, not ours, when the folder is on another machine; a minute is enough for both.
    return Date.now() - (await stat(join(lock, holder))).mtimeMs > bounds.lockAge;
  } catch (error) {
    unless(GONE)(error);
    return false;
  }
}

async function holders(lock: string): Promise<string[]> {
  try {
    return await readdir(lock);
  } catch (error) {
    unless(GONE)(error);
    return [];
  }
}

async function release(lock: string, name: string): Promise<void> {
  await unlink(join(lock, name)).catch(unless(GONE));
  // Somebody may have it already; an empty folder left behind would be no lock either.
  await rmdir(lock).catch(unless([...GONE, ...TAKEN]));
}

async function tryRename(from: string, to: string, refusals: readonly string[]): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    unless(refusals)(error);
    return false;
  }
}

/** Windows says `EPERM` or `EACCES` for what is in use or there already. */
const TAKEN =
  process.platform === 'win32' ? ['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'] : ['ENOTEMPTY', 'EEXIST'];
const GONE = process.platform === 'win32' ? ['ENOENT', 'EPERM', 'EACCES'] : ['ENOENT'];

function unless(expected: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (!expected.includes(errnoOf(error) ?? '')) throw error;
  };
}
