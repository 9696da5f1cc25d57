import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/** A served folder as it is at this moment: a copy, with links kept, and whoever has staged something in it still there. */
export function copied(root: string, into: string): string {
  execFileSync('cp', ['-a', '--reflink=auto', root, into]);
  return into;
}

/** Whoever has staged something in a served folder is gone from now on. */
export function bury(root: string, owners: readonly string[] = ownersIn(root)): void {
  const staging = join(root, '.filex/staging');
  for (const owner of owners)
    renameSync(join(staging, owner), join(staging, owner.replace(/\.\d+(\.\d+(\.[0-9a-f]+)?)$/, '.0$1')));
}

/** The folders of those who stage something in a served folder. */
export function ownersIn(root: string): string[] {
  return readdirSync(join(root, '.filex/staging'));
}

/** A served folder as a server leaves it that is killed at this moment. */
export function crashed(root: string, into: string): string {
  copied(root, into);
  bury(into);
  return into;
}
