import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { count, duration, grouped, isoTime, localTime, rate, remainingTime, size } from './amounts.js';

describe('amounts', () => {
  it('sizes and rates', () => {
    expect(size(0)).toBe('0 B');
    expect(size(1023)).toBe('1023 B');
    expect(size(1536)).toBe('1.5 KiB');
    expect(size(5 * 2 ** 30)).toBe('5 GiB');
    expect(rate(1024.4)).toBe('1 KiB/s');
  });

  it.each([
    [0, '0 ms'],
    [35.4, '35 ms'],
    [999.6, '1.0 s'],
    [4_200, '4.2 s'],
    [9_960, '10 s'],
    [59_400, '59 s'],
    [65_000, '1:05'],
    [7_389_000, '2:03:09'],
    [400 * 3_600_000, '16 d 16 h'],
  ])('%d ms is %s', (milliseconds, shown) => expect(duration(milliseconds)).toBe(shown));

  it('remaining times are whole', () => {
    expect(remainingTime(2_300)).toBe('3 s');
    expect(remainingTime(61_000)).toBe('1:01');
  });

  it('counts', () => {
    expect(count(1, 'file')).toBe('1 file');
    expect(count(0, 'file')).toBe('0 files');
    expect(count(12_345, 'entry', 'entries')).toBe('12,345 entries');
    fc.assert(
      fc.property(fc.nat(), (n) => {
        expect(Number(grouped(n).replaceAll(',', ''))).toBe(n);
      }),
    );
  });

  it('times keep every microsecond', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (time) => {
        const text = isoTime(time);
        const digits = Number(/(\d{6})Z$/.exec(text)?.[1]);
        expect(((time % 1_000_000) + 1_000_000) % 1_000_000).toBe(digits);
        expect(Date.parse(text)).toBe(Math.floor(time / 1000));
      }),
    );
    expect(isoTime(-1)).toBe('1969-12-31T23:59:59.999999Z');
  });

  it('local times', () => {
    expect(localTime(new Date(2026, 2, 1, 14, 5).getTime() * 1000)).toBe('2026-03-01 14:05');
  });
});
