import { checkPath, type FilexUrl, parseUrl } from '@filex/protocol';
import { serverName } from './access/server-name.js';
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
      `${JSON.stringify(text)} is not the address of a server: it should look like filex://host:12345/path`,
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

/** Whether one session serves both: the key, too, may be named in one only, but must not be another. */
export function sameServer(a: FilexUrl, b: FilexUrl): boolean {
  const sameKey = (a.fingerprint ?? b.fingerprint) === (b.fingerprint ?? a.fingerprint);
  return a.scheme === b.scheme && serverName(a) === serverName(b) && a.user === b.user && sameKey;
}

/** Several addresses of one command, which has one session. The key that one of them names holds for all. */
export function parseTargets(texts: readonly string[]): Target[] {
  const targets = texts.map(parseTarget);
  const fingerprint = targets.find(({ url }) => url.fingerprint !== undefined)?.url.fingerprint;
  const keyed = targets.map((target) => ({
    ...target,
    url: { ...target.url, fingerprint: target.url.fingerprint ?? fingerprint },
  }));
  const first = keyed[0];
  if (first !== undefined && !keyed.every((target) => sameServer(target.url, first.url))) {
    throw new UsageError('All addresses of one command have to be on the same server, with the same key.');
  }
  return keyed;
}
