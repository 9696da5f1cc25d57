// A file system of our own, as people have it: ext4 with its journal, in a file. What root's disk has been through does not
// matter to it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notInstalled, whereIs } from './installed.mjs';

/** Why it cannot be made here, or undefined. */
export function ext4Missing() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return 'only root on Linux can mount ext4';
  return notInstalled('mkfs.ext4', 'mount', 'umount');
}

/**
 * Makes it in the folder, and mounts it.
 * @param {number} size bytes; only what is used takes room
 */
export function mountExt4(folder, size) {
  const image = join(folder, 'ext4.img');
  const mounted = join(folder, 'ext4');
  mkdirSync(mounted);
  writeFileSync(image, '');
  truncateSync(image, size);
  const run = (program, ...args) => execFileSync(whereIs(program), args, { stdio: 'pipe' });
  run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image);
  // With discard, what is deleted takes no room in the image any more.
  run('mount', '-o', 'loop,discard', image, mounted);
  const unmount = () => {
    try {
      run('umount', mounted);
    } catch {
      // Something that is about to end still has a file open.
      run('umount', '--lazy', mounted);
    }
  };
  return { folder: mounted, described: 'ext4 with a journal, loop-mounted', unmount };
}
