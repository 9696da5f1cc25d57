import { checkPath, FilexError } from '@filex/protocol';
import { windowsNameFault } from './windows-names.js';

/** A path of the store, taken apart. */
export interface StorePath {
  /** As it was given; what errors call the place. */
  readonly label: string;
  /** Empty for the root. */
  readonly segments: readonly string[];
}

/** A path that is not the root. */
export interface NamedPath extends StorePath {
  readonly parent: readonly string[];
  readonly name: string;
}

/**
 * The wire has refused bad paths already; a store can be used without it.
 * @throws FilexError `PATH_INVALID`.
 */
export function parsePath(path: string): StorePath {
  checkPath(path);
  const segments = path === '' ? [] : path.split('/');
  if (process.platform === 'win32') {
    for (const segment of segments) {
      const fault = windowsNameFault(segment);
      if (fault !== undefined)
        throw new FilexError(
          'PATH_INVALID',
          `${JSON.stringify(path)} cannot be a name on Windows: ${fault}`,
          { path },
        );
    }
  }
  return { label: path, segments };
}

/** @throws FilexError `PERMISSION_DENIED` for the root, as nobody can `action` that. */
export function parseNamedPath(path: string, action: string): NamedPath {
  const parsed = parsePath(path);
  const name = parsed.segments.at(-1);
  if (name === undefined)
    throw new FilexError('PERMISSION_DENIED', `cannot ${action} the root folder`, { path });
  const { label, segments } = parsed;
  return { label, segments, parent: segments.slice(0, -1), name };
}
