/** A file without its names. */
export interface Inode {
  readonly bytes: string;
  /** What of them survives a power cut for certain. */
  readonly flushed: string;
  /** The digest it was verified to have when it got its name; undefined for what nobody has verified. */
  readonly claim: string | undefined;
  readonly by: 'upload' | 'other upload' | 'stranger';
}

/** `N` in the served folder, `2/K` in the staging folder of the owner 2. */
export type Name = string;

/** What one call does to folders. On a disk that tears, each edit is a change of its own. */
interface Change {
  readonly edits: readonly Edit[];
}

interface Edit {
  readonly name: Name;
  /** The number of the inode; undefined: the name is gone. */
  readonly inode: number | undefined;
}

type Names = Readonly<Record<Name, number>>;

/** A file system, as POSIX promises it and no better. Every function below makes one system call. */
export interface Disk {
  readonly inodes: readonly Inode[];
  /** What every process sees. */
  readonly names: Names;
  /** What survives a power cut for certain. */
  readonly kept: Names;
  /** What separates the two, oldest first: of these a power cut keeps any. */
  readonly pending: readonly Change[];
  /** Whether a power cut may keep one side of a rename without the other. */
  readonly tears: boolean;
  /** Whether the power may still be cut: otherwise whatever is done is durable, and fewer states are the same. */
  readonly volatile: boolean;
}

export function emptyDisk(tears: boolean, volatile: boolean): Disk {
  return { inodes: [], names: {}, kept: {}, pending: [], tears, volatile };
}

/** From now on the power stays. */
export function settled(disk: Disk): Disk {
  return { ...disk, volatile: false };
}

/** The served folder is ''. */
const folderOf = (name: Name): string => name.slice(0, name.indexOf('/') + 1);

export const isServed = (name: Name): boolean => folderOf(name) === '';

/** An empty file under a name; whatever had it has it no more, in one step. */
export function create(disk: Disk, name: Name, by: Inode['by'], bytes = ''): Disk {
  const flushed = disk.volatile ? '' : bytes;
  const inodes = [...disk.inodes, { bytes, flushed, claim: undefined, by }];
  return change({ ...disk, inodes }, [{ name, inode: inodes.length - 1 }]);
}

/** Through a descriptor: the names do not matter. */
export function write(disk: Disk, inode: number, bytes: string): Disk {
  return withInode(disk, inode, disk.volatile ? { bytes } : { bytes, flushed: bytes });
}

export function flushFile(disk: Disk, inode: number): Disk {
  return withInode(disk, inode, { flushed: disk.inodes[inode]?.bytes ?? '' });
}

/** Not a system call: what the file is known to be. */
export function claimFile(disk: Disk, inode: number, claim: string): Disk {
  return withInode(disk, inode, { claim });
}

/** A second name; the caller has seen that it is free. */
export function link(disk: Disk, inode: number, name: Name): Disk {
  return change(disk, [{ name, inode }]);
}

export function unlink(disk: Disk, name: Name): Disk {
  return disk.names[name] === undefined ? disk : change(disk, [{ name, inode: undefined }]);
}

/** Replaces whatever has the new name. */
export function rename(disk: Disk, from: Name, to: Name): Disk {
  const inode = disk.names[from];
  if (inode === undefined) throw new Error(`${from} is not there`);
  return change(disk, [
    { name: from, inode: undefined },
    { name: to, inode },
  ]);
}

/** Makes durable what was done to a folder, and what has to come before that. */
export function flushFolder(disk: Disk, folder: string): Disk {
  const flushed = disk.pending.map(({ edits }) => edits.some(({ name }) => folderOf(name) === folder));
  for (let i = flushed.length - 1; i >= 0; i -= 1) {
    if (flushed[i] !== true) continue;
    const names = disk.pending[i]?.edits.map(({ name }) => name) ?? [];
    for (let j = 0; j < i; j += 1)
      if (disk.pending[j]?.edits.some(({ name }) => names.includes(name)) === true) flushed[j] = true;
  }
  const kept = disk.pending
    .filter((_, i) => flushed[i])
    .reduce<Names>((names, { edits }) => edited(names, edits), disk.kept);
  return { ...disk, kept, pending: disk.pending.filter((_, i) => flushed[i] !== true) };
}

/** One of the disks that a power cut can leave. */
export interface Remains {
  readonly disk: Disk;
  /** Publications of the upload that are undone. */
  readonly undone: number;
  readonly words: string;
}

/** All that a power cut can leave: of each change and of each file either what was flushed or what was there. */
export function* remains(disk: Disk): Generator<Remains> {
  const dirty = disk.inodes.flatMap(({ bytes, flushed }, i) => (bytes === flushed ? [] : [i]));
  const choices = 2 ** (disk.pending.length + dirty.length);
  for (let choice = 0; choice < choices; choice += 1) {
    const survives = (i: number): boolean => Math.floor(choice / 2 ** i) % 2 === 1;
    const changes = disk.pending.filter((_, i) => survives(i));
    const names = changes.reduce<Names>((all, { edits }) => edited(all, edits), disk.kept);
    const inodes = disk.inodes.map((inode, i) => {
      const at = dirty.indexOf(i);
      const bytes = at < 0 || survives(disk.pending.length + at) ? inode.bytes : inode.flushed;
      return { ...inode, bytes, flushed: bytes };
    });
    const words = [
      ...changes.map(({ edits }) => edits.map(inWords).join(' and ')),
      ...dirty.filter((_, at) => survives(disk.pending.length + at)).map((i) => `the bytes of file ${i}`),
    ];
    const lost = disk.pending.filter((_, i) => !survives(i)).flatMap(({ edits }) => edits);
    yield {
      undone: lost.filter((edit) => publishes(disk, edit)).length,
      disk: { ...disk, inodes, names, kept: names, pending: [] },
      words: words.length === 0 ? 'nothing that was not flushed survives' : `${words.join(', ')} survive`,
    };
  }
}

const publishes = ({ inodes }: Disk, { name, inode }: Edit): boolean =>
  isServed(name) && name !== 'T' && inodes[inode ?? -1]?.by === 'upload';

const inWords = ({ name, inode }: Edit): string =>
  inode === undefined ? `"${name} gone"` : `"${name} is file ${inode}"`;

function change(disk: Disk, edits: readonly Edit[]): Disk {
  const changes = disk.tears ? edits.map((edit) => ({ edits: [edit] })) : [{ edits }];
  const names = edited(disk.names, edits);
  if (!disk.volatile) return { ...disk, names, kept: names };
  return { ...disk, names, pending: [...disk.pending, ...changes] };
}

function edited(names: Names, edits: readonly Edit[]): Names {
  const next = { ...names };
  for (const { name, inode } of edits) {
    if (inode === undefined) delete next[name];
    else next[name] = inode;
  }
  return next;
}

function withInode(disk: Disk, inode: number, what: Partial<Inode>): Disk {
  const inodes = disk.inodes.map((each, i) => (i === inode ? { ...each, ...what } : each));
  return { ...disk, inodes };
}
