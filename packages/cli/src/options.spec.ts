import { describe, expect, it } from 'vitest';
import { bandwidth } from './options.js';

describe('--bwlimit', () => {
  it.each([
    ['1K', 1024],
    ['500k', 500 * 1024],
    ['2.5M', 2.5 * 1024 * 1024],
    ['1G', 1024 ** 3],
    ['4096', 4096],
  ])('%s is %d bytes per second', (text, rate) => expect(bandwidth(text)).toBe(rate));

  it.each(['', '0', '1023', '-5K', '10T', '1e6', 'fast', '5 M'])('%j is refused', (text) => {
    expect(() => bandwidth(text)).toThrow(/bytes per second/);
  });
});
