import { spawnSync } from 'node:child_process';
import { cleanUp } from './clean-up.js';
import { temporaryFolder } from './temporary.js';

/** A file system of its own with so many MiB, which only root can mount; undefined when it cannot be had. */
export function smallDisk(megabytes: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const folder = temporaryFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (mounted.status !== 0) return undefined;
  cleanUp(() => {
    const { status, stderr } = spawnSync('umount', [folder]);
    if (status !== 0) throw new Error(`cannot unmount ${folder}: ${stderr}`);
  });
  return folder;
}
