import { type BigIntStats, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type EntryKind, FilexError } from '@filex/protocol';
import { fileError, type Session } from '@filex/protocol/node';
import type { Target } from '../address.js';
import { UsageError } from '../errors.js';
import { kindOf } from '../tree/walk.js';
import type { Failed } from './outcome.js';
import { joinRemote } from './remote-path.js';
import type { UploadSource } from './upload.js';

/** Something to upload, as the user named it. */
export interface NamedSource {
  readonly local: string;
  readonly kind: 'file' | 'folder';
  readonly size: number;
  /** The name it gets; undefined when only what is in the folder is meant. */
  readonly name: string | undefined;
}

export interface LookedAt {
  readonly sources: readonly NamedSource[];
  readonly failures: readonly Failed[];
}

/**
 * Looks at what the user named. What is not there fails alone.
 * @throws UsageError for a folder without `recursive`: before anything is sent.
 */
export function lookAtSources(words: readonly string[], recursive: boolean): LookedAt {
  const sources: NamedSource[] = [];
  const failures: Failed[] = [];
  for (const local of words) {
    try {
      sources.push(lookAt(local, recursive));
    } catch (error) {
      if (error instanceof UsageError) throw error;
      failures.push({
        status: 'failed',
        from: local,
        to: undefined,
        error: fileError(error, { action: 'read', path: local }),
      });
    }
  }
  checkDistinct(sources);
  return { sources, failures };
}

function lookAt(local: string, recursive: boolean): NamedSource {
  const stat: BigIntStats = statSync(local, { bigint: true });
  if (stat.isFile()) return { local, kind: 'file', size: Number(stat.size), name: basename(resolve(local)) };
  if (!stat.isDirectory()) {
    throw new FilexError(
      'NOT_A_FILE',
      `${JSON.stringify(local)} is ${kindOf(stat)}; pass - and feed it to standard input`,
      {
        path: local,
      },
    );
  }
  if (!recursive)
    throw new UsageError(
      `${JSON.stringify(local)} is a folder: pass -r to upload it with all that is in it.`,
    );
  // As `cp` reads it: a folder that ends in a dot is meant without its name.
  const name = /(?:^|[\\/])\.{1,2}[\\/]*$/.test(local) ? '' : basename(resolve(local));
  return { local, kind: 'folder', size: 0, name: name === '' ? undefined : name };
}

function checkDistinct(sources: readonly NamedSource[]): void {
  const seen = new Map<string, string>();
  for (const { name, local } of sources) {
    if (name === undefined) continue;
    const other = seen.get(name);
    if (other !== undefined) {
      const both = `${JSON.stringify(other)} and ${JSON.stringify(local)}`;
      throw new UsageError(
        `${both} would get the same name: upload them one after the other, to different folders.`,
      );
    }
    seen.set(name, local);
  }
}

/** What is on the server under the name the user gave; `hidden` in a letter box, where nobody may look. */
async function kindAt(
  session: Session,
  path: string,
  signal: AbortSignal,
): Promise<EntryKind | 'hidden' | undefined> {
  if (path === '') return 'directory';
  try {
    return (await session.stat(path, { signal })).kind;
  } catch (error) {
    const { code } = FilexError.from(error);
    if (code === 'NOT_FOUND' || code === 'PARENT_NOT_FOUND') return undefined;
    if (code === 'PERMISSION_DENIED') return 'hidden';
    throw error;
  }
}

/**
 * Where each source goes. An existing folder takes them under their own names. A name that is free is the name of the
 * one file, or of a folder to be made for folders.
 */
export async function placeUploads(
  session: Session,
  sources: readonly NamedSource[],
  target: Target,
  options: { readonly signal: AbortSignal; readonly dryRun: boolean },
): Promise<UploadSource[]> {
  const { signal, dryRun } = options;
  const { path } = target;
  const there = await kindAt(session, path, signal);
  const only = sources.length === 1 ? sources[0] : undefined;
  if (there !== 'directory') {
    if (only?.kind === 'file' && !target.isFolder) {
      return [{ kind: 'file', local: only.local, remote: path, size: only.size }];
    }
    const shown = JSON.stringify(path);
    if (there !== undefined && there !== 'hidden')
      throw new FilexError('NOT_A_DIRECTORY', `${shown} is not a folder on the server`, { path });
    const hasFolder = sources.some((source) => source.kind === 'folder');
    // Whether a hidden folder is there, the first file that goes into it will tell.
    if (there === undefined && !hasFolder) {
      throw new FilexError('PARENT_NOT_FOUND', `there is no folder ${shown} on the server`, { path });
    }
    if (hasFolder && !dryRun) await session.makeDirectory(path, { parents: true, signal });
  }
  return sources.map(({ kind, local, name, size }) => {
    const remote = joinRemote(path, name ?? '');
    return kind === 'file'
      ? { kind, local, remote, size }
      : { kind, local, remote, contents: name === undefined };
  });
}

/** Where standard input goes: it has no name of its own. */
export async function placeStream(session: Session, target: Target, signal: AbortSignal): Promise<string> {
  const { path } = target;
  if (target.isFolder || (await kindAt(session, path, signal)) === 'directory') {
    throw new UsageError('Standard input has no name: end the address with the name of the file to make.');
  }
  return path;
}
