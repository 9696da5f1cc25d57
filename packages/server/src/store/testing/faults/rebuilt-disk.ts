import { join } from 'node:path';
import type { DiskChange, DiskLog, Inode } from './disk-log.js';
import { real } from './real-calls.js';
import { type Fate, SECTOR, type Survival } from './survivals.js';

interface RebuiltFile {
  readonly kind: 'file';
  bytes: Uint8Array;
  length: number;
  mode: number;
  mtime: number | undefined;
}

interface RebuiltFolder {
  readonly kind: 'folder';
  readonly names: Map<string, Inode>;
  mode: number;
}

/** The recorded folder as it is when the power has come back. */
export class RebuiltDisk {
  readonly #inodes = new Map<Inode, RebuiltFile | RebuiltFolder>();

  constructor(log: DiskLog<unknown>, { cut, fates }: Survival) {
    this.#inodes.set(0, { kind: 'folder', names: new Map(), mode: 0o755 });
    for (const [index, change] of log.slice(0, cut).entries()) {
      if (change.op === 'flush' || change.op === 'mark') continue;
      // What a change is about exists, even when the change itself is lost: another may have given it a name.
      if (change.op === 'create') this.#inodes.set(change.inode, empty(change));
      const fate = fates.get(index) ?? 'done';
      if (fate !== 'lost') this.#do(change, fate);
    }
  }

  #do(change: DiskChange, fate: Fate): void {
    switch (change.op) {
      case 'create':
      case 'link':
        this.#folder(change.in).names.set(change.name, change.inode);
        return;
      case 'remove':
        this.#forget(change);
        return;
      case 'rename':
        this.#forget(change);
        this.#folder(change.to).names.set(change.newName, change.inode);
        return;
      case 'write':
        write(this.#file(change.inode), change, fate);
        return;
      case 'truncate':
        resize(this.#file(change.inode), change.length);
        return;
      case 'mode': {
        const inode = this.#inodes.get(change.inode);
        if (inode !== undefined) inode.mode = change.mode;
        return;
      }
      case 'times': {
        const inode = this.#inodes.get(change.inode);
        if (inode?.kind === 'file') inode.mtime = change.mtime;
      }
    }
  }

  /** A name goes with what it was the name of, not with what has it because something before is lost. */
  #forget({
    in: folder,
    name,
    inode,
  }: {
    readonly in: Inode;
    readonly name: string;
    readonly inode: Inode;
  }): void {
    const { names } = this.#folder(folder);
    if (names.get(name) === inode) names.delete(name);
  }

  #folder(inode: Inode): RebuiltFolder {
    const found = this.#inodes.get(inode);
    if (found?.kind !== 'folder') throw new Error(`${inode} is no folder`);
    return found;
  }

  #file(inode: Inode): RebuiltFile {
    const found = this.#inodes.get(inode);
    if (found?.kind !== 'file') throw new Error(`${inode} is no file`);
    return found;
  }

  /**
   * Makes it a real folder.
   * @param at exists and is empty.
   * @param nameOf another name for some.
   */
  writeTo(at: string, nameOf: (name: string) => string = (name) => name): void {
    this.#writeFolder(0, at, nameOf, new Map());
  }

  #writeFolder(inode: Inode, at: string, nameOf: (name: string) => string, made: Map<Inode, string>): void {
    for (const [name, below] of this.#folder(inode).names) {
      const path = join(at, nameOf(name));
      const found = this.#inodes.get(below);
      const other = made.get(below);
      made.set(below, path);
      if (found?.kind === 'folder') {
        if (other !== undefined) throw new Error(`${path} and ${other} are one folder`);
        real.mkdirSync(path, found.mode | 0o700);
        this.#writeFolder(below, path, nameOf, made);
      } else if (found?.kind === 'file') {
        if (other === undefined) writeFile(path, found);
        else real.linkSync(other, path);
      }
    }
  }
}

function empty(change: {
  readonly kind: 'file' | 'folder';
  readonly mode: number;
}): RebuiltFile | RebuiltFolder {
  const { kind, mode } = change;
  if (kind === 'folder') return { kind, names: new Map(), mode };
  return { kind, bytes: new Uint8Array(0), length: 0, mode, mtime: undefined };
}

function writeFile(path: string, { bytes, length, mode, mtime }: RebuiltFile): void {
  real.writeFileSync(path, bytes.subarray(0, length), { flag: 'wx' });
  real.chmodSync(path, mode);
  if (mtime !== undefined) real.utimesSync(path, mtime, mtime);
}

function write(
  file: RebuiltFile,
  { offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array },
  fate: Fate,
): void {
  const end = offset + bytes.length;
  if (typeof fate !== 'object') {
    resize(file, Math.max(file.length, end));
    file.bytes.set(bytes, offset);
    return;
  }
  const before = file.length;
  const { sectors, stale } = fate;
  const first = Math.floor(offset / SECTOR);
  for (const [i, there] of sectors.entries()) {
    const from = Math.max(offset, (first + i) * SECTOR);
    const to = Math.min(end, (first + i + 1) * SECTOR);
    if (there) {
      resize(file, Math.max(file.length, to));
      file.bytes.set(bytes.subarray(from - offset, to - offset), from);
    } else if (stale && from >= before) {
      // The length is there and the sector is not: it has what was on the disk before.
      resize(file, Math.max(file.length, to));
      file.bytes.fill(0xa5, from, to);
    }
  }
}

function resize(file: RebuiltFile, length: number): void {
  if (length > file.bytes.length) {
    const grown = new Uint8Array(Math.max(length, file.bytes.length * 2));
    grown.set(file.bytes.subarray(0, file.length));
    file.bytes = grown;
  } else if (length < file.length) file.bytes.fill(0, length, file.length);
  file.length = length;
}
