import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { FilexError } from '@filex/protocol';
import { errnoOf, fileError } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import { checkLocalName } from '../tree/local-names.js';
import { baseOf, parentOf } from './remote-path.js';

/**
 * A folder of this machine into which the names of a server lead, and never out of it: every folder below is made here
 * or was one already; a symlink in its place is refused, as it could lead anywhere.
 */
export class LocalTree {
  readonly #root: string;
  readonly #platform: NodeJS.Platform;
  readonly #onMade: () => void;
  /** Folders that were made or looked at: which one each is, or why it cannot be had. */
  readonly #known = new Map<string, FilexError | string>();
  #knownCharacters = 0;
  /** The folder that was ensured last in this turn of the event loop: in one turn it is looked at once. */
  #last: { readonly path: string; readonly local: string } | undefined;

  /**
   * @param root chosen by the user, so a symlink is fine there.
   * @param onMade told of every folder that was not there before.
   */
  constructor(root: string, platform: NodeJS.Platform, onMade: () => void) {
    this.#root = root;
    this.#platform = platform;
    this.#onMade = onMade;
  }

  /** Where a path of the server is on this machine. The path has to be valid; whether it is safe, `ensure` tells. */
  locate(path: string): string {
    return path === '' ? this.#root : join(this.#root, ...path.split('/'));
  }

  /** @throws FilexError `PATH_INVALID` when this machine cannot hold that name. */
  locateFile(path: string): string {
    const name = baseOf(path);
    checkLocalName(name, this.#platform);
    const last = this.#last;
    return last !== undefined && last.path === parentOf(path)
      ? `${last.local}${sep}${name}`
      : this.locate(path);
  }

  /** Makes a folder and those it is in. Returns why it cannot be had: for a folder in a failed one, that one's error. */
  ensure(path: string): FilexError | undefined {
    if (path === '' || this.#last?.path === path) return undefined;
    const failure = this.#ensure(path);
    if (failure === undefined) this.#setLast(path);
    return failure;
  }

  #setLast(path: string): void {
    if (this.#last === undefined) {
      setImmediate(() => {
        this.#last = undefined;
      });
    }
    this.#last = { path, local: this.locate(path) };
  }

  #ensure(path: string): FilexError | undefined {
    const known = this.#known.get(path);
    if (known instanceof FilexError) return known;
    // Somebody may have put a symlink in its place meanwhile, or in the place of a folder that it is in.
    if (known !== undefined && known === identityAt(this.locate(path))) return undefined;
    const parent = parentOf(path);
    const failure = (parent === '' ? undefined : this.#ensure(parent)) ?? this.#make(path);
    this.#remember(path, failure ?? identityAt(this.locate(path)));
    return failure;
  }

  #remember(path: string, what: FilexError | string | undefined): void {
    if (what === undefined) {
      this.#known.delete(path);
      return;
    }
    const { foldersKnown, foldersKnownCharacters } = bounds;
    // Forgetting costs a second look, nothing else.
    if (this.#known.size >= foldersKnown || this.#knownCharacters >= foldersKnownCharacters) {
      this.#known.clear();
      this.#knownCharacters = 0;
    }
    if (!this.#known.has(path)) this.#knownCharacters += path.length;
    this.#known.set(path, what);
  }

  /** Whether the folder is there and can be trusted; unlike `ensure`, makes nothing. */
  has(path: string): boolean {
    if (path === '') return true;
    if (this.#known.get(path) instanceof FilexError) return false;
    return this.has(parentOf(path)) && refusal(this.locate(path)) === undefined;
  }

  #make(path: string): FilexError | undefined {
    const local = this.locate(path);
    try {
      checkLocalName(baseOf(path), this.#platform);
      mkdirSync(local);
      this.#onMade();
      return undefined;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') return fileError(error, { action: 'make the folder', path: local });
    }
    return refusal(local);
  }
}

/** Which folder a path leads to now; undefined when that cannot be told. */
function identityAt(local: string): string | undefined {
  try {
    const { dev, ino } = statSync(local);
    return `${dev}:${ino}`;
  } catch {
    // Whoever uses the folder next will be told why.
    return undefined;
  }
}

/** Why something that is already there cannot be used as a folder. */
function refusal(local: string): FilexError | undefined {
  try {
    const stat = lstatSync(local);
    if (stat.isDirectory()) return undefined;
    const what = stat.isSymbolicLink() ? 'a symlink, and nothing is written through it' : 'not a folder';
    return new FilexError('NOT_A_DIRECTORY', `${JSON.stringify(local)} is ${what}`, { path: local });
  } catch (error) {
    return fileError(error, { action: 'use the folder', path: local });
  }
}
