import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type FilexUrl, formatUrl } from '@filex/protocol';
import { isLoopback } from '@filex/protocol/node';

const LOOPBACK = '127.0.0.1';

/** What the addresses of a server have in common. */
export interface Listening extends Pick<FilexUrl, 'scheme' | 'port' | 'user' | 'fingerprint'> {
  /** The host that was asked for; undefined for all addresses. */
  readonly host: string | undefined;
  /** Who may connect. */
  readonly reach: 'loopback' | 'all';
}

/** The addresses to give to clients, the one for this machine first. */
export function serverUrls(listening: Listening, interfaces = networkInterfaces()): string[] {
  const { scheme, port, user, fingerprint } = listening;
  return hosts(listening, interfaces).map((host) =>
    formatUrl({ scheme, user, host, port, path: '', trailingSlash: false, fingerprint }),
  );
}

function hosts({ host, reach }: Listening, interfaces: ReturnType<typeof networkInterfaces>): string[] {
  // A name may have any address.
  if (!isWildcard(host)) return reach === 'all' || isIP(host) === 0 || isLoopback(host) ? [host] : [];
  if (reach === 'loopback') return [LOOPBACK];
  const found = [LOOPBACK];
  for (const { address, family, internal } of Object.values(interfaces).flatMap((list) => list ?? [])) {
    // Addresses of one link only work with the name of that link, which is another one on the other end.
    const oneLink = address.startsWith('fe80:') || address.startsWith('169.254.');
    const listened = family === 'IPv4' || host !== '0.0.0.0';
    if (!internal && !oneLink && listened) found.push(address);
  }
  return found;
}

/** Whether a host to listen on means all addresses. */
export function isWildcard(host: string | undefined): host is undefined | '' | '::' | '0.0.0.0' {
  return host === undefined || host === '' || host === '::' || host === '0.0.0.0';
}
