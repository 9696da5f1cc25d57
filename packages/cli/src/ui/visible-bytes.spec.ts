import { visibleText } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleBytes } from './visible-bytes.js';

describe('visibleBytes', () => {
  it('reads what is UTF-8 as text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visibleBytes(Buffer.from(text))).toBe(visibleText(text));
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
