import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visible, visibleBytes } from './visible.js';

const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((u) => String.fromCharCode(u)) });

describe('visible', () => {
  it('leaves nothing that a terminal obeys, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      }),
    );
  });

  it('says the same when asked twice', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(visible(visible(text))).toBe(visible(text));
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
      expect(visible(text)).toBe(text);
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
  ])('%j becomes %s', (text, shown) => expect(visible(text)).toBe(shown));
});

describe('visibleBytes', () => {
  it('reads what is UTF-8 as text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visibleBytes(Buffer.from(text))).toBe(visible(text));
      }),
    );
  });

  it('shows any bytes without a replacement character', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = new TextDecoder().decode(bytes);
        if (!Buffer.from(text).equals(bytes)) expect(visibleBytes(bytes)).toContain('\\x');
        expect(visibleBytes(bytes)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it.each([
    [[0x61, 0xff, 0x62], 'a\\xffb'],
    [[0xc3, 0x28], '\\xc3('],
    [[0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
    [[0xf0, 0x9f, 0x98, 0x80, 0x80], '😀\\x80'],
    [[0xf4, 0x90, 0x80, 0x80], '\\xf4\\x90\\x80\\x80'],
    [[0xc0, 0xaf], '\\xc0\\xaf'],
  ])('%j becomes %s', (bytes, shown) => expect(visibleBytes(Uint8Array.from(bytes))).toBe(shown));
});
