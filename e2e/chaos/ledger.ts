import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const NUMBERED = / \(\d+\)$/;

/** What may be seen under a name, and what must be there at the end. */
interface Rule {
  readonly may: ReadonlySet<string>;
  /** One of these at the end; none: it may be missing as well. */
  readonly must: ReadonlySet<string>;
  /** What is given another name when this one is taken; it must be there at the end, once. */
  readonly renamed: string | undefined;
}

export function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Everything that can legally be seen in some folders. It looks again and again, and writes down what is not so. */
export class Ledger {
  readonly #roots = new Set<string>();
  readonly #rules = new Map<string, Rule>();
  /** Files that were read, by path; a changed one is another. */
  readonly #known = new Map<string, { readonly version: string; readonly digest: string }>();
  readonly violations: string[] = [];

  /** A folder that nobody else may put anything in. */
  watch(root: string): void {
    this.#roots.add(root);
  }

  /** A folder that is of no interest any more. */
  forget(root: string): void {
    this.#roots.delete(root);
    for (const path of this.#rules.keys()) if (path.startsWith(`${root}/`)) this.#rules.delete(path);
  }

  /** @param may what can be seen there. @param must what must be there at the end, one of them. */
  expect(path: string, may: readonly string[], must: readonly string[], renamed?: string): void {
    this.#rules.set(path, { may: new Set(may), must: new Set(must), renamed });
  }

  /** Looks at everything that is visible now. Returns the digest of every file. */
  look(): Map<string, string> {
    const seen = new Map<string, string>();
    for (const root of this.#roots) {
      for (const path of filesIn(root)) {
        const digest = this.#read(path);
        if (digest === undefined) continue;
        seen.set(path, digest);
        if (!this.#isLegal(path, digest)) this.#accuse(`${path} is not what anybody put there: ${digest}`);
      }
    }
    return seen;
  }

  /** Whether this is there now, under this very name. */
  holds(path: string, digest: string): boolean {
    return this.#read(path) === digest;
  }

  /** Looks whether everything is as it must be when nothing is under way any more. */
  settle(): void {
    const seen = this.look();
    for (const [path, { must, renamed }] of this.#rules) {
      const digest = seen.get(path);
      if (must.size > 0 && (digest === undefined || !must.has(digest))) {
        this.#accuse(`${path} is ${digest ?? 'missing'} at the end`);
      }
      if (renamed === undefined) continue;
      const copies = [...seen].filter(
        ([other, content]) => NUMBERED.test(other) && withoutNumber(other) === path && content === renamed,
      );
      if (copies.length !== 1) this.#accuse(`${path} has ${copies.length} renamed copies`);
    }
  }

  #isLegal(path: string, digest: string): boolean {
    const rule = this.#rules.get(path);
    if (rule !== undefined) return rule.may.has(digest);
    return NUMBERED.test(path) && this.#rules.get(withoutNumber(path))?.renamed === digest;
  }

  #accuse(what: string): void {
    if (!this.violations.includes(what)) this.violations.push(what);
  }

  /** The digest of the file that has this name now; undefined when there is none. */
  #read(path: string): string | undefined {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const { ino, size, mtimeNs } = fstatSync(fd, { bigint: true });
      const version = `${ino}/${size}/${mtimeNs}`;
      const known = this.#known.get(path);
      if (known?.version === version) return known.digest;
      const digest = digestOf(readFileSync(fd));
      this.#known.set(path, { version, digest });
      return digest;
    } finally {
      closeSync(fd);
    }
  }
}

function withoutNumber(path: string): string {
  return path.replace(NUMBERED, '');
}

/** The files in a folder that a user can see. */
function* filesIn(folder: string): Generator<string, void, undefined> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === '.filex' || /^\.filex-/.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}
