import type { Matcher, Standing } from './match.js';

/**
 * The verdicts about a listing, whose entries come one by one: those of the folders on the way to the last entry are
 * kept, because the next is mostly near.
 */
export class Standings {
  readonly #matcher: Matcher;
  readonly #way: { readonly path: string; readonly standing: Standing }[] = [];

  constructor(matcher: Matcher) {
    this.#matcher = matcher;
  }

  folder(path: string): Standing {
    if (path === '') return this.#matcher.top;
    let last = this.#way.at(-1);
    while (last !== undefined && path !== last.path && !path.startsWith(`${last.path}/`)) {
      this.#way.pop();
      last = this.#way.at(-1);
    }
    let from = last?.path.length ?? -1;
    let standing = last?.standing ?? this.#matcher.top;
    while (from < path.length) {
      const next = path.indexOf('/', from + 1);
      from = next === -1 ? path.length : next;
      const folder = path.slice(0, from);
      // What is in a folder that is left is left, whatever it is called.
      if (standing.verdict !== 'leave') standing = this.#matcher.folder(folder, standing);
      this.#way.push({ path: folder, standing });
    }
    return standing;
  }

  file(path: string): boolean {
    const parent = this.folder(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    return parent.verdict !== 'leave' && this.#matcher.file(path, parent);
  }
}
