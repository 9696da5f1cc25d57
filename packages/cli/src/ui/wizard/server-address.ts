import { DEFAULT_PORT, type FilexUrl, formatUrl, parseUrl } from '@filex/protocol';
import { looksLikeAddress } from '../../address.js';

/**
 * What people type for a server: a host, `host:port`, or an address.
 * @throws FilexError `URL_INVALID`
 */
export function parseServer(text: string): FilexUrl {
  const typed = text.trim();
  if (looksLikeAddress(typed)) return withoutPath(parseUrl(typed));
  // An IPv6 address alone has colons of its own.
  const host = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(typed) ? `[${typed}]` : typed;
  return withoutPath(parseUrl(`filex://${host}`));
}

/** As short as it can be read back by `parseServer`. */
export function shortServer(url: FilexUrl): string {
  const full = formatUrl(withoutPath(url)).replace(/\/$/, '');
  if (url.scheme !== 'filex' || url.fingerprint !== undefined) return full;
  const short = full.slice('filex://'.length);
  return url.port === DEFAULT_PORT ? short.replace(/:\d+$/, '') : short;
}

function withoutPath(url: FilexUrl): FilexUrl {
  return { ...url, path: '', trailingSlash: false };
}
