import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from '../testing/arbitraries.js';
import { clipUtf8, decodeUtf8, encodeUtf8, isWellFormed, utf8SizeAt, writeUtf8 } from './utf8.js';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
);

describe('UTF-8', () => {
  it('goes both ways, and half a surrogate pair goes neither', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const encoded = encodeUtf8(text);
        // Node turns what is not well-formed into U+FFFD.
        expect(isWellFormed(text)).toBe(Buffer.from(text).toString() === text);
        expect(encoded === undefined).toBe(!isWellFormed(text));
        if (encoded !== undefined) expect(decodeUtf8(encoded)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('is written where it belongs and nowhere else, or does not fit', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 90 }),
          fc.string({ unit: 'grapheme-ascii', maxLength: 90 }),
        ),
        fc.nat(5),
        fc.nat(120),
        (text, at, room) => {
          const encoded = encodeUtf8(text) as Uint8Array;
          const into = new Uint8Array(at + room).fill(0xaa);
          const end = writeUtf8(text, into, at);
          expect(end).toBe(encoded.length <= room ? at + encoded.length : undefined);
          expect(into.subarray(0, at).every((byte) => byte === 0xaa)).toBe(true);
          if (end === undefined) return;
          expect(Buffer.from(into.subarray(at, end)).equals(encoded)).toBe(true);
          expect(into.subarray(end).every((byte) => byte === 0xaa)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is measured character by character as it is encoded', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let size = 0;
        for (let i = 0; i < text.length; i += 1) {
          const one = utf8SizeAt(text, i);
          if (one === 0) {
            expect(isWellFormed(text)).toBe(false);
            return;
          }
          if (one === 4) i += 1;
          size += one;
        }
        expect(size).toBe(encodeUtf8(text)?.length);
      }),
      { numRuns: 500 },
    );
  });

  it('has one form for each text', () => {
    fc.assert(
      fc.property(bytes(0, 40), (input) => {
        const text = decodeUtf8(input);
        if (text !== undefined) expect(Buffer.from(text).equals(input)).toBe(true);
        else expect(Buffer.from(Buffer.from(input).toString()).equals(input)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['\ud7ff', '\ue000', '\ud800\udc00', '\udbff\udfff', 'a\ud83e\udd80b'])(
    '%j is well-formed',
    (text) => {
      expect(isWellFormed(text)).toBe(true);
    },
  );

  it.each([
    '\ud800',
    '\udbff',
    '\udc00',
    '\udfff',
    '\udc00\udc00',
    '\ud800\ud800',
    '\udc00\ud800',
    '\ud800a',
    'a\udfff',
  ])('%j is not', (text) => expect(isWellFormed(text)).toBe(false));

  it('keeps a byte order mark, which is a character of the name', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  it('is clipped between characters', () => {
    fc.assert(
      fc.property(anyText, fc.nat({ max: 60 }), (text, max) => {
        const clipped = clipUtf8(text, max);
        const whole = Buffer.from(text).toString();
        expect(isWellFormed(clipped)).toBe(true);
        expect(whole.startsWith(clipped)).toBe(true);
        expect(Buffer.byteLength(clipped)).toBeLessThanOrEqual(max);
        // No more is lost than the character that did not fit.
        if (clipped !== whole) expect(Buffer.byteLength(clipped)).toBeGreaterThan(max - 4);
      }),
      { numRuns: 500 },
    );
  });
});
