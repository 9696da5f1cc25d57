import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { type FilexUrl, parseUrl } from '@filex/protocol';

/**
 * What a server is called in `known_hosts` and in the credentials file: `host:port`, written in one way only, so that `NAS`,
 * `nas.` and `nas:12345` are one server and an IPv6 address is, however it is abbreviated.
 */
export function serverName({ host, port }: Pick<FilexUrl, 'host' | 'port'>): string {
  return `${canonicalHost(host)}:${port}`;
}

/** The server that a word in a file of ours names; undefined when it names none. */
export function namedServer(
  word: string,
): { readonly user: string | undefined; readonly name: string } | undefined {
  try {
    const url = parseUrl(`filex://${word}`);
    return { user: url.user, name: serverName(url) };
  } catch {
    // Not ours, or a slip: it names nobody.
    return undefined;
  }
}

function canonicalHost(host: string): string {
  const [address = '', ...zone] = host.split('%');
  // Its pattern is costly to build, and every such address has a colon.
  if (address.includes(':') && isIPv6(address)) {
    const short = new URL(`http://[${address}]/`).hostname.slice(1, -1);
    // The name of a network interface on this machine, exact.
    return `[${[short, ...zone].join('%')}]`;
  }
  const name = host.replace(/\.$/, '').toLowerCase();
  // What looks like another name must not pass for it: names beyond ASCII are kept as DNS has them.
  return /^[!-~]+$/.test(name) ? name : domainToASCII(name) || name;
}
