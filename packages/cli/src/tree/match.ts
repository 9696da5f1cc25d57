import picomatch from 'picomatch';

/** One `--include` or `--exclude`, in the order of the command line. */
export interface Rule {
  readonly action: 'include' | 'exclude';
  /**
   * A glob. Without a `/` it is compared with names at any depth, with one with the path below the source; a `/` at the
   * end restricts it to folders.
   */
  readonly pattern: string;
}

/** `enter`: a folder that is only made when something in it is taken. */
type FolderVerdict = 'take' | 'enter' | 'leave';

/** Which rule decided for a folder: what is below starts from there. */
export interface Standing {
  readonly rule: number;
  readonly verdict: FolderVerdict;
}

/**
 * The last rule that matches a path, or a folder it is in, decides. What no rule matches is taken, unless the first rule
 * is an include: then only what is asked for is.
 */
export class Matcher {
  readonly #rules: readonly Compiled[];
  readonly #otherwise: boolean;
  readonly #lastInclude: number;
  readonly top: Standing;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.map(compile);
    this.#otherwise = rules[0]?.action !== 'include';
    this.#lastInclude = rules.findLastIndex((rule) => rule.action === 'include');
    // The source itself was named by the user.
    this.top = { rule: -1, verdict: 'take' };
  }

  /** @param path below the source, `/`-separated. */
  file(path: string, parent: Standing): boolean {
    return this.#taken(this.#decide(path, false, parent.rule));
  }

  folder(path: string, parent: Standing): Standing {
    const rule = this.#decide(path, true, parent.rule);
    if (this.#taken(rule)) return { rule, verdict: 'take' };
    return { rule, verdict: this.#lastInclude > rule ? 'enter' : 'leave' };
  }

  #taken(rule: number): boolean {
    return this.#rules[rule]?.include ?? this.#otherwise;
  }

  #decide(path: string, isFolder: boolean, inherited: number): number {
    const name = path.slice(path.lastIndexOf('/') + 1);
    for (let i = this.#rules.length - 1; i > inherited; i -= 1) {
      const rule = this.#rules[i] as Compiled;
      if (rule.foldersOnly && !isFolder) continue;
      if (rule.matches(rule.anchored ? path : name)) return i;
    }
    return inherited;
  }
}

interface Compiled {
  readonly include: boolean;
  readonly foldersOnly: boolean;
  readonly anchored: boolean;
  matches(text: string): boolean;
}

function compile({ action, pattern }: Rule): Compiled {
  const foldersOnly = pattern.endsWith('/');
  const body = foldersOnly ? pattern.slice(0, -1) : pattern;
  const anchored = body.includes('/');
  // `windows: false`: names are compared with `/` on every platform, and `\` quotes the character after it.
  const matches = picomatch(anchored ? body.replace(/^\//, '') : body, {
    dot: true,
    nonegate: true,
    windows: false,
  });
  return { include: action === 'include', foldersOnly, anchored, matches: (text) => matches(text) };
}
