import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Everything in a served folder that a user can see, sorted: `.filex` is the server's own. */
export function visible(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path !== '.filex' && !/^\.filex[\\/]/.test(path))
    .sort();
}

/** Bytes that were staged and not given up: files below `.filex`, but for what servers write down of uploads. */
export function staged(folder: string): string[] {
  const hidden = join(folder, '.filex');
  if (!existsSync(hidden)) return [];
  return readdirSync(hidden, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'journal')
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Parts that a client left in a destination. */
export function parts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /(?:^|[\\/])\.filex-[^\\/]*\.part$/.test(path),
  );
}
