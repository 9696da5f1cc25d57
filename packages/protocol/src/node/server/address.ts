import * as net from 'node:net';

const MAPPED = '::ffff:';

/** Without the prefix that marks an IPv4 address on a socket that takes both kinds. */
export function readableAddress(address: string): string {
  const plain = address.slice(MAPPED.length);
  return address.startsWith(MAPPED) && net.isIPv4(plain) ? plain : address;
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  const plain = readableAddress(address);
  return plain === '::1' || (net.isIPv4(plain) && plain.startsWith('127.'));
}

/**
 * Whom a limit for each address counts together: one IPv4 address, or all that share the first 64 bits of an IPv6 address, which is
 * the least that a customer gets, and has more addresses than any table.
 */
export function addressGroup(address: string): string {
  const plain = readableAddress(address);
  if (!net.isIPv6(plain)) return plain;
  const [number = '', zone] = plain.split('%');
  const [head = '', tail] = number.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  // An IPv4 address at the end stands for two words; it is never among the first four.
  const written = first.length + last.length + (number.includes('.') ? 1 : 0);
  const words = [...first, ...new Array<string>(8 - written).fill('0'), ...last];
  const prefix = words.slice(0, 4).map((word) => Number.parseInt(word, 16).toString(16));
  return `${prefix.join(':')}::/64${zone === undefined ? '' : `%${zone}`}`;
}
