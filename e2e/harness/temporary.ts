import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp } from './clean-up.js';

/** A new empty folder, removed when the test has finished. `base` says on which file system. */
export function temporaryFolder(base: string = tmpdir()): string {
  const folder = realpathSync(mkdtempSync(join(base, 'filex-e2e-')));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A new empty folder inside one that is removed anyway. */
export function folderIn(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
