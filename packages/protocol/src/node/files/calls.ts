import {
  type BigIntStats,
  close as closeCallback,
  fchmod as fchmodCallback,
  fdatasync as fdatasyncCallback,
  fstat as fstatCallback,
  fsync as fsyncCallback,
  ftruncate as ftruncateCallback,
  futimes as futimesCallback,
  link as linkCallback,
  lstat as lstatCallback,
  open as openCallback,
  type PathLike,
  read as readCallback,
  rename as renameCallback,
  stat as statCallback,
  unlink as unlinkCallback,
  utimes as utimesCallback,
  write as writeCallback,
} from 'node:fs';
import { promisify } from 'node:util';

/**
 * The file calls on plain descriptors, as promises. `node:fs/promises` has them only on `FileHandle`, which costs more
 * per call and whose descriptors the garbage collector closes at times of its own.
 */
export const open = promisify(openCallback);
export const close = promisify(closeCallback);
export const fsync = promisify(fsyncCallback);
export const fdatasync = promisify(fdatasyncCallback);
export const ftruncate = promisify(ftruncateCallback);
export const fchmod = promisify(fchmodCallback);
export const futimes = promisify(futimesCallback);
export const utimes = promisify(utimesCallback);
export const link = promisify(linkCallback);
export const rename = promisify(renameCallback);
export const unlink = promisify(unlinkCallback);

const fstatPromise = promisify(fstatCallback);
const statPromise = promisify(statCallback);
const lstatPromise = promisify(lstatCallback);

/** With `bigint`, as everywhere here: a `number` holds neither nanoseconds nor every inode number. */
export const fstat = (fd: number): Promise<BigIntStats> => fstatPromise(fd, { bigint: true });
export const stat = (path: PathLike): Promise<BigIntStats> => statPromise(path, { bigint: true });
export const lstat = (path: PathLike): Promise<BigIntStats> => lstatPromise(path, { bigint: true });

/** Reads at a position; may return fewer bytes than asked for. */
export function read(
  fd: number,
  into: Uint8Array,
  from: number,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    readCallback(fd, into, from, length, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

/** Writes at a position; may write fewer bytes than asked for. */
export function write(
  fd: number,
  bytes: Uint8Array,
  from: number,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    writeCallback(fd, bytes, from, length, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
