import { parseUrl } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namedServer, serverName } from './server-name.js';

const nameOf = (host: string): string => serverName(parseUrl(`filex://${host}`));

describe('serverName', () => {
  it.each([
    ['nas', 'nas:12345'],
    ['NAS.Example.ORG.', 'nas.example.org:12345'],
    ['nas:99', 'nas:99'],
    ['10.0.0.7:1', '10.0.0.7:1'],
    ['[::1]', '[::1]:12345'],
    ['[0:0:0:0:0:0:0:1]:99', '[::1]:99'],
    ['[2001:DB8::00a]', '[2001:db8::a]:12345'],
    ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]:12345'],
    ['[fe80::1%eth0]', '[fe80::1%eth0]:12345'],
    ['[fe80:0::1%Eth0]', '[fe80::1%Eth0]:12345'],
    ['Bücher.example', 'xn--bcher-kva.example:12345'],
    ['ann@nas', 'nas:12345'],
  ])('%s is %s', (host, name) => expect(nameOf(host)).toBe(name));

  it('is the same however it is written, and reads back as itself', () => {
    const label = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/);
    const host = fc.oneof(
      fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.')),
      fc.ipV6().map((address) => `[${address}]`),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), fc.boolean(), (text, port, upper) => {
        const name = nameOf(`${text}:${port}`);
        expect(nameOf(`${upper ? text.toUpperCase() : text}:${port}`)).toBe(name);
        if (!text.startsWith('[')) expect(nameOf(`${text}.:${port}`)).toBe(name);
        expect(namedServer(name)).toEqual({ user: undefined, name });
        expect(name).toMatch(/^[!-~]+$/);
      }),
    );
  });

  it('servers of two ports or names are two', () => {
    expect(new Set(['nas', 'nas:1', 'nas2', 'nas.local', '[::1]'].map(nameOf)).size).toBe(5);
    // A Cyrillic letter that looks like the Latin one.
    expect(nameOf('n\u0430s')).not.toBe(nameOf('nas'));
  });
});

describe('namedServer', () => {
  it('reads users as addresses have them', () => {
    expect(namedServer('ann@NAS')).toEqual({ user: 'ann', name: 'nas:12345' });
    expect(namedServer('ann%40home@nas:1')).toEqual({ user: 'ann@home', name: 'nas:1' });
  });

  it.each(['', ':1', 'nas:port', 'nas:0', 'a:b@nas', '%zz@nas', '[nas'])('%j names nobody', (word) =>
    expect(namedServer(word)).toBeUndefined(),
  );
});
