import type { BigIntStats } from 'node:fs';
import { type Code, FilexError } from '@filex/protocol';
import { lookAt } from '@filex/protocol/node';
import { type Folder, keyOf, pathIn } from './folder.js';
import type { StorePath } from './store-path.js';

/** The store's own folder at the top of the served one. Nobody sees it or gets into it. */
export const RESERVED_NAME = '.filex';

/** What a file system may take for another name though it tells upper from lower case; plain names are spared the question. */
const UNUSUAL = /^\.|[~\u0080-\uffff]|[. ]$/;

/**
 * Keeps requests out of the store's own folder, by every name that leads there: what a file system takes for the same name
 * (case, Unicode forms, short names such as `FILEX~1`) only the file system knows, so that it is asked which folder it is.
 */
export class ReservedFolder {
  readonly #root: Folder;
  /** Of the folder, if it was there when the store was opened. */
  readonly key: string | undefined;
  /** Whether `.FILEX` is the same folder, so that any name might be. */
  readonly #isFolded: boolean;

  private constructor(root: Folder, key: string | undefined, isFolded: boolean) {
    this.#root = root;
    this.key = key;
    this.#isFolded = isFolded;
  }

  /** @param root the top of the store; the reserved folder, if it is to be made, exists already. */
  static async find(root: Folder): Promise<ReservedFolder> {
    const own = await keyAt(root, RESERVED_NAME);
    return new ReservedFolder(
      root,
      own,
      own !== undefined && own === (await keyAt(root, RESERVED_NAME.toUpperCase())),
    );
  }

  /** @throws FilexError with `code` when the path leads to or into the reserved folder. */
  async keepOut({ segments, label }: StorePath, code: Code): Promise<void> {
    const [first] = segments;
    if (first !== undefined && (await this.isNamed(first))) throw refusal(label, code);
  }

  /** @throws FilexError with `code` when this is the reserved folder, under whatever name and wherever it was found. */
  keepFrom(stats: BigIntStats, label: string, code: Code): void {
    if (this.is(stats)) throw refusal(label, code);
  }

  /** Whether this is the reserved folder. */
  is(stats: BigIntStats): boolean {
    return this.key !== undefined && keyOf(stats) === this.key;
  }

  /** Whether a name at the top of the store is none of the reserved folder, so plainly that nobody need be asked. */
  isPlainlyNot(name: string): boolean {
    return !isReservedName(name) && !this.#isFolded && !UNUSUAL.test(name);
  }

  /** Whether a name at the top of the store is one of the reserved folder. */
  async isNamed(name: string): Promise<boolean> {
    if (isReservedName(name)) return true;
    if (this.isPlainlyNot(name)) return false;
    const found = await keyAt(this.#root, name);
    // Asked anew: a store that is only read makes none, but another server may at any time.
    return found !== undefined && found === (this.key ?? (await keyAt(this.#root, RESERVED_NAME)));
  }
}

/** Whether a name is that of the reserved folder by its letters alone, also where there is no such folder yet. */
export function isReservedName(name: string, platform: NodeJS.Platform = process.platform): boolean {
  if (name === RESERVED_NAME) return true;
  if (platform !== 'darwin' && platform !== 'win32') return false;
  const plain = name.replace(/\p{Default_Ignorable_Code_Point}/gu, '').normalize('NFKC');
  return plain.toLowerCase().replace(/[. ]+$/, '') === RESERVED_NAME;
}

async function keyAt(root: Folder, name: string): Promise<string | undefined> {
  const found = await lookAt(pathIn(root, name));
  return found === undefined ? undefined : keyOf(found.stats);
}

function refusal(path: string, code: Code): FilexError {
  return new FilexError(
    code,
    `${JSON.stringify(path)} is not to be had: ${RESERVED_NAME} is the store's own`,
    { path },
  );
}
