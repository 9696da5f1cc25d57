import { describe, expect, it } from 'vitest';
import { concat } from '../testing/bytes.js';
import { rawField } from '../testing/frames.js';
import { pathProperties } from '../testing/properties/path.js';
import { decodeMessage } from './messages.js';
import { checkPath, pathFault } from './path.js';

describe('a path', () => {
  for (const [property, check] of Object.entries(pathProperties)) it(property, check);

  it.each([
    ['/etc/passwd', 'it begins with "/"'],
    ['a//b', 'it has an empty part'],
    ['a/', 'it has an empty part'],
    ['./a', 'a part of it is "."'],
    ['a/../b', 'a part of it is ".."'],
    ['..', 'a part of it is ".."'],
    ['a\0b', 'it contains a NUL'],
    ['\ud83e', 'it is not valid Unicode'],
    ['x'.repeat(256), 'a part of it is longer than 255 bytes'],
    ['é'.repeat(128), 'a part of it is longer than 255 bytes'],
    [Array(1025).fill('abc').join('/'), 'it is longer than 4096 bytes'],
  ])('%j is refused', (path, why) => {
    expect(pathFault(path)).toBe(why);
    expect(() => checkPath(path)).toThrow(
      expect.objectContaining({ code: 'PATH_INVALID', path, message: expect.stringContaining(why) }),
    );
  });

  const longest = `${'x'.repeat(255)}/`.repeat(16).slice(0, 4096 - 2);

  it.each([
    ...['', 'a', '.a', 'a.', '...', '-rf', 'a b', 'a\nb', 'a\\b', 'C:\\x', '~', '\u{1f980}', 'x'.repeat(255)],
    `${longest}/x`,
  ])('%j is fine', (path) => expect(pathFault(path)).toBeUndefined());

  it('that is not UTF-8 is refused', () => {
    // Overlong "/", a surrogate, a cut character: each a way around a check made after decoding.
    for (const bytes of [[0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x61, 0xe2, 0x82], [0xff]]) {
      const payload = concat([
        rawField(2, Uint8Array.of(1)),
        rawField(4, new Uint8Array(16)),
        rawField(6, Uint8Array.from(bytes)),
      ]);
      expect(decodeMessage('OPEN', payload).fault).toContain('not UTF-8');
    }
  });
});
