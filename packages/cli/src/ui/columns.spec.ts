import { visibleText } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, columnsOf, fit, pad, padStart } from './columns.js';

const text = fc.string({ unit: 'grapheme' }).map(visibleText);
const width = fc.integer({ min: 0, max: 60 });

describe('columns', () => {
  it('never exceeds the width', () => {
    fc.assert(
      fc.property(text, width, (value, columns) => {
        expect(columnsOf(fit(value, columns))).toBeLessThanOrEqual(columns);
        expect(columnsOf(clip(value, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('leaves alone what fits', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(fit(value, columnsOf(value))).toBe(value);
        expect(clip(value, columnsOf(value))).toBe(value);
      }),
    );
  });

  it('pads to exactly the width', () => {
    fc.assert(
      fc.property(text, width, (value, columns) => {
        expect(columnsOf(pad(value, columns))).toBe(columns);
      }),
    );
  });

  it('cuts the middle and keeps both ends', () => {
    expect(fit('packages/protocol/src/index.ts', 15)).toBe('package…ndex.ts');
    expect(fit('日本語の長い名前.txt', 9)).toBe('日本….txt');
    expect(fit('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 5)).toBe('👩‍👩‍👧‍👦…👩‍👩‍👧‍👦');
    expect(fit('abc', 1)).toBe('…');
    expect(fit('abc', 0)).toBe('');
  });

  it('clips the end', () => expect(clip('日本語', 5)).toBe('日本'));

  it('fills on the left', () => {
    expect(padStart('7', 3)).toBe('  7');
    expect(padStart('1234', 3)).toBe('1234');
  });
});
