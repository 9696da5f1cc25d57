import type { BigIntStats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DiskChange, DiskLog, Flush, Inode, Mark } from './disk-log.js';
import { type FileCall, type Observer, openFlags } from './file-call.js';
import { observe } from './patch.js';
import { real } from './real-calls.js';

const CREATES = 0o100;
const TRUNCATES = 0o1000;

/** Writes down everything that this process does to a folder, which is empty at the beginning. `M`: what marks say. */
export class Recorder<M> implements Observer {
  readonly folder: string;
  readonly #log: (DiskChange | Flush | Mark<M>)[] = [];
  /** By device and number, which the system gives again to another one; then this has the newer. */
  readonly #inodes = new Map<string, Inode>();
  readonly #begun = new Map<FileCall, (result: unknown) => void>();
  readonly #end: () => void;
  #count = 0;

  /** @param folder its real path; nothing may be in it. */
  constructor(folder: string) {
    if (real.readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
    this.folder = folder;
    this.#add(this.#stats(folder));
    this.#end = observe(this);
  }

  get log(): DiskLog<M> {
    return this.#log;
  }

  /** Says something at this place of the log. */
  mark(mark: M): void {
    this.#log.push({ op: 'mark', mark });
  }

  /** Writes down nothing any more. */
  end(): void {
    this.#end();
  }

  before(call: FileCall): undefined {
    const done = this.#prepare(call);
    if (done !== undefined) this.#begun.set(call, done);
  }

  after(call: FileCall, result: unknown): void {
    const done = this.#begun.get(call);
    this.#begun.delete(call);
    done?.(result);
  }

  /** Looks at what the call will change, and returns what is to be done when it has. */
  #prepare(call: FileCall): ((result: unknown) => void) | undefined {
    const { kind, path, target, args } = call;
    const asked = this.#log.length;
    switch (kind) {
      case 'open':
        return this.#open(path, openFlags(args[1]), Number(args[2] ?? 0o666));
      case 'mkdir':
        return this.#mkdir(path, args[1]);
      case 'link': {
        const inode = this.#at(path);
        return () => this.#log.push({ op: 'link', ...this.#place(target as string), inode });
      }
      case 'rename':
        return this.#rename(path, target as string);
      case 'unlink':
      case 'rmdir': {
        const change = { op: 'remove', ...this.#place(path), inode: this.#at(path) } as const;
        return () => this.#log.push(change);
      }
      case 'write':
        return this.#write(call);
      case 'fsync':
      case 'fdatasync': {
        const inode = this.#of(call);
        return () => this.#log.push({ op: 'flush', inode, data: kind === 'fdatasync', asked });
      }
      case 'ftruncate':
      case 'truncate': {
        const inode = this.#of(call);
        return () => this.#log.push({ op: 'truncate', inode, length: Number(args[1] ?? 0) });
      }
      case 'fchmod':
      case 'chmod': {
        const inode = this.#of(call);
        return () => this.#log.push({ op: 'mode', inode, mode: Number(args[1]) });
      }
      case 'futimes':
      case 'utimes':
      case 'lutimes': {
        const inode = this.#of(call);
        return () => this.#log.push({ op: 'times', inode, mtime: Number(args[2]) });
      }
      case 'copyFile':
        return this.#copy(target as string);
      case 'writev':
      case 'symlink':
      case 'chown':
      case 'fchown':
      case 'lchown':
        throw new Error(`${kind} cannot be written down yet`);
      default:
        return undefined; // changes nothing
    }
  }

  #open(path: string, flags: number, mode: number): ((result: unknown) => void) | undefined {
    if ((flags & (CREATES | TRUNCATES)) === 0) return undefined;
    const existing = real.lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return (descriptor) => {
      const stats = real.fstatSync(descriptor as number, { bigint: true });
      if (existing === undefined) {
        const inode = this.#add(stats);
        this.#log.push({ op: 'create', ...this.#place(path), inode, kind: 'file', mode: mode & 0o777 });
      } else if ((flags & TRUNCATES) !== 0)
        this.#log.push({ op: 'truncate', inode: this.#known(stats, path), length: 0 });
    };
  }

  #copy(target: string): (result: unknown) => void {
    const made = this.#open(target, CREATES | TRUNCATES, 0o666);
    return () => {
      const descriptor = real.openSync(target, 'r');
      try {
        made?.(descriptor);
        const bytes = real.readFileSync(descriptor);
        this.#log.push({ op: 'write', inode: this.#at(target), offset: 0, bytes });
      } finally {
        real.closeSync(descriptor);
      }
    };
  }

  #mkdir(path: string, options: unknown): () => void {
    const { recursive = false, mode = 0o777 } =
      typeof options === 'number'
        ? { mode: options }
        : ((options ?? {}) as { recursive?: boolean; mode?: number });
    const missing: string[] = [];
    for (let at = path; at === path || recursive; at = dirname(at)) {
      if (real.existsSync(at)) break;
      missing.unshift(at);
    }
    return () => {
      for (const made of missing) {
        const inode = this.#add(this.#stats(made));
        this.#log.push({ op: 'create', ...this.#place(made), inode, kind: 'folder', mode });
      }
    };
  }

  #rename(path: string, target: string): () => void {
    const inode = this.#at(path);
    const replaced = real.lstatSync(target, { bigint: true, throwIfNoEntry: false });
    const same = replaced !== undefined && this.#inodes.get(keyOf(replaced)) === inode;
    const { in: from, name } = this.#place(path);
    const { in: to, name: newName } = this.#place(target);
    return () => {
      // Two names of one file: both stay.
      if (same && (from !== to || name !== newName)) return;
      this.#log.push({ op: 'rename', in: from, name, to, newName, inode });
    };
  }

  #write(call: FileCall): (result: unknown) => void {
    const inode = this.#of(call);
    const [, data, second, third, fourth] = call.args;
    // Copied now: when it is done, the memory is the caller's again.
    const bytes =
      typeof data === 'string'
        ? Buffer.from(data, third as BufferEncoding | undefined)
        : Uint8Array.from(partOf(data as Uint8Array, second, third));
    const wanted =
      typeof data === 'string'
        ? second
        : typeof second === 'object' && second !== null
          ? (second as { position?: unknown }).position
          : fourth;
    const position = typeof wanted === 'number' && wanted >= 0 ? wanted : undefined;
    return (count) => {
      const written = bytes.subarray(0, count as number);
      if (written.length === 0) return; // not even the length changes
      const offset = position ?? positionOf(call.descriptor as number) - written.length;
      this.#log.push({ op: 'write', inode, offset, bytes: written });
    };
  }

  #place(path: string): { readonly in: Inode; readonly name: string } {
    return { in: this.#at(dirname(path)), name: basename(path) };
  }

  #of({ path, descriptor }: FileCall): Inode {
    if (descriptor === undefined) return this.#at(path);
    return this.#known(real.fstatSync(descriptor, { bigint: true }), path);
  }

  #at(path: string): Inode {
    const stats = real.lstatSync(path, { bigint: true, throwIfNoEntry: false });
    // The call will fail for it.
    return stats === undefined ? -1 : this.#known(stats, path);
  }

  #known(stats: BigIntStats, path: string): Inode {
    const inode = this.#inodes.get(keyOf(stats));
    if (inode === undefined) throw new Error(`${path} was not made under the eyes of the recorder`);
    return inode;
  }

  #add(stats: BigIntStats): Inode {
    const inode = this.#count;
    this.#count += 1;
    this.#inodes.set(keyOf(stats), inode);
    return inode;
  }

  #stats(path: string): BigIntStats {
    return real.lstatSync(path, { bigint: true });
  }
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function partOf(data: Uint8Array, second: unknown, third: unknown): Uint8Array {
  if (typeof second === 'object' && second !== null) {
    const { offset = 0, length } = second as { offset?: number; length?: number };
    return data.subarray(offset, length === undefined ? undefined : offset + length);
  }
  const from = typeof second === 'number' ? second : 0;
  return data.subarray(from, typeof third === 'number' ? from + third : undefined);
}

/** Where the next write of an open file goes that names no place, in bytes. */
function positionOf(descriptor: number): number {
  const text = real.readFileSync(join('/proc/self/fdinfo', String(descriptor)), 'utf8');
  return Number(/^pos:\s*(\d+)$/m.exec(text)?.[1]);
}
