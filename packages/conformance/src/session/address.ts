/** Where a server is. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Decoded, without slashes at its ends; empty is the root. */
  readonly path: string;
  /** As it was given. */
  readonly text: string;
}

const DEFAULT_PORT = 12345;

/** @throws Error saying what is wrong, for the user. */
export function parseAddress(text: string): Address {
  const wrong = (why: string): Error =>
    new Error(`cannot understand the address ${JSON.stringify(text)}: ${why}`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong('it should look like filex+tcp://host:12345/path');
  }
  if (url.protocol === 'filex:') throw wrong('this version tests without encryption only: filex+tcp://');
  if (url.protocol !== 'filex+tcp:' || url.hostname === '')
    throw wrong('it should look like filex+tcp://host:12345/path');
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    throw wrong('it should have a host, a port and a path only');
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    path: decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, ''),
    text,
  };
}
