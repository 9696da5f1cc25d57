import { formatUrl } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseServer, shortServer } from './server-address.js';

describe('server addresses', () => {
  it.each([
    ['localhost', 'filex://localhost:12345/'],
    [' nas:99 ', 'filex://nas:99/'],
    ['10.0.0.7', 'filex://10.0.0.7:12345/'],
    ['::1', 'filex://[::1]:12345/'],
    ['[::1]:99', 'filex://[::1]:99/'],
    ['me@nas', 'filex://me@nas:12345/'],
    ['filex+tcp://nas/some/path', 'filex+tcp://nas:12345/'],
    ['filex+tcp://nas', 'filex+tcp://nas:12345/'],
  ])('%j is %s', (text, address) => expect(formatUrl(parseServer(text))).toBe(address));

  it.each(['', 'a b', 'http://nas', 'nas:port', ':99'])('refuses %j', (text) => {
    expect(() => parseServer(text)).toThrow(expect.objectContaining({ code: 'URL_INVALID' }));
  });

  it('the short form reads back as the same', () => {
    const host = fc.constantFrom('nas', '10.0.0.7', '[::1]', 'example.org');
    const port = fc.integer({ min: 1, max: 65_535 });
    fc.assert(
      fc.property(host, port, fc.constantFrom('filex+tcp', 'filex'), (name, number, scheme) => {
        const url = parseServer(`${scheme}://${name}:${number}`);
        expect(formatUrl(parseServer(shortServer(url)))).toBe(formatUrl(url));
      }),
    );
    expect(shortServer(parseServer('nas:12345'))).toBe('nas');
    expect(shortServer(parseServer('[::1]:12345'))).toBe('[::1]');
  });
});
