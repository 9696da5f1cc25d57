import { isWithin, mayBeWithin, namesIn, type PathNames } from './path-names.js';

/**
 * What can be allowed on a path: to see names and what `stat` tells; to fetch content; to make what is not there; to replace a
 * file that is; to remove, or rename away.
 */
export const permissions = ['list', 'read', 'create', 'overwrite', 'delete'] as const;
/** One of {@link permissions}. */
export type Permission = (typeof permissions)[number];
export type PermissionSet = ReadonlySet<Permission>;

/** Permissions that have a name together. `drop` is a letter box: what is in it can be neither seen nor changed. */
export const presets = {
  none: [],
  read: ['list', 'read'],
  drop: ['create'],
  write: permissions,
  admin: permissions,
} as const satisfies Record<string, readonly Permission[]>;
/** One of {@link presets}. */
export type Preset = keyof typeof presets;

/** What is allowed on a path and everything below it, as far as no longer path has a rule. */
export interface Rule {
  /** Relative to what the user sees; `''` is all of it. */
  readonly path: string;
  /** All that is allowed there. */
  readonly allow: readonly Permission[];
}

interface PreparedRule {
  readonly at: PathNames;
  readonly allow: PermissionSet;
}

/** A name that the policy `rename` may give: `photo (1).jpg`. */
const NUMBERED = / \(\d+\)/;

/**
 * The rules of one user: the longest path that a path begins with decides; without any, nothing is allowed.
 *
 * Whether `Secret` is `secret` depends on the file system. So a rule that a path may fall under in another spelling takes
 * away what it does not allow, and never adds anything.
 */
export class Rules {
  readonly #rules: readonly PreparedRule[];
  /** What is allowed on every path, where that is the same on all of them. */
  readonly #everywhere: PermissionSet | undefined;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.map(({ path, allow }) => ({ at: namesIn(path), allow: effective(new Set(allow)) }));
    const top = namesIn('');
    this.#everywhere = this.#below(top).length === 0 ? this.#at(top) : undefined;
  }

  /** What is allowed on a path itself. */
  at(path: string): PermissionSet {
    // Where no rule is about any name, none need be looked at.
    return this.#everywhere ?? this.#at(namesIn(path));
  }

  /** What is allowed on a path and on everything that could be below it. */
  everywhere(path: string): PermissionSet {
    const names = namesIn(path);
    return effective(intersection([this.#at(names), ...this.#below(names).map(({ allow }) => allow)]));
  }

  /** What is allowed on a path or on anything that could be below it. */
  anywhere(path: string): PermissionSet {
    const names = namesIn(path);
    return new Set(
      [this.#at(names), ...this.#below(names).map(({ allow }) => allow)].flatMap((set) => [...set]),
    );
  }

  /** Whether all below a path is allowed the same as the path itself. */
  areUniform(path: string): boolean {
    return this.#below(namesIn(path)).length === 0;
  }

  /** What is allowed on every name that something on the way to `path` could get where its own is taken: `photo (1).jpg`. */
  beside(path: string): PermissionSet {
    const names = namesIn(path);
    const numbered = this.#rules.filter(
      ({ at }) =>
        NUMBERED.test(at.exact.at(-1) ?? '') &&
        at.exact.length <= names.exact.length &&
        mayBeWithin(names, parentOf(at)),
    );
    const rest = this.#at(namesIn(path.replace(/[^/]*$/, 'any other name')));
    return effective(intersection([rest, ...numbered.map(({ allow }) => allow)]));
  }

  /** How many names at the beginning of `path` any rule could be about. */
  depth(path: string): number {
    const names = namesIn(path);
    const lengths = this.#rules.map(({ at }) => (mayBeWithin(names, at) ? at.exact.length : 0));
    return Math.max(0, ...lengths);
  }

  #at(path: PathNames): PermissionSet {
    const deciding = this.#deciding(path);
    if (deciding === undefined) return new Set();
    const doubtful = this.#rules.filter(({ at }) => mayBeWithin(path, at) && !isWithin(path, at));
    return effective(intersection([deciding.allow, ...doubtful.map(({ allow }) => allow)]));
  }

  #deciding(path: PathNames): PreparedRule | undefined {
    let longest: PreparedRule | undefined;
    for (const rule of this.#rules) {
      const longer = longest === undefined || rule.at.exact.length > longest.at.exact.length;
      if (longer && isWithin(path, rule.at)) longest = rule;
    }
    return longest;
  }

  #below(path: PathNames): readonly PreparedRule[] {
    return this.#rules.filter(({ at }) => at.exact.length > path.exact.length && mayBeWithin(at, path));
  }
}

/** Whether anything can be learnt of what is there. */
export function isSighted(allowed: PermissionSet): boolean {
  return allowed.has('list') || allowed.has('read');
}

/** Who can neither list nor read is not told what replacing, removing and renaming tell: such a one may at most create. */
function effective(allow: PermissionSet): PermissionSet {
  if (isSighted(allow)) return allow;
  return new Set(allow.has('create') ? ['create'] : []);
}

function intersection(sets: readonly PermissionSet[]): PermissionSet {
  return new Set(permissions.filter((permission) => sets.every((set) => set.has(permission))));
}

function parentOf({ exact, folded }: PathNames): PathNames {
  return { exact: exact.slice(0, -1), folded: folded.slice(0, -1) };
}
