import { existsSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';

const SHARED_MEMORY = '/dev/shm';

/** Where so many bytes fit: in memory if there is plenty of it, else on disk; undefined when nowhere. */
export function roomyFolder(bytes: number): string | undefined {
  const fits = (folder: string): boolean => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > 1.2 * bytes;
  };
  if (existsSync(SHARED_MEMORY) && fits(SHARED_MEMORY) && freemem() > 1.5 * bytes) return SHARED_MEMORY;
  return fits(tmpdir()) ? tmpdir() : undefined;
}
