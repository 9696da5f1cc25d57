import { isUtf8 } from 'node:buffer';
import {
  type BigIntStats,
  type Dir,
  type Dirent,
  lstatSync,
  opendirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { FilexError, visibleText } from '@filex/protocol';
import { fileError, modificationTime } from '@filex/protocol/node';
import { visibleBytes } from '../ui/visible-bytes.js';
import type { Matcher, Standing } from './match.js';

export interface FoundFolder {
  readonly kind: 'folder';
  /** Below the source, `/`-separated; `''` is the source itself. */
  readonly path: string;
  /** Where it is on this machine. */
  readonly local: string;
  /** Microseconds since 1970. */
  readonly mtime: number;
  readonly parent: FoundFolder | undefined;
  /** Made for its own sake, even if nothing is in it; otherwise only when something in it is taken. */
  readonly taken: boolean;
}

interface FoundFile {
  readonly kind: 'file';
  readonly path: string;
  readonly local: string;
  readonly size: number;
  readonly parent: FoundFolder | undefined;
}

/** Left alone on purpose. */
export interface FoundSkipped {
  readonly kind: 'skipped';
  /** For people: not always a path that can be opened. */
  readonly shown: string;
  readonly reason: 'symlink' | 'special';
  readonly detail: string;
}

/** Could not be looked at; the walk goes on beside it. */
export interface FoundFailure {
  readonly kind: 'failed';
  readonly shown: string;
  readonly error: FilexError;
}

export type Found = FoundFolder | FoundFile | FoundSkipped | FoundFailure;

export interface WalkOptions {
  readonly matcher: Matcher;
  /** Transfer what symlinks point to; otherwise they are skipped. */
  readonly follow: boolean;
}

interface Level {
  readonly folder: FoundFolder;
  readonly standing: Standing;
  /** Set when symlinks are followed: a folder that is its own ancestor is a loop. */
  readonly identity: string | undefined;
  readonly above: Level | undefined;
}

/**
 * What is below a folder, each folder before what is in it. Holds the names of unvisited folders on the way down and
 * one open folder, never the tree. Synchronous on purpose: a call that waits costs ten times one that does not, and who
 * pulls decides when to let others work.
 *
 * @param top a folder that exists; a symlink to one is followed, because the user named it.
 */
export function* walk(top: string, options: WalkOptions): Generator<Found, void, undefined> {
  const stat = statSync(top, { bigint: true });
  const { matcher, follow } = options;
  const waiting: Level[] = [
    {
      folder: {
        kind: 'folder',
        path: '',
        local: top,
        mtime: modificationTime(stat),
        parent: undefined,
        taken: true,
      },
      standing: matcher.top,
      identity: follow ? identityOf(stat) : undefined,
      above: undefined,
    },
  ];
  for (let level = waiting.pop(); level !== undefined; level = waiting.pop()) {
    yield level.folder;
    yield* look(level, waiting, options);
  }
}

/** Yields what is directly in a folder; its folders are put on the pile. */
function* look(level: Level, waiting: Level[], options: WalkOptions): Generator<Found, void, undefined> {
  const { folder } = level;
  let directory: Dir;
  try {
    // Names as bytes: on Linux a name need not be UTF-8. The types know only text encodings.
    directory = opendirSync(folder.local, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  } catch (error) {
    yield {
      kind: 'failed',
      shown: visibleText(folder.local),
      error: fileError(error, { action: 'read', path: folder.local }),
    };
    return;
  }
  try {
    for (;;) {
      let entry: Dirent<Buffer> | null;
      try {
        entry = directory.readSync() as Dirent<Buffer> | null;
      } catch (error) {
        yield {
          kind: 'failed',
          shown: visibleText(folder.local),
          error: fileError(error, { action: 'read', path: folder.local }),
        };
        return;
      }
      if (entry === null) return;
      const found = examine(entry.name, level, options);
      if (found === undefined) continue;
      if ('standing' in found) waiting.push(found);
      else yield found;
    }
  } finally {
    directory.closeSync();
  }
}

function examine(bytes: Buffer, level: Level, options: WalkOptions): Found | Level | undefined {
  const { folder, standing } = level;
  if (!isUtf8(bytes)) {
    const shown = `${visibleText(folder.local)}/${visibleBytes(bytes)}`;
    const error = new FilexError(
      'PATH_INVALID',
      'its name is not valid UTF-8, so no other machine could write it',
    );
    return { kind: 'failed', shown, error };
  }
  const name = bytes.toString();
  const path = folder.path === '' ? name : `${folder.path}/${name}`;
  const local = join(folder.local, name);
  let stat: Stats;
  let folderStat: BigIntStats | undefined;
  try {
    stat = lstatSync(local);
    if (stat.isSymbolicLink()) {
      if (!options.follow)
        return skipped(local, 'symlink', 'a symlink (--follow transfers what it points to)');
      stat = statSync(local);
    }
    // Its time and identity take all digits. Files, of which there are many more, need none of that.
    if (stat.isDirectory()) folderStat = statSync(local, { bigint: true });
  } catch (error) {
    // Vanished, a dead symlink, no permission: what would not have been taken is not missed.
    if (!options.matcher.file(path, standing)) return undefined;
    return {
      kind: 'failed',
      shown: visibleText(local),
      error: fileError(error, { action: 'read', path: local }),
    };
  }
  if (folderStat !== undefined) return enter(path, local, folderStat, level, options);
  if (!options.matcher.file(path, standing)) return undefined;
  if (stat.isFile()) return { kind: 'file', path, local, size: stat.size, parent: folder };
  return skipped(local, 'special', kindOf(stat));
}

function enter(
  path: string,
  local: string,
  stat: BigIntStats,
  level: Level,
  options: WalkOptions,
): Level | FoundSkipped | undefined {
  const standing = options.matcher.folder(path, level.standing);
  if (standing.verdict === 'leave') return undefined;
  let identity: string | undefined;
  if (options.follow) {
    identity = identityOf(stat);
    for (let above: Level | undefined = level; above !== undefined; above = above.above) {
      if (above.identity === identity)
        return skipped(local, 'symlink', 'a symlink to a folder that it is in');
    }
  }
  const taken = standing.verdict === 'take';
  const folder: FoundFolder = {
    kind: 'folder',
    path,
    local,
    mtime: modificationTime(stat),
    parent: level.folder,
    taken,
  };
  return { folder, standing, identity, above: level };
}

function skipped(local: string, reason: FoundSkipped['reason'], detail: string): FoundSkipped {
  return { kind: 'skipped', shown: visibleText(local), reason, detail };
}

function identityOf(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}

/** What something is that is neither file nor folder. */
export function kindOf(
  stat: Pick<Stats, 'isFIFO' | 'isSocket' | 'isCharacterDevice' | 'isBlockDevice'>,
): string {
  if (stat.isFIFO()) return 'a named pipe';
  if (stat.isSocket()) return 'a socket';
  if (stat.isCharacterDevice() || stat.isBlockDevice()) return 'a device';
  return 'neither a file nor a folder';
}
