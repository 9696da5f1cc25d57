import type { BigIntStats } from 'node:fs';
import { FilexError } from '../../errors.js';
import type { ConflictPolicy } from '../../vocabulary.js';
import { link, rename, unlink } from './calls.js';
import type { CommitLog } from './commit-log.js';
import type { Directory } from './directory-sync.js';
import { errnoOf } from './errno.js';
import { type Existing, lookAt, sameContent } from './existing-file.js';
import { modificationTime } from './file-times.js';
import { linkToFreeName, moveToFreeName, reserveThenReplace } from './move-to-free-name.js';
import { numberedName } from './numbered-name.js';

/** `photo (10000).jpg` is the last name that is tried. */
const MAX_NUMBERED_NAMES = 10_000;

/** How often a name may be free when looked at and taken when asked for, or the other way round. */
const MAX_RACES = 100;

/** A staged file that is to get its name. */
export interface Publication {
  /** Where it is staged. */
  readonly staged: string;
  /** The same file, open for reading. */
  readonly fd: number;
  readonly size: number;
  readonly directory: Directory;
  readonly name: string;
  /** The path the user knows, for errors. */
  readonly label: string;
  readonly ifExists: ConflictPolicy;
  /** Microseconds since 1970. */
  readonly mtime: number;
  readonly durable: boolean;
  /**
   * Makes the staged file ready to be seen: permissions, times, flushed. Called when it is to be, and once more should somebody
   * else be faster.
   *
   * @param replaced the file that it takes the place of.
   */
  prepare(replaced: BigIntStats | undefined): Promise<void>;
  /** When there is one, the file keeps the name under which it is staged, if the file system can do that. */
  readonly log: Pick<CommitLog<never>, 'intend' | 'reach'> | undefined;
}

export interface Placed {
  readonly outcome: 'created' | 'replaced' | 'identical';
  /** Differs from the wanted one only under the policy `rename`. */
  readonly name: string;
  /** The file that was there, for `identical`. */
  readonly existing: BigIntStats | undefined;
}

/** What to do about a name. */
type Step = 'create' | 'compare' | 'replace' | 'next name';

/** Gives a staged file its name under the conflict policy. Without a log, it is staged no longer when this resolves. */
export async function place(publication: Publication): Promise<Placed> {
  const { directory, ifExists } = publication;
  let name = publication.name;
  for (let number = 0, races = 0; races < MAX_RACES && number <= MAX_NUMBERED_NAMES; ) {
    const target = `${directory.path}/${name}`;
    const existing = await lookAt(target);
    let step = decide(publication, existing);
    if (step === 'create') {
      await publication.prepare(undefined);
      if (await create(publication, name, target)) return { outcome: 'created', name, existing: undefined };
      races += 1; // somebody was faster: look at what is there now
      continue;
    }
    if (step === 'replace') {
      await publication.prepare(existing?.stats);
      await replace(publication, name, target);
      return { outcome: 'replaced', name, existing: undefined };
    }
    if (step === 'compare') {
      const same = await compare(publication, target, existing as Existing);
      if (same !== undefined) {
        if (publication.log === undefined) await unlink(publication.staged);
        return { outcome: 'identical', name, existing: same };
      }
      if (ifExists !== 'rename')
        throw refusal(publication, 'ALREADY_EXISTS', 'a different file is already there');
      step = 'next name';
    }
    number += 1;
    name = numberedName(publication.name, number);
  }
  throw refusal(publication, 'BUSY', 'its name, and those like it, are taken again and again');
}

/** @returns whether the name was still free. */
async function create({ staged, log, mtime }: Publication, name: string, target: string): Promise<boolean> {
  if (log === undefined) return (await moveToFreeName(staged, target)) === 'moved';
  const intent = { name, outcome: 'created', mtime } as const;
  await intend(log, { ...intent, moved: false });
  const linked = await linkToFreeName(staged, target);
  if (linked !== 'unsupported') return linked === 'linked';
  await intend(log, { ...intent, moved: true });
  return (await reserveThenReplace(staged, target)) === 'moved';
}

/** A second name of the staged file takes the place, so that the first one stays. */
async function replace({ staged, log, mtime }: Publication, name: string, target: string): Promise<void> {
  if (log === undefined) return rename(staged, target);
  const spare = `${staged}${SPARE}`;
  await unlinkIfThere(spare);
  const moved = (await linkToFreeName(staged, spare, link)) === 'unsupported';
  await intend(log, { name, outcome: 'replaced', moved, mtime });
  // Where both are one file already, a rename does nothing: then the spare goes with the staged name.
  await rename(moved ? staged : spare, target);
}

/** What the second name of a staged file ends in; one that is left by a crash can be removed. */
export const SPARE = '.new';

async function intend(
  log: NonNullable<Publication['log']>,
  intent: Parameters<CommitLog<never>['intend']>[0],
): Promise<void> {
  log.reach('intend');
  await log.intend(intent);
  log.reach('publish');
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}

/** What is wanted, as far as the decision about a name depends on it. */
interface Wish {
  readonly label: string;
  readonly ifExists: ConflictPolicy;
  readonly mtime: number;
}

/** The conflict policies. Only a regular file is ever replaced. */
function decide(wish: Wish, existing: Existing | undefined): Step {
  if (existing === undefined) return 'create';
  const { ifExists, mtime } = wish;
  if (existing.kind === 'file') {
    if (ifExists === 'overwrite') return 'replace';
    if (ifExists !== 'newer') return 'compare';
    if (modificationTime(existing.stats) < mtime) return 'replace';
    throw refusal(wish, 'ALREADY_EXISTS', 'the file that is there is not older');
  }
  if (ifExists === 'rename') return 'next name';
  if (existing.kind === 'directory') throw refusal(wish, 'IS_A_DIRECTORY', 'a folder has that name');
  const what = existing.kind === 'symlink' ? 'a symlink' : 'a pipe, socket or device';
  const replacing = ifExists === 'overwrite' || ifExists === 'newer';
  throw refusal(wish, replacing ? 'NOT_A_FILE' : 'ALREADY_EXISTS', `${what} has that name`);
}

/** What is known before the bytes are. */
export interface Prospect {
  /** The path the user knows, for errors. */
  readonly label: string;
  /** What to do when something has the name. */
  readonly ifExists: ConflictPolicy;
  /** Bytes, when known. */
  readonly size: number | undefined;
  /** Microseconds since 1970, when known. */
  readonly mtime: number | undefined;
}

/**
 * Refuses at once what `place` would refuse when all bytes have been transferred, as far as that can be told: a
 * courtesy, the decision is made there. `skip` is refused for whatever is there, since its purpose is to save the transfer.
 */
export async function refuseEarly(target: string, prospect: Prospect): Promise<void> {
  const { label, ifExists, size, mtime = Number.POSITIVE_INFINITY } = prospect;
  const wish = { label, ifExists, mtime };
  const existing = await lookAt(target);
  if (existing === undefined || decide(wish, existing) !== 'compare') return;
  if (ifExists === 'skip') throw refusal(wish, 'ALREADY_EXISTS', 'a file is already there');
  if (ifExists === 'fail' && size !== undefined && existing.stats.size !== BigInt(size))
    throw refusal(wish, 'ALREADY_EXISTS', 'a different file is already there');
}

/** The file at `target` when its content is the same. Sizes are compared first: they are at hand. */
function compare(
  publication: Publication,
  target: string,
  existing: Existing,
): Promise<BigIntStats | undefined> {
  const { fd, size, durable } = publication;
  if (existing.stats.size !== BigInt(size)) return Promise.resolve(undefined);
  return sameContent(fd, size, target, durable);
}

function refusal(
  { label }: Wish,
  code: 'ALREADY_EXISTS' | 'IS_A_DIRECTORY' | 'NOT_A_FILE' | 'BUSY',
  why: string,
): FilexError {
  return new FilexError(code, `cannot store ${JSON.stringify(label)}: ${why}`, { path: label });
}
