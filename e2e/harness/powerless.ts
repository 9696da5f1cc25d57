import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync } from 'node:fs';
import { clientBin } from './paths.js';
import { folderIn, temporaryFolder } from './temporary.js';

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

/** Keeps the key of a server in a folder of that user, who cannot write to the home of the tests. */
export function stateOf(user: { readonly uid: number | undefined }): string[] {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const state = folderIn(folder, 'state');
  giveTo(user, state);
  return ['--state', state];
}
