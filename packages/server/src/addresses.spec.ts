import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { serverUrls } from './addresses.js';

const address = (address: string, internal = false): NetworkInterfaceInfo =>
  ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4', internal }) as NetworkInterfaceInfo;
const interfaces = {
  lo: [address('127.0.0.1', true), address('::1', true)],
  eth0: [address('192.168.1.5'), address('2001:db8::5'), address('fe80::1')],
  eth1: [address('169.254.3.4')],
};
const urls = (host: string | undefined, open: boolean) =>
  serverUrls({ scheme: 'filex+tcp', host, port: 7, reach: open ? 'all' : 'loopback' }, interfaces);

describe('serverUrls', () => {
  it('are the ones that others can use when others may connect', () => {
    expect(urls(undefined, true)).toEqual([
      'filex+tcp://127.0.0.1:7/',
      'filex+tcp://192.168.1.5:7/',
      'filex+tcp://[2001:db8::5]:7/',
    ]);
    expect(urls('0.0.0.0', true)).toEqual(['filex+tcp://127.0.0.1:7/', 'filex+tcp://192.168.1.5:7/']);
    expect(urls('::', true)).toHaveLength(3);
  });

  it('is the one of this machine when nobody else may connect', () => {
    expect(urls(undefined, false)).toEqual(['filex+tcp://127.0.0.1:7/']);
  });

  it('is the one that was asked for', () => {
    expect(urls('example.org', true)).toEqual(['filex+tcp://example.org:7/']);
    expect(urls('::1', false)).toEqual(['filex+tcp://[::1]:7/']);
    expect(urls('localhost', false)).toEqual(['filex+tcp://localhost:7/']);
  });

  it('is none when nobody could come to the one that was asked for', () => {
    expect(urls('192.168.1.5', false)).toEqual([]);
  });

  it('has who to log in as, and the key to expect', () => {
    const fingerprint = `sha256:${'A'.repeat(43)}`;
    expect(
      serverUrls({ scheme: 'filex', user: 'guest', host: 'x', port: 7, fingerprint, reach: 'all' }),
    ).toEqual([`filex://guest@x:7/?fp=${fingerprint}`]);
  });
});
