import { realpathSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { FilexError } from '@filex/protocol';
import { errnoOf, fileError, makeFolders } from '@filex/protocol/node';

/** The modes that let somebody but the owner change what is in a folder. */
const OTHERS_WRITE = 0o022;

/** What is not there, or not yet; why is found out when it is made. */
const MISSING = new Set(['ENOENT', 'ENOTDIR']);

/**
 * Where the server keeps what must outlive it (key, certificate, users) unless told otherwise: `$XDG_STATE_HOME/filex-server`,
 * and what comes nearest on macOS and Windows.
 */
export function defaultStateFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): string {
  const home = env['HOME'] || homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'filex-server');
  if (platform === 'win32')
    return join(env['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), 'filex-server', 'state');
  const base = env['XDG_STATE_HOME'] ?? '';
  // The specification of XDG: a path that is not absolute is to be ignored.
  return join(base.startsWith('/') ? base : join(home, '.local', 'state'), 'filex-server');
}

/**
 * Makes the folder when it is missing, for the owner alone.
 *
 * @returns the absolute path.
 * @throws FilexError `PERMISSION_DENIED` when others could change what is in it, or it is theirs.
 */
export async function openStateFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  makeFolders(dirname(path));
  try {
    await mkdir(path, 0o700);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw fileError(error, { action: 'make the state folder', path });
    await checkOwnersOnly(path);
  }
  return path;
}

/**
 * Whoever may read what is served must not find there what the server keeps for itself.
 *
 * @param root the served folder.
 * @param what what the path is of, and `option` what chooses it, for the message.
 * @throws FilexError `PATH_INVALID` when the path, which need not exist yet, leads into the served folder.
 */
export function refuseServed(path: string, root: string, what: string, option: string): void {
  // Each name on the way, too: one that is a symlink in the served folder, a client could remove, and put another in its place.
  if (!namesOf(resolve(path)).some((name) => isWithin(name, root))) return;
  throw new FilexError(
    'PATH_INVALID',
    `${what} ${JSON.stringify(resolve(path))} is inside the served folder ${JSON.stringify(resolve(root))}: clients could get at it. Choose another place with ${option}`,
  );
}

async function checkOwnersOnly(path: string): Promise<void> {
  const stats = await stat(path).catch((error: unknown) => {
    throw fileError(error, { action: 'open the state folder', path });
  });
  if (!stats.isDirectory())
    throw new FilexError('NOT_A_DIRECTORY', `the state folder ${JSON.stringify(path)} is not a folder`);
  // Windows has neither modes nor owners; there the folder is in the user's own profile.
  if (process.geteuid === undefined) return;
  if (stats.uid !== 0 && stats.uid !== process.geteuid())
    throw new FilexError(
      'PERMISSION_DENIED',
      `the state folder ${JSON.stringify(path)} belongs to another user of this machine, who could exchange the key in it`,
    );
  if ((stats.mode & OTHERS_WRITE) !== 0)
    throw new FilexError(
      'PERMISSION_DENIED',
      `others could exchange the key in the state folder ${JSON.stringify(path)}. Mend it: chmod go-w '${path}'`,
    );
}

/** A path, and all that is above it. */
function namesOf(path: string): string[] {
  return dirname(path) === path ? [path] : [path, ...namesOf(dirname(path))];
}

/** Whether a path, of which the end may not exist yet, is a folder or leads into it. */
function isWithin(path: string, folder: string): boolean {
  const wanted = statSync(folder, { throwIfNoEntry: false });
  if (wanted === undefined) return false; // then nothing is served
  for (let at = existingPart(path); ; at = dirname(at)) {
    // By identity: one folder can have several names (links, case, mounts).
    const { dev, ino } = statSync(at);
    if (dev === wanted.dev && ino === wanted.ino) return true;
    if (dirname(at) === at) return false;
  }
}

/** Without symlinks, so that what is above it is where it really is. */
function existingPart(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!MISSING.has(errnoOf(error) ?? '')) throw fileError(error, { action: 'look for', path });
    return existingPart(dirname(path));
  }
}
