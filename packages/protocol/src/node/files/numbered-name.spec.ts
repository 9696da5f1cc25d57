import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberedName } from './numbered-name.js';

const names = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
  .filter((name) => Buffer.byteLength(name) <= 255 && !/[/\0]/.test(name));
const numbers = fc.integer({ min: 1, max: 10_000 });

describe('numberedName', () => {
  it('always gives a name of at most 255 bytes of whole characters', () => {
    fc.assert(
      fc.property(names, numbers, (name, number) => {
        const other = numberedName(name, number);
        expect(Buffer.byteLength(other)).toBeLessThanOrEqual(255);
        expect(other).not.toContain('\ufffd'.repeat(name.includes('\ufffd') ? 2 : 1));
        expect(other).toContain(` (${number})`);
      }),
    );
  });

  it('gives different names for different numbers, and keeps front and extension where there is room', () => {
    fc.assert(
      fc.property(names, numbers, numbers, (name, a, b) => {
        if (a !== b) expect(numberedName(name, a)).not.toBe(numberedName(name, b));
        if (Buffer.byteLength(name) < 240) {
          expect(numberedName(name, a).replace(` (${a})`, '')).toBe(name);
        }
      }),
    );
  });

  it.each([
    ['photo.jpg', 'photo (1).jpg'],
    ['archive.tar.gz', 'archive.tar (1).gz'],
    ['README', 'README (1)'],
    ['.bashrc', '.bashrc (1)'],
    ['.config.json', '.config (1).json'],
    ['ends with dot.', 'ends with dot (1).'],
    ['a (1).txt', 'a (1) (1).txt'],
  ])('%s becomes %s', (name, expected) => {
    expect(numberedName(name, 1)).toBe(expected);
  });

  it('shortens the front part between two characters', () => {
    const name = `${'é'.repeat(125)}.txt`; // 254 bytes
    expect(numberedName(name, 12)).toBe(`${'é'.repeat(123)} (12).txt`); // 255 would cut an é in two
  });

  it('takes what looks like a very long extension for a part of the name', () => {
    const name = `v1.${'x'.repeat(250)}`;
    expect(numberedName(name, 1)).toBe(`v1.${'x'.repeat(248)} (1)`);
  });
});
