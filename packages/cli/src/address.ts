import { checkPath, type FilexUrl, parseUrl } from '@filex/protocol';
import { UsageError } from './errors.js';

/** An address on the command line. */
export interface Target {
  readonly url: FilexUrl;
  /** From the root of the server, `''` is the root itself. */
  readonly path: string;
  /** Written with `/.` at its end: what is in the folder, not the folder. The root has no name, so it is always that. */
  readonly contents: boolean;
  /** Written with `/` at its end: has to be a folder. */
  readonly isFolder: boolean;
}

export function looksLikeAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/**
 * @throws UsageError when it is not an address at all, FilexError `URL_INVALID` or `PATH_INVALID` when it is a wrong one.
 */
export function parseTarget(text: string): Target {
  if (!looksLikeAddress(text)) {
    throw new UsageError(
      `${JSON.stringify(text)} is not the address of a server: it should look like filex+tcp://host:12345/path`,
    );
  }
  const url = parseUrl(text);
  const path = url.path.replace(/(?:^|\/)\.$/, '');
  checkPath(path);
  return {
    url,
    path,
    contents: path === '' || path !== url.path,
    isFolder: url.trailingSlash || path === '' || path !== url.path,
  };
}

export function sameServer(a: FilexUrl, b: FilexUrl): boolean {
  return a.scheme === b.scheme && a.host === b.host && a.port === b.port && a.user === b.user;
}

/** Several addresses of one command, which has one session. */
export function parseTargets(texts: readonly string[]): Target[] {
  const targets = texts.map(parseTarget);
  const first = targets[0];
  if (first !== undefined && !targets.every((target) => sameServer(target.url, first.url))) {
    throw new UsageError('All addresses of one command have to be on the same server.');
  }
  return targets;
}
