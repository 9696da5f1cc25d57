import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary.js';

/** A place of its own for what clients remember. */
export interface ClientState {
  readonly env: Readonly<Record<string, string>>;
  /** What is remembered of transfers: the records, as they are in the files. */
  records(): Record<string, unknown>[];
  /** Every file that is kept for transfers. */
  files(): string[];
  readonly folder: string;
}

export function clientState(): ClientState {
  const top = temporaryFolder();
  const folder = join(top, 'filex', 'transfers');
  const files = (): string[] => (existsSync(folder) ? readdirSync(folder) : []);
  return {
    env: { XDG_STATE_HOME: top },
    folder,
    files,
    records: () =>
      files()
        .filter((name) => name.endsWith('.json'))
        .map((name) => {
          const { transfer } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
            transfer: Record<string, unknown>;
          };
          return transfer;
        }),
  };
}
