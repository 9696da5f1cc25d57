import { statfs } from 'node:fs/promises';

/** What a file system has, in bytes. */
export interface FileSystemSpace {
  /** For this user; `Infinity` when the file system does not tell. */
  readonly free: number;
  /** 0 when the file system does not tell. */
  readonly total: number;
  /** What a file is rounded up to. */
  readonly block: number;
}

/** The space of the file system that a folder is on. */
export async function fileSystemSpace(path: string): Promise<FileSystemSpace> {
  const { bavail, bsize, blocks } = await statfs(path, { bigint: true });
  const total = Number(blocks * bsize);
  return {
    free: total === 0 ? Number.POSITIVE_INFINITY : Number(bavail * bsize),
    total,
    block: Number(bsize),
  };
}
