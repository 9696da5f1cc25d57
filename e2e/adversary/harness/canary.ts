import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Everything about a tree that an attack could change, by path. Times, too: what was written back is seen. */
export type Snapshot = ReadonlyMap<string, string>;

/** @param leaveOut folders, by their path in the tree, that are somebody's to change. */
export function snapshot(root: string, leaveOut: readonly string[] = []): Snapshot {
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    if (leaveOut.includes(path)) return;
    const full = join(root, path);
    const stats = lstatSync(full, { bigint: true });
    const about = [stats.mode.toString(8), stats.uid, stats.gid];
    if (stats.isSymbolicLink()) about.push(readlinkSync(full));
    if (stats.isFile()) {
      const digest = createHash('sha256').update(readFileSync(full)).digest('hex');
      about.push(stats.size.toString(), stats.mtimeNs.toString(), stats.ino.toString(), digest);
    }
    found.set(path, about.join(' '));
    if (stats.isDirectory()) for (const name of readdirSync(full)) visit(join(path, name));
  };
  for (const name of readdirSync(root)) visit(name);
  return found;
}

/** What appeared, vanished or changed. */
export function changes(before: Snapshot, after: Snapshot): string[] {
  const found: string[] = [];
  for (const [path, about] of before) {
    const now = after.get(path);
    if (now === undefined) found.push(`${path} has vanished`);
    else if (now !== about) found.push(`${path} has changed`);
  }
  for (const path of after.keys()) if (!before.has(path)) found.push(`${path} has appeared`);
  return found;
}

/** Fills a folder with what must stay as it is. */
export function makeCanary(folder: string): void {
  mkdirSync(join(folder, 'deep/er'), { recursive: true });
  writeFileSync(join(folder, 'precious.txt'), 'precious\n');
  writeFileSync(join(folder, 'secret'), 'nobody but the owner\n', { mode: 0o600 });
  writeFileSync(join(folder, 'deep/er/file.bin'), Buffer.alloc(70_000, 7));
}
