import { statSync } from 'node:fs';
import { type Entry, FilexError } from '@filex/protocol';
import { errnoOf, fileError, makeFolders, type Session } from '@filex/protocol/node';
import type { Target } from '../address.js';
import { isFatal, UsageError } from '../errors.js';
import type { DownloadSource } from './download.js';
import { LocalTree } from './local-tree.js';
import type { Failed } from './outcome.js';
import { baseOf } from './remote-path.js';

/** Something to download, as the user named it. */
export interface NamedEntry {
  readonly target: Target;
  readonly entry: Entry;
}

/** Asks the server what the user named. What is not there fails alone. */
export async function lookAtTargets(
  session: Session,
  targets: readonly Target[],
  recursive: boolean,
  signal: AbortSignal,
): Promise<{ readonly entries: readonly NamedEntry[]; readonly failures: readonly Failed[] }> {
  const entries: NamedEntry[] = [];
  const failures: Failed[] = [];
  const answers = await Promise.all(targets.map((target) => lookAt(session, target, signal)));
  for (const answer of answers) {
    if ('status' in answer) {
      failures.push(answer);
      continue;
    }
    if (answer.entry.kind === 'directory' && !recursive) {
      const shown = answer.target.path === '' ? 'The root of the server' : JSON.stringify(answer.target.path);
      throw new UsageError(`${shown} is a folder: pass -r to download it with all that is in it.`);
    }
    entries.push(answer);
  }
  checkDistinct(entries);
  return { entries, failures };
}

async function lookAt(session: Session, target: Target, signal: AbortSignal): Promise<NamedEntry | Failed> {
  const { path } = target;
  try {
    const entry = await session.stat(path, { signal });
    if (target.isFolder && entry.kind !== 'directory') {
      throw new FilexError('NOT_A_DIRECTORY', `${JSON.stringify(path)} is not a folder on the server`, {
        path,
      });
    }
    return { target, entry };
  } catch (error) {
    const failure = FilexError.from(error);
    if (signal.aborted || isFatal(failure)) throw failure;
    return { status: 'failed', from: path, to: undefined, error: failure };
  }
}

function checkDistinct(entries: readonly NamedEntry[]): void {
  const seen = new Set<string>();
  for (const { target } of entries) {
    if (target.contents) continue;
    const name = baseOf(target.path);
    if (seen.has(name)) {
      throw new UsageError(
        `Several addresses end in ${JSON.stringify(name)}: download them one after the other, to different folders.`,
      );
    }
    seen.add(name);
  }
}

/**
 * Where everything goes on this machine, by the rules of `put` the other way round: an existing folder takes it under
 * its own name, a free name is the name of the one file, or of a folder to be made for folders.
 *
 * @param options `onMade` is told of every folder that was not there before.
 */
export function placeDownloads(
  entries: readonly NamedEntry[],
  destination: string,
  options: { readonly platform: NodeJS.Platform; readonly dryRun: boolean; readonly onMade: () => void },
): DownloadSource[] {
  const there = kindAt(destination);
  const only = entries.length === 1 ? entries[0] : undefined;
  if (there !== 'folder') {
    if (only !== undefined && only.entry.kind !== 'directory' && !/[\\/]$/.test(destination)) {
      return [
        {
          kind: 'file',
          remote: only.target.path,
          local: destination,
          size: only.entry.size,
          etag: only.entry.etag,
        },
      ];
    }
    const shown = JSON.stringify(destination);
    if (there !== undefined)
      throw new FilexError('NOT_A_DIRECTORY', `${shown} is not a folder`, { path: destination });
    if (!entries.some(({ entry }) => entry.kind === 'directory')) {
      throw new FilexError('PARENT_NOT_FOUND', `there is no folder ${shown}`, { path: destination });
    }
    if (!options.dryRun) makeFolders(destination);
  }
  const tree = new LocalTree(destination, options.platform, options.onMade);
  return entries.map(({ target, entry }): DownloadSource => {
    const remote = target.path;
    if (entry.kind === 'directory') {
      return {
        kind: 'folder',
        remote,
        tree,
        place: target.contents ? '' : baseOf(remote),
        mtime: entry.mtime,
      };
    }
    return { kind: 'entry', remote, tree, place: baseOf(remote), size: entry.size, etag: entry.etag };
  });
}

function kindAt(local: string): 'folder' | 'other' | undefined {
  try {
    return statSync(local).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(error, { action: 'write to', path: local });
  }
}
