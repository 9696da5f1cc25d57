import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'filex-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files below a folder; a name that ends in `/` is a folder. */
export function plant(top: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(top, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(path, content);
  }
}

/** Everything below a folder, as `plant` takes it; only empty folders are named. */
export function harvest(top: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(top, { recursive: true }) as string[]) {
    const path = join(top, name);
    const key = name.replaceAll('\\', '/');
    if (!statSync(path).isDirectory()) found[key] = readFileSync(path, 'utf8');
    else if (readdirSync(path).length === 0) found[`${key}/`] = '';
  }
  return found;
}
