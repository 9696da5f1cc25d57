import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { columnsOf } from '../columns.js';
import { type BarStyle, renderBars } from './bars.js';
import { Tracker } from './tracker.js';

const plain: BarStyle = { colors: picocolors.createColors(false), unicode: true };
const colored: BarStyle = { colors: picocolors.createColors(true), unicode: false };

describe('renderBars', () => {
  it('no line is wider than the terminal and none has a control character, whatever the names', () => {
    const file = fc.record({
      name: fc.string({ unit: 'grapheme' }),
      size: fc.nat(),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(file, { maxLength: 8 }),
        fc.integer({ min: 1, max: 200 }),
        fc.boolean(),
        fc.constantFrom(plain, colored),
        (files, columns, complete, style) => {
          const tracker = new Tracker(1000);
          tracker.sample(0);
          for (const { name, size, part } of files) {
            tracker.found(size);
            tracker.begin(name, size).progress(Math.floor(size * part), size);
          }
          tracker.sample(900);
          if (complete) tracker.foundAll();
          const lines = renderBars('Downloading', tracker, columns, style);
          expect(lines.length).toBeLessThanOrEqual(5);
          for (const line of lines) {
            const text = stripVTControlCharacters(line);
            expect(columnsOf(text)).toBeLessThanOrEqual(columns);
            expect(text).not.toMatch(/\p{Cc}/u);
          }
        },
      ),
    );
  });

  it('looks like this', () => {
    const tracker = new Tracker(60_000);
    for (const size of [3 * 2 ** 20, 2 ** 20, 2 ** 20]) tracker.found(size);
    tracker.sample(0);
    tracker
      .begin('photos/a picture with quite a long name that does not fit at all.jpg', 3 * 2 ** 20)
      .progress(2 ** 20, undefined);
    tracker.begin('日本語.txt', 2 ** 20).progress(2 ** 19, undefined);
    tracker.sample(1000);
    expect(renderBars('Uploading', tracker, 100, plain)).toEqual([
      'Uploading   ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  1.5 MiB of 5 MiB+  1.5 MiB/s  0/3+ files',
      '  photos/a picture with quite a l…ame that does not fit at all.jpg █████░░░░░░░░░░░   33%      3 MiB',
      '  日本語.txt                                                       ████████░░░░░░░░   50%      1 MiB',
    ]);
    tracker.foundAll();
    expect(renderBars('Uploading', tracker, 100, plain)[0]).toBe(
      'Uploading   █████████░░░░░░░░░░░░░░░░░░░░░░░  30%  1.5 MiB of 5 MiB  1.5 MiB/s  ETA 3 s  0/3 files',
    );
    expect(renderBars('Uploading', tracker, 40, plain)[0]).toBe('Uploading   ██████░░░░░░░░░░░░░░░  30%');
  });

  it('one file has one line', () => {
    const tracker = new Tracker(1000);
    tracker.found(10);
    tracker.foundAll();
    tracker.begin('x', 10);
    expect(renderBars('Uploading', tracker, 80, plain)).toHaveLength(1);
  });
});
