/** A path, taken apart for comparing. */
export interface PathNames {
  /** As they were given. */
  readonly exact: readonly string[];
  /** Equal at least where any file system takes two names for the same. */
  readonly folded: readonly string[];
}

export function namesIn(path: string): PathNames {
  const exact = path === '' ? [] : path.split('/');
  return { exact, folded: exact.map(foldName) };
}

/** ASCII, and nothing else. */
const PLAIN = /^[\0-\x7f]*$/;

/**
 * Coarser than every file system that does not tell case, compositions of letters or ignorable characters apart: names with
 * different results are different everywhere.
 */
export function foldName(name: string): string {
  // What all the rest comes to for these, of which most names consist.
  if (PLAIN.test(name)) return name.toLowerCase();
  const plain = name.normalize('NFKD').replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
  // Down and up and down again: ẞ, ß and SS, or the three letters sigma, all meet.
  return plain.toLowerCase().toUpperCase().toLowerCase().normalize('NFKD');
}

/** Windows may give a long name a short one as well, such as `PROGRA~1`. */
const SHORT_NAME = /~\d/;

/** Whether two names may be the same to a file system, from their folded forms. */
function mayBeSame(a: string, b: string): boolean {
  if (a === b) return true;
  return process.platform === 'win32' && (SHORT_NAME.test(a) || SHORT_NAME.test(b));
}

/** Whether `path` is `prefix` or below it, by the names as they are spelled. */
export function isWithin(path: PathNames, prefix: PathNames): boolean {
  return prefix.exact.every((name, i) => name === path.exact[i]);
}

/** Whether `path` may be `prefix` or below it, in whatever spelling. */
export function mayBeWithin(path: PathNames, prefix: PathNames): boolean {
  if (prefix.folded.length > path.folded.length) return false;
  return prefix.folded.every((name, i) => mayBeSame(name, path.folded[i] as string));
}
