import { existsSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder of its own for the tests of a file, removed after them. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'filex-test-')));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What is staged in a served folder: everything that servers keep in it, but what they have written down. */
export function stagedIn(root: string): string[] {
  const staging = join(root, '.filex/staging');
  if (!existsSync(staging)) return [];
  return readdirSync(staging).flatMap((owner) =>
    readdirSync(join(staging, owner)).filter((name) => name !== 'journal'),
  );
}

/** The paths below a folder that this process has open; only Linux can tell, elsewhere none. */
export function openWithin(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  const open: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      if (path.startsWith(folder)) open.push(path);
    } catch (error) {
      // The descriptor that read the folder is closed by now.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return open;
}
