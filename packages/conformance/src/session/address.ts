import { isFingerprint } from '../tls/fingerprint.js';

/** Where a server is. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Decoded, without slashes at its ends; empty is the root. */
  readonly path: string;
  /** Inside TLS. */
  readonly secure: boolean;
  /** Decoded; undefined: nobody in particular. */
  readonly user: string | undefined;
  /** The key that the server must have; undefined: any. */
  readonly fingerprint: string | undefined;
  /** As it was given. */
  readonly text: string;
}

const DEFAULT_PORT = 12345;

const form =
  'it should look like filex://[user@]host:12345/path?fp=sha256:… or filex+tcp://[user@]host:12345/path';

/** @throws Error saying what is wrong, for the user. */
export function parseAddress(text: string): Address {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong(text, form);
  }
  if (url.password !== '') throw wrong('…', 'a secret does not belong in it: the passcode is FILEX_PASSCODE');
  if (!['filex:', 'filex+tcp:'].includes(url.protocol) || url.hostname === '' || url.hash !== '')
    throw wrong(text, form);
  const { fp, ...others } = Object.fromEntries(url.searchParams);
  if (Object.keys(others).length > 0) throw wrong(text, '"fp" is the only parameter');
  if (fp !== undefined && !isFingerprint(fp))
    throw wrong(text, '"fp" should be sha256: and 43 letters, digits, - and _');
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    path: decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, ''),
    secure: url.protocol === 'filex:',
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    fingerprint: fp,
    text,
  };
}

function wrong(text: string, why: string): Error {
  return new Error(`cannot understand the address ${JSON.stringify(text)}: ${why}`);
}
