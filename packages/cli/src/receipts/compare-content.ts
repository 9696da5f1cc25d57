import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { pathFault } from '@filex/protocol';
import { errnoOf } from '@filex/protocol/node';
import type { LocalDigests } from '../sum/local-digest.js';
import { checkLocalName } from '../tree/local-names.js';
import type { ReadReceipt } from './receipt-line.js';

/** How a file compares with what was received. */
export type Content = 'same' | 'different' | 'missing';

/** Compares files of this machine with receipts. */
export class ContentComparison {
  readonly #digests: LocalDigests;
  readonly #signal: AbortSignal;

  constructor(digests: LocalDigests, signal: AbortSignal) {
    this.#digests = digests;
    this.#signal = signal;
  }

  /** @throws FilexError when it cannot be read. */
  async compare(local: string, { statement }: ReadReceipt): Promise<Content> {
    const { size, algorithm, digest } = statement;
    const stats = statsOf(local);
    if (stats === undefined) return 'missing';
    if (!stats.isFile() || stats.size !== size) return 'different';
    const own = await this.#digests.of(local, algorithm, this.#signal);
    return own === Buffer.from(digest).toString('hex') ? 'same' : 'different';
  }
}

/**
 * Where the file of a receipt is: in the folder that was uploaded, or in the one that this is in.
 * @returns undefined when it is in neither, or the receipt knows no name for it.
 */
export function locate(folder: string, { line }: ReadReceipt, platform: NodeJS.Platform): string | undefined {
  const name = line.file;
  // Anybody may have written the name, so it leads nowhere but into the folder.
  if (name === undefined || pathFault(name) !== undefined) return undefined;
  checkLocalName(name, platform);
  const below = name.indexOf('/') < 0 ? [name] : [name, name.slice(name.indexOf('/') + 1)];
  return below
    .map((path) => join(folder, ...path.split('/')))
    .find((local) => statsOf(local)?.isFile() === true);
}

function statsOf(local: string) {
  try {
    return lstatSync(local);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
