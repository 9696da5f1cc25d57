import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { clientBin } from './paths.js';

const NOBODY = 65_534;

/**
 * Options that make a process run as a user who may not do everything: root passes every permission check. A text says
 * why that cannot be had here.
 */
export function powerless(): { readonly uid: number | undefined } | string {
  if (process.getuid === undefined) return 'this system has no permission bits';
  if (process.getuid() !== 0) return { uid: undefined };
  const probe = spawnSync(process.execPath, [clientBin, '--version'], { uid: NOBODY, gid: NOBODY });
  if (probe.status === 0) return { uid: NOBODY };
  return 'this runs as root, and another user cannot read this checkout';
}

/** Gives a path to that user. */
export function giveTo(user: { readonly uid: number | undefined }, path: string): void {
  if (user.uid !== undefined) chownSync(path, user.uid, user.uid);
}
