import { FilexError } from './errors.js';
import { isWellFormed } from './wire/utf8.js';

/** The port FileX has always used. */
export const DEFAULT_PORT = 12345;

/** The schemes of addresses. */
export const schemes = ['filex', 'filex+tcp'] as const;
/** `filex` is TLS, `filex+tcp` is plaintext: said in the address, so that it is never an accident. */
export type Scheme = (typeof schemes)[number];

/** `filex://[user@]host[:port]/path[?fp=sha256:…]`, taken apart. */
export interface FilexUrl {
  /** With or without TLS. */
  readonly scheme: Scheme;
  /** Decoded; undefined when the address has none. */
  readonly user?: string | undefined;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  /** 1 to 65535; {@link DEFAULT_PORT} when the address has none. */
  readonly port: number;
  /** Decoded, without the leading slash; `''` is the root. */
  readonly path: string;
  /** Whether the path was written with a `/` at its end, which asks for a folder. */
  readonly trailingSlash: boolean;
  /** `sha256:…`, the key the server must have. */
  readonly fingerprint?: string | undefined;
}

const pattern =
  /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?:(?<user>[^@/?#]*)@)?(?:\[(?<six>[0-9a-fA-F:.]+(?:%[^\]/?#\s]+)?)\]|(?<host>[^:/?#[\]@\s]+))(?::(?<port>\d*))?(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/s;

/**
 * Reads an address. `%xx` in user and path is decoded as UTF-8; any other character stands for itself, so a name can be
 * typed as it is unless it has `%`, `?` or `#` in it.
 * @throws FilexError `URL_INVALID` saying what is wrong.
 */
export function parseUrl(text: string): FilexUrl {
  if (!isWellFormed(text)) throw invalid(text, 'it is not valid Unicode');
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined) throw invalid(text, 'it should look like filex://host:12345/path');
  const scheme = groups['scheme'] as Scheme;
  if (!schemes.includes(scheme)) throw invalid(text, `"${scheme}" is not one of ${schemes.join(', ')}`);
  const port = groups['port'] === undefined || groups['port'] === '' ? DEFAULT_PORT : Number(groups['port']);
  if (port < 1 || port > 65_535) throw invalid(text, `there is no port ${port}`);
  const raw = decode(text, groups['path'] ?? '').replace(/^\/+/, '');
  const path = raw.replace(/\/+$/, '');
  const user = groups['user'] === undefined ? undefined : decode(text, groups['user']);
  if (user?.includes(':') === true) throw invalid(text, 'a secret does not belong in an address');
  return {
    scheme,
    user: user === '' ? undefined : user,
    host: groups['six'] ?? (groups['host'] as string),
    port,
    path,
    trailingSlash: raw !== path,
    fingerprint: groups['query'] === undefined ? undefined : fingerprintOf(text, groups['query']),
  };
}

/** Writes an address that {@link parseUrl} reads back as the same. */
export function formatUrl(url: FilexUrl): string {
  const user = url.user === undefined ? '' : `${encodeURIComponent(url.user)}@`;
  const host = url.host.includes(':') ? `[${url.host}]` : url.host;
  const path = url.path.split('/').map(encodeSegment).join('/');
  const slash = url.trailingSlash && path !== '' ? '/' : '';
  const query = url.fingerprint === undefined ? '' : `?fp=${url.fingerprint}`;
  return `${url.scheme}://${user}${host}:${url.port}/${path}${slash}${query}`;
}

/** Leaves what is safe both in an address and in a shell readable. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment)
    .replace(/%(2B|2C|3A|3D|40)/g, (escaped) => decodeURIComponent(escaped))
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw invalid(
      text,
      'a "%" in it is not followed by two digits that make UTF-8 (write %25 for a "%")',
      cause,
    );
  }
}

function fingerprintOf(text: string, query: string): string | undefined {
  let fingerprint: string | undefined;
  for (const parameter of query.split('&')) {
    const [name = '', ...rest] = parameter.split('=');
    const value = rest.join('=');
    if (name !== 'fp') throw invalid(text, `"?${name}" is not known (write %3F for a "?" in a name)`);
    // 32 bytes are 42 characters and a last one of four bits.
    if (!/^sha256:[\w-]{42}[AEIMQUYcgkosw048]$/.test(value))
      throw invalid(text, '"fp" should be sha256: and 43 letters, digits, - and _');
    if (fingerprint !== undefined) throw invalid(text, '"fp" is there twice');
    fingerprint = value;
  }
  return fingerprint;
}

/** What is shown is without what may be a secret, wrongly put before the host. */
function invalid(text: string, why: string, cause?: unknown): FilexError {
  const shown = JSON.stringify(text.replace(/\/\/[^/@]*(?::(?!\d*\/)|%3a).*@/is, '//…@'));
  return new FilexError('URL_INVALID', `cannot understand the address ${shown}: ${why}`, { cause });
}
