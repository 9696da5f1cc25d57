import type { StagedUpload, UploadJournal } from '../../../machine/staged-upload.js';
import { noAttempt, type UploadAttempts } from '../../../machine/upload-attempts.js';
import type { Bounds, Budget } from './bounds.js';
import { create, type Disk, emptyDisk, flushFile, flushFolder, isServed } from './disk.js';

/**
 * One upload (`K`) to the name `N` of a folder that one or two server processes share, while somebody else uploads to the
 * same name and strangers touch it. A file is a text, and its digest is the text.
 */
export interface World {
  disk: Disk;
  /** Every process there was so far: its number is that of its staging folder. A new one is another owner. */
  owners: Owner[];
  /** Processes that will start again. */
  down: number;
  client: Client;
  /** Oldest first; the client listens to the last at most. */
  streams: Stream[];
  other: OtherUpload;
  left: Budget;
  /** How often the upload has been given a name, as far as a power cut has not taken it back. */
  publications: number;
  /** Somebody took the name after the upload was published under it. */
  taken: boolean;
  /** It was taken without a trace: by a stranger, or by an upload that had looked at the name before. */
  excused: boolean;
  /** What the first RESULT has told. */
  told: string | undefined;
  /** What a move has shown to be wrong. */
  wrong: string | undefined;
}

/** A line of a journal: what of K is on record. */
export interface Line {
  readonly journal: UploadJournal<string>;
  /** What the intent is about: which name, and which file. */
  readonly name: string | undefined;
  readonly inode: number | undefined;
}

export interface Owner {
  alive: boolean;
  /** Its folder is removed. */
  gone: boolean;
  /** The last line that is durable, and those after it that are not. */
  line: Line | undefined;
  tail: readonly Line[];
  upload: Upload | undefined;
}

/** What a process knows of K: lost with it. */
export interface Upload {
  /** Undefined while it is being recalled. */
  staged: StagedUpload<string> | undefined;
  recall: 'take' | 'tidy' | undefined;
  /** For a stream, so also from the living; otherwise only what the dead have left. */
  wanted: boolean;
  /** What was staged was taken from a process that lived: it may have it open still, so nothing of it is ours. */
  foreign: boolean;
  /** Since its intent is on record, it has looked whether others have one. */
  checked: boolean;
  /** How far the names of others have been looked at, and of how many others. */
  looked: number;
  among: number;
  /** The dead whose journals were read, and are not needed any more. */
  read: readonly number[];
  /** The file it has open. */
  inode: number | undefined;
  name: string | undefined;
  placed: boolean;
}

interface Client {
  attempts: UploadAttempts;
  /** To which process. */
  connected: number | undefined;
  over: boolean;
}

export interface Stream {
  readonly attempt: number;
  readonly owner: number;
  /** What this attempt sends: a client that breaks the rules may send something else than before. */
  readonly content: string;
  readonly asked: number;
  /** Whether the client listens. */
  client: boolean;
  phase: 'asked' | 'opening' | 'running' | 'committing' | 'over';
  epoch: number;
  answer: Answer | undefined;
}

export type Answer =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly code: string; readonly effect: 'none' | 'unknown' | 'applied' };

/** The upload of a second client, in as few steps as it can be seen in. */
interface OtherUpload {
  state: 'none' | 'looked' | 'placed' | 'told';
  owner: number;
  /** What it found under the name. */
  seen: number | undefined;
}

export function firstWorld({ processes, left, tears, occupied }: Bounds): World {
  let disk = emptyDisk(tears, left.powerCuts > 0);
  if (occupied) disk = flushFolder(flushFile(create(disk, 'N', 'stranger', 'y'), 0), '');
  return {
    disk,
    owners: Array.from({ length: processes }, newOwner),
    down: 0,
    client: { attempts: noAttempt, connected: undefined, over: false },
    streams: [],
    other: { state: 'none', owner: 0, seen: undefined },
    left,
    publications: 0,
    taken: false,
    excused: false,
    told: undefined,
    wrong: undefined,
  };
}

export function newOwner(): Owner {
  return { alive: true, gone: false, line: undefined, tail: [], upload: undefined };
}

export function copyOf(world: World): World {
  return {
    ...world,
    owners: world.owners.map((owner) => ({ ...owner, upload: owner.upload && { ...owner.upload } })),
    client: { ...world.client },
    streams: world.streams.map((stream) => ({ ...stream })),
    other: { ...world.other },
    left: { ...world.left },
  };
}

export const ownerOf = (world: World, owner: number): Owner => world.owners[owner] as Owner;

/** The upload of a process that knows one. */
export const uploadOf = (world: World, owner: number): Upload => ownerOf(world, owner).upload as Upload;

/** What a process that knows the upload goes through with it. */
export const stagedOf = (world: World, owner: number): StagedUpload<string> =>
  uploadOf(world, owner).staged as StagedUpload<string>;

/** The last line that others can read. */
export const lastLine = ({ line, tail }: Owner): Line | undefined => tail.at(-1) ?? line;

/** Where the owner stages K, and its second name on the way to replacing something. */
export const stagedName = (owner: number): string => `${owner}/K`;
export const secondName = (owner: number): string => `${owner}/S`;
/** A name for what the owner has replaced while somebody else had it staged. */
export const witnessName = (owner: number): string => `${owner}/W`;

/** The stream that the client listens to. */
export function clientStream(world: World): Stream | undefined {
  const last = world.streams.at(-1);
  return last?.client === true ? last : undefined;
}

/** Whether a name of the served folder is the file of K. */
export function isServedUpload({ disk }: World): boolean {
  return Object.entries(disk.names).some(
    ([name, inode]) => isServed(name) && disk.inodes[inode]?.by === 'upload',
  );
}

/** The same text exactly for the same world; files are numbered as they are met, so that their history does not count. */
export function keyOf(world: World): string {
  const { disk, client, other, left } = world;
  const met: number[] = [];
  let key = '';
  const file = (inode: number | undefined): string => {
    if (inode === undefined) return '-';
    const known = met.indexOf(inode);
    if (known >= 0) return String(known);
    met.push(inode);
    const { bytes, flushed, claim, by } = disk.inodes[inode] as Disk['inodes'][number];
    return `${met.length - 1}<${bytes},${flushed},${claim ?? '-'},${by[0]}>`;
  };
  const namesKey = (names: Disk['names']): string =>
    Object.keys(names)
      .sort()
      .map((name) => `${name}=${file(names[name])}`)
      .join(' ');
  const lineKey = (line: Line | undefined): string => {
    if (line === undefined) return '-';
    const { epoch, durable, intent, tombstone } = line.journal;
    return `${epoch}.${durable}.${intent?.digest ?? '-'}.${tombstone?.result ?? '-'}.${tombstone?.claim.digest ?? ''}.${line.name ?? '-'}.${file(line.inode)}`;
  };
  key += `${namesKey(disk.names)}|`;
  if (disk.volatile) key += namesKey(disk.kept);
  for (const { edits } of disk.pending)
    key += `${edits.map(({ name, inode }) => `${name}=${file(inode)}`).join('&')};`;
  for (const owner of world.owners) {
    key += `|${owner.alive ? 1 : 0}${owner.gone ? 1 : 0}${lineKey(owner.line)}/${owner.tail.map(lineKey).join('/')}`;
    const { upload } = owner;
    if (upload === undefined) continue;
    const { staged, recall, wanted, foreign, checked, looked, among, read, inode, name, placed } = upload;
    key += `:${recall ?? ''}${wanted ? 1 : 0}${foreign ? 1 : 0}${checked ? 1 : 0}${looked}/${among}/${read.join()}${file(inode)}${name ?? ''}${placed ? 1 : 0}`;
    if (staged === undefined) continue;
    const { state, epoch, written, durable, claim, result, effect } = staged;
    key += `${state}${epoch}.${written}.${durable}.${claim?.digest ?? '-'}${result ?? '-'}${effect[0]}`;
  }
  for (const stream of world.streams) {
    if (stream.phase === 'over' && !stream.client) continue;
    const { attempt, owner, client: listens, phase, epoch, answer, content, asked } = stream;
    key += `|${attempt}@${owner}${listens ? 1 : 0}${phase}${epoch}${content}${asked}`;
    if (answer !== undefined) key += answer.ok ? `+${answer.path}` : `!${answer.code}${answer.effect[0]}`;
  }
  const { state, attempt, asked, remembered, before, effect, epoch } = client.attempts;
  key += `|${state}${attempt}.${asked}${remembered ? 1 : 0}${before[0]}${effect[0]}${epoch}${client.connected ?? '-'}${client.over ? 1 : 0}`;
  key += `|${other.state}${other.owner}${file(other.seen)}`;
  key += `|${world.down}.${left.kills}${left.powerCuts}${left.cuts}${left.otherUploads}${left.strangers}`;
  key += `|${world.publications}${world.taken ? 1 : 0}${world.excused ? 1 : 0}${world.told ?? '-'}${world.wrong ?? ''}`;
  return key;
}
