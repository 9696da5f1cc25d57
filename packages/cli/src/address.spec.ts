import { FilexError } from '@filex/protocol';
import { describe, expect, it } from 'vitest';
import { looksLikeAddress, parseTarget, parseTargets } from './address.js';
import { UsageError } from './errors.js';

describe('parseTarget', () => {
  it.each([
    ['filex+tcp://h', { path: '', contents: true, isFolder: true }],
    ['filex+tcp://h/', { path: '', contents: true, isFolder: true }],
    ['filex+tcp://h/.', { path: '', contents: true, isFolder: true }],
    ['filex+tcp://h/a/b', { path: 'a/b', contents: false, isFolder: false }],
    ['filex+tcp://h/a/b/', { path: 'a/b', contents: false, isFolder: true }],
    ['filex+tcp://h/a/b/.', { path: 'a/b', contents: true, isFolder: true }],
    ['filex+tcp://h/a%20b', { path: 'a b', contents: false, isFolder: false }],
    ['filex+tcp://h/.env', { path: '.env', contents: false, isFolder: false }],
    ['filex+tcp://h/a.', { path: 'a.', contents: false, isFolder: false }],
  ])('%s', (text, expected) => expect(parseTarget(text)).toMatchObject(expected));

  it('says what is wrong', () => {
    expect(() => parseTarget('localhost:12345/x')).toThrow(UsageError);
    expect(() => parseTarget('http://h/x')).toThrow(FilexError);
    expect(() => parseTarget('filex+tcp://h/a/../b')).toThrow(
      expect.objectContaining({ code: 'PATH_INVALID' }),
    );
    expect(() => parseTarget('filex+tcp://h/a//b')).toThrow(
      expect.objectContaining({ code: 'PATH_INVALID' }),
    );
  });
});

describe('parseTargets', () => {
  it('wants one server', () => {
    expect(parseTargets(['filex+tcp://h/a', 'filex+tcp://h:12345/b'])).toHaveLength(2);
    expect(() => parseTargets(['filex+tcp://h/a', 'filex+tcp://h:1/b'])).toThrow(UsageError);
    expect(() => parseTargets(['filex+tcp://h/a', 'filex+tcp://me@h/b'])).toThrow(UsageError);
    expect(() => parseTargets(['filex+tcp://h/a', 'filex://h/b'])).toThrow(UsageError);
    expect(parseTargets(['filex://NAS./a', 'filex://nas/b', 'filex://nas:12345/c'])).toHaveLength(3);
  });

  it('takes the key that one address names for all, and no two', () => {
    const [one, other] = [`sha256:${'A'.repeat(43)}`, `sha256:${'A'.repeat(42)}E`];
    const targets = parseTargets(['filex://h/a', `filex://h/b?fp=${one}`]);
    expect(targets.map(({ url }) => url.fingerprint)).toEqual([one, one]);
    expect(() => parseTargets([`filex://h/a?fp=${one}`, `filex://h/b?fp=${other}`])).toThrow(UsageError);
  });
});

describe('looksLikeAddress', () => {
  it.each([
    ['filex://h', true],
    ['http://h', true],
    ['C:\\dir', false],
    ['./a', false],
    ['-', false],
    ['a://', true],
  ])('%s: %s', (text, expected) => expect(looksLikeAddress(text)).toBe(expected));
});
