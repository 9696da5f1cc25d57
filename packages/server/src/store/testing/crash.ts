import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A served folder as a server leaves it that is killed at this moment: a copy, with links kept, in which whoever has staged
 * something is gone.
 */
export function crashed(root: string, into: string): string {
  execFileSync('cp', ['-a', '--reflink=auto', root, into]);
  const staging = join(into, '.filex/staging');
  for (const owner of readdirSync(staging))
    renameSync(join(staging, owner), join(staging, owner.replace(/\.\d+(\.\d+(\.[0-9a-f]+)?)$/, '.0$1')));
  return into;
}
