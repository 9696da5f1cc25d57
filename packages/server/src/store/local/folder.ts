import type { BigIntStats } from 'node:fs';
import type { Code } from '@filex/protocol';

/** A folder of the store that is held on to: what is done through it is done in that very folder. */
export interface Folder {
  /** Put `/` and a name after it. Good until `close`. */
  readonly path: string;
  /** The device it is on. */
  readonly device: bigint;
  /** The same for two holds on one folder, different for two folders. */
  readonly key: string;
  close(): Promise<void>;
}

/** Which folder is wanted, and how to speak of it. */
export interface FolderRequest {
  readonly segments: readonly string[];
  /** The path the user knows, for errors. */
  readonly label: string;
  readonly action: string;
  /** What it means when the folder, or one on the way to it, does not exist. */
  readonly missing: Code;
}

/**
 * Keeps everything inside the served folder: the only way from a path of the store to a path of the file system. No
 * symlink is ever followed on the way, so no request can be led out of the folder, whoever made the symlink.
 */
export interface Confinement {
  /** @throws FilexError `NOT_A_DIRECTORY` when a part of the way is anything but a folder. */
  enter(request: FolderRequest): Promise<Folder>;
  /** A folder in a folder; rejects with the error of the operating system. `name` as text or as bytes of the disk. */
  child(folder: Folder, name: string | Buffer): Promise<Folder>;
  /** From now on the folder with that key does not exist for any of these, by whatever name it is asked for. */
  bar(key: string): void;
  /** The folder that holds `folder`, which must be the one with that key. */
  parent(folder: Folder, key: string): Promise<Folder>;
  close(): Promise<void>;
}

/** Tells a file or folder from every other one that is there at the same time. */
export function keyOf({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`;
}

/** What the system would have failed with. */
export function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });
}

/** The path of a name in a folder, also of one that is no valid UTF-8. */
export function pathIn(folder: Folder, name: string): string;
export function pathIn(folder: Folder, name: string | Buffer): string | Buffer;
export function pathIn(folder: Folder, name: string | Buffer): string | Buffer {
  return typeof name === 'string'
    ? `${folder.path}/${name}`
    : Buffer.concat([Buffer.from(`${folder.path}/`), name]);
}

/**
 * `Promise.all` that waits for all even when one fails. For calls on paths in a folder: once the folder is closed, the
 * number of its descriptor, and with it those paths, can be another folder's.
 */
export async function settleAll<T>(calls: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(calls);
  return Promise.all(calls);
}
