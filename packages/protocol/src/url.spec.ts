import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilexError } from './errors.js';
import { path } from './testing/arbitraries.js';
import { DEFAULT_PORT, type FilexUrl, formatUrl, parseUrl, schemes } from './url.js';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom('::1', 'fe80::1%eth0', '::ffff:127.0.0.1', 'bücher.example', 'LOCALHOST'),
);
const user = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((name) => !name.includes(':'));

const url: fc.Arbitrary<FilexUrl> = fc
  .record({
    scheme: fc.constantFrom(...schemes),
    user: fc.option(user, { nil: undefined }),
    host,
    port: fc.integer({ min: 1, max: 65_535 }),
    path: fc.oneof(fc.constant(''), path),
    slash: fc.boolean(),
    fingerprint: fc.option(
      fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((digest) => `sha256:${Buffer.from(digest).toString('base64url')}`),
      { nil: undefined },
    ),
  })
  .map(({ slash, ...rest }) => ({ ...rest, trailingSlash: slash && rest.path !== '' }));

describe('an address', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(url, (each) => {
        expect(parseUrl(formatUrl(each))).toEqual(each);
      }),
      { numRuns: 500 },
    );
  });

  it('that was typed is written in one form', () => {
    fc.assert(
      fc.property(url, (each) => {
        const typed = `filex+tcp://${each.host.includes(':') ? `[${each.host}]` : each.host}/${each.path}`;
        fc.pre(!/[%?#]/.test(each.path));
        const once = formatUrl(parseUrl(typed));
        expect(parseUrl(once).path).toBe(each.path);
        expect(formatUrl(parseUrl(once))).toBe(once);
      }),
      { numRuns: 300 },
    );
  });

  it('needs no quotes in a shell', () => {
    fc.assert(
      fc.property(url, (each) => {
        fc.pre(each.user === undefined && each.host !== 'bücher.example');
        // Brackets and "?" are globs: fine as long as no file is called like an address.
        expect(formatUrl(each)).toMatch(/^[A-Za-z0-9+,:=@%/._~?[\]-]*$/);
      }),
    );
  });

  it('never surprises: what cannot be understood is a FilexError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom(...'filex+tcp:/@[]?#%=&a1.\ud800') }),
          fc.string({ unit: fc.constantFrom(...'@[]:?#%=&a1./\ud800 ') }).map((rest) => `filex://${rest}`),
        ),
        (text) => {
          try {
            formatUrl(parseUrl(text));
          } catch (error) {
            expect(error).toBeInstanceOf(FilexError);
            expect((error as FilexError).code).toBe('URL_INVALID');
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['filex://h', { scheme: 'filex', host: 'h', port: DEFAULT_PORT, path: '', trailingSlash: false }],
    ['filex+tcp://h/', { scheme: 'filex+tcp', path: '', trailingSlash: false }],
    ['filex://h:1/a/b/', { port: 1, path: 'a/b', trailingSlash: true }],
    ['filex://h:/a', { port: DEFAULT_PORT, path: 'a' }],
    ['filex://[::1]:80/a', { host: '::1', port: 80 }],
    ['filex://[fe80::1%eth0]/a', { host: 'fe80::1%eth0', path: 'a' }],
    ['filex://ann@h/a', { user: 'ann', host: 'h' }],
    ['filex://@h/a', { user: undefined }],
    ['filex://h//a//b', { path: 'a//b' }],
    ['filex://h/a%2Fb%20c', { path: 'a/b c' }],
    ['filex://h/../x', { path: '../x' }],
    ['filex://h/a b:c\\d@e', { path: 'a b:c\\d@e' }],
    ['filex://h/%F0%9F%A6%80', { path: '\u{1f980}' }],
    [`filex://h/?fp=sha256:${'A-_9'.repeat(10)}abA`, { fingerprint: `sha256:${'A-_9'.repeat(10)}abA` }],
  ])('%s is understood', (text, expected) => {
    expect(parseUrl(text)).toMatchObject(expected);
  });

  it.each([
    ['', 'it should look like'],
    ['h', 'it should look like'],
    ['h:12345/a', 'it should look like'],
    ['filex://', 'it should look like'],
    ['filex:///a', 'it should look like'],
    ['filex://h/a#b', 'it should look like'],
    ['filex://[::1/a', 'it should look like'],
    ['http://h/a', '"http" is not one of filex, filex+tcp'],
    ['filex://h:0/', 'there is no port 0'],
    ['filex://h:65536/', 'there is no port 65536'],
    ['filex://ann:secret@h/', 'a secret does not belong'],
    ['filex://ann%3Asecret@h/', 'a secret does not belong'],
    ['filex://h/100%', 'write %25'],
    ['filex://h/%ff', 'write %25'],
    ['filex://h/what?', 'write %3F'],
    ['filex://h/what?now', 'write %3F'],
    ['filex://h/?fp=md5:1', '"fp" should be'],
    ['filex://h/?fp=sha256:', '"fp" should be'],
    [`filex://h/?fp=sha256:${'A'.repeat(43)}=`, '"fp" should be'],
    [`filex://h/?fp=sha256:${'A'.repeat(42)}B`, '"fp" should be'],
    [`filex://h/?fp=sha256:${'A'.repeat(43)}&fp=sha256:${'I'.repeat(43)}`, '"fp" is there twice'],
    ['filex://h/\ud800', 'not valid Unicode'],
  ])('%j is refused with a reason', (text, why) => {
    expect(() => parseUrl(text)).toThrow(
      expect.objectContaining({ code: 'URL_INVALID', message: expect.stringContaining(why) }),
    );
  });

  it.each([
    'filex://ann:secret@h/',
    'filex://ann%3Asecret@h/',
    'filex://ann:se/secret@h:0/',
    'http://:secret@h',
    'filex://ann:a@secret@h/',
  ])('does not show a secret: %s', (text) => {
    expect(() => parseUrl(text)).toThrow(
      expect.objectContaining({ code: 'URL_INVALID', message: expect.not.stringContaining('secret@') }),
    );
    expect(() => parseUrl('filex://h:80/ann@home?')).toThrow(/h:80\/ann@home/);
  });
});
