/** What a call asks of the system, by the name of its callback form in `node:fs`, whichever form was called. */
export type Kind =
  | 'access'
  | 'chmod'
  | 'chown'
  | 'close'
  | 'closedir'
  | 'copyFile'
  | 'fchmod'
  | 'fchown'
  | 'fdatasync'
  | 'fstat'
  | 'fsync'
  | 'ftruncate'
  | 'futimes'
  | 'lchown'
  | 'link'
  | 'lstat'
  | 'lutimes'
  | 'mkdir'
  | 'open'
  | 'opendir'
  | 'read'
  | 'readdir'
  | 'readFile'
  | 'readlink'
  | 'readnames'
  | 'readv'
  | 'realpath'
  | 'rename'
  | 'rmdir'
  | 'stat'
  | 'statfs'
  | 'symlink'
  | 'truncate'
  | 'unlink'
  | 'utimes'
  | 'write'
  | 'writev';

/** Where a call has what it works on: paths by their places among the arguments, or a descriptor at the first. */
export type Subject = 'descriptor' | readonly number[];

/** Every call that is watched. `readnames` and `closedir` are the methods of `Dir`. */
export const subjects = {
  access: [0],
  chmod: [0],
  chown: [0],
  close: 'descriptor',
  copyFile: [0, 1],
  fchmod: 'descriptor',
  fchown: 'descriptor',
  fdatasync: 'descriptor',
  fstat: 'descriptor',
  fsync: 'descriptor',
  ftruncate: 'descriptor',
  futimes: 'descriptor',
  lchown: [0],
  link: [0, 1],
  lstat: [0],
  lutimes: [0],
  mkdir: [0],
  open: [0],
  opendir: [0],
  read: 'descriptor',
  readdir: [0],
  readFile: [0],
  readlink: [0],
  readv: 'descriptor',
  realpath: [0],
  rename: [0, 1],
  rmdir: [0],
  stat: [0],
  statfs: [0],
  symlink: [1],
  truncate: [0],
  unlink: [0],
  utimes: [0],
  write: 'descriptor',
  writev: 'descriptor',
} as const satisfies Partial<Record<Kind, Subject>>;

/** One call, before it is made. */
export interface FileCall {
  readonly kind: Kind;
  /** What it works on, as an absolute path; that of a descriptor as the kernel tells it. */
  readonly path: string;
  /** The other path of `link`, `rename` and `copyFile`. */
  readonly target: string | undefined;
  readonly descriptor: number | undefined;
  /** Without a callback; those of a method of `FileHandle` begin with its descriptor. */
  readonly args: readonly unknown[];
}

/** What becomes of a call that is interfered with. */
export type Fault =
  | { readonly errno: Errno }
  /** A `write` of more than one byte writes that many bytes instead. */
  | { readonly bytes: number }
  /** It does not reach the system, and returns this; only for calls of `node:fs/promises`. */
  | { readonly answer: unknown };

/** What a device, a file system or a full table of files answers. */
export type Errno = 'ENOSPC' | 'EIO' | 'EMFILE' | 'EROFS' | 'EACCES';

/** Sees the calls below a folder, and decides which of them fail. */
export interface Observer {
  /** The real path of the folder. */
  readonly folder: string;
  /** Before each; what it returns is what the call fails with. */
  before(call: FileCall): Fault | undefined;
  /**
   * After each that `before` has let through and that succeeded, before its caller knows.
   * @param result a descriptor for `open`, a count of bytes for `write`, else what the call returned.
   */
  after(call: FileCall, result: unknown): void;
}

const CREATES = 0o100;
const TRUNCATES = 0o1000;

/** Whether a call can change what is on the disk, or makes a change safe. */
export function changesDisk({ kind, args }: FileCall): boolean {
  if (kind === 'open') return (openFlags(args[1]) & (CREATES | TRUNCATES)) !== 0;
  return CHANGES.has(kind);
}

const CHANGES: ReadonlySet<Kind> = new Set<Kind>([
  'chmod',
  'chown',
  'copyFile',
  'fchmod',
  'fchown',
  'fdatasync',
  'fsync',
  'ftruncate',
  'futimes',
  'lchown',
  'link',
  'lutimes',
  'mkdir',
  'rename',
  'rmdir',
  'symlink',
  'truncate',
  'unlink',
  'utimes',
  'write',
  'writev',
]);

/** The flags of `open` as the number of Linux. */
export function openFlags(flags: unknown): number {
  if (typeof flags === 'number') return flags;
  const [mode = 'r', ...rest] = typeof flags === 'string' ? flags : 'r';
  const exclusive = rest.includes('x') ? 0o200 : 0;
  const synchronous = rest.includes('s') ? 0o4010000 : 0;
  const writes = rest.includes('+') ? 2 : mode === 'r' ? 0 : 1;
  const makes = mode === 'r' ? 0 : mode === 'w' ? CREATES | TRUNCATES : CREATES | 0o2000;
  return writes | makes | exclusive | synchronous;
}
