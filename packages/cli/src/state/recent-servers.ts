import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bounds } from '../bounds.js';

/** The servers that were used last, the latest first, in a file of the user. */
export class RecentServers {
  readonly #file: string;
  readonly #folder: string;

  /** @param folder where to remember; made when it is not there. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, 'recent-servers.json');
  }

  /** Addresses. Empty when nothing was remembered, or what was is damaged. */
  async read(): Promise<string[]> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch {
      // Never written, or not ours to read: there is nothing to offer, and nothing to do about it here.
      return [];
    }
    return parse(text);
  }

  /** Puts an address in front. */
  async add(address: string): Promise<void> {
    const others = (await this.read()).filter((other) => other !== address);
    const text = JSON.stringify([address, ...others].slice(0, bounds.recentServers), undefined, 2);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    // Written aside and renamed, so that two wizards at once cannot leave half of it.
    const aside = `${this.#file}.${process.pid}`;
    await writeFile(aside, `${text}\n`, { mode: 0o600 });
    await rename(aside, this.#file);
  }
}

function parse(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value)
      ? value.filter((one) => typeof one === 'string').slice(0, bounds.recentServers)
      : [];
  } catch {
    // Damaged: the next address that is used writes it anew.
    return [];
  }
}
