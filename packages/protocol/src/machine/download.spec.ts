import { expect, it } from 'vitest';
import { downloadOffset } from './download.js';

it.each([
  [0, 9, true, 0],
  [5, 9, true, 5],
  [9, 9, true, 9],
  [10, 9, true, 0],
  [5, 9, false, 0],
  [10, 9, false, 0],
])(
  'a download that was asked for from %i of %i bytes, the same so far: %s, goes on from %i',
  (asked, size, same, offset) => {
    expect(downloadOffset(asked, size, same)).toBe(offset);
  },
);
