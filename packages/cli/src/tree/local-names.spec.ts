import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLocalName } from './local-names.js';

const fails = (path: string): boolean => {
  try {
    checkLocalName(path, 'win32');
    return false;
  } catch {
    return true;
  }
};

describe('checkLocalName', () => {
  it('leaves everything to the file system elsewhere', () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        checkLocalName(path, 'linux');
        checkLocalName(path, 'darwin');
      }),
    );
  });

  it.each([
    'a:b',
    'x\\y',
    'a?',
    'a*',
    '"',
    '<',
    'x/nul',
    'NUL.txt',
    'com1',
    'lpt9.log',
    'dot.',
    'space ',
    'a\nb',
    'ok/aux/x',
  ])('refuses %j on Windows', (path) => {
    expect(fails(path)).toBe(true);
  });

  it.each(['a', 'a b.txt', 'x/y/z', '.env', 'nullable.txt', 'console', 'com', 'com10', '日本', "it's", '-r'])(
    'takes %j on Windows',
    (path) => {
      expect(fails(path)).toBe(false);
    },
  );
});
