import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleText } from './visible-text.js';

const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((u) => String.fromCharCode(u)) });

describe('visibleText', () => {
  it('leaves nothing that a terminal obeys, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(visibleText(text)).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      }),
    );
  });

  it('says the same when asked twice', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(visibleText(visibleText(text))).toBe(visibleText(text));
      }),
    );
  });

  it('leaves printable text alone', () => {
    for (const text of [
      'plain',
      "it's – “ok”",
      'Grüße',
      '日本語',
      '👩‍👩‍👧‍👦 ❤️',
      'back\\slash',
      '-dash',
      'العربية',
    ]) {
      expect(visibleText(text)).toBe(text);
    }
  });

  it.each([
    ['a\nb', 'a\\nb'],
    ['a\r\tb', 'a\\r\\tb'],
    ['\x1b[2J', '\\x1b[2J'],
    ['\x9b31m', '\\x9b31m'],
    ['\x7f', '\\x7f'],
    ['exe.\u202egpj', 'exe.\\u{202e}gpj'],
    ['x\u2028y', 'x\\u{2028}y'],
    ['zero\u200bwidth', 'zero\\u{200b}width'],
    ['half \ud83d pair', 'half \\u{d83d} pair'],
  ])('%j becomes %s', (text, shown) => expect(visibleText(text)).toBe(shown));
});
