import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { loadDigestProviders } from '@filex/protocol/node';

/** The hash of that name, as FileX computes it. */
export async function digestNamed(algorithm) {
  const provider = (await loadDigestProviders()).find((each) => each.algorithm === algorithm);
  if (provider === undefined) throw new Error(`${algorithm} cannot be computed here`);
  return provider.create;
}

/** What `name` in `root` stands for: a folder to read from and the names of the files to take from there. */
export function filesBelow(root, name) {
  const path = join(root, name);
  if (!statSync(path).isDirectory()) return [root, [name]];
  const names = [];
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) names.push(relative(root, join(entry.parentPath, entry.name)));
  }
  return [root, names];
}
