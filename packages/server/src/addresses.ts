import { networkInterfaces } from 'node:os';
import { formatUrl } from '@filex/protocol';

const LOOPBACK = '127.0.0.1';

export interface Listening {
  /** The host that was asked for; undefined for all addresses. */
  readonly host: string | undefined;
  readonly port: number;
  /** Whether other machines may connect. */
  readonly open: boolean;
}

/** The addresses to give to clients, the one for this machine first. */
export function serverUrls(listening: Listening, interfaces = networkInterfaces()): string[] {
  return hosts(listening, interfaces).map((host) =>
    formatUrl({ scheme: 'filex+tcp', host, port: listening.port, path: '', trailingSlash: false }),
  );
}

function hosts({ host, open }: Listening, interfaces: ReturnType<typeof networkInterfaces>): string[] {
  if (!isWildcard(host)) return [host];
  if (!open) return [LOOPBACK];
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
