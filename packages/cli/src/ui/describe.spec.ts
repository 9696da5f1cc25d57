import { FilexError } from '@filex/protocol';
import { expect, it } from 'vitest';
import { describeError } from './describe.js';

it.each([
  ['a/b', 'cannot read "a/b": no', 'cannot read "a/b": no'],
  ['a/b', 'no', 'a/b: no'],
  // The root.
  ['', 'no', 'no'],
  [undefined, 'no', 'no'],
  ['a\nb', '\u001b[2J', 'a\\nb: \\x1b[2J'],
])('of %j, %j is told as %j', (name, message, told) => {
  expect(describeError(new FilexError('IO_ERROR', message), name)).toBe(told);
});
