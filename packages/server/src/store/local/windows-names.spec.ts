import { describe, expect, it } from 'vitest';
import { windowsNameFault } from './windows-names.js';

describe('windowsNameFault', () => {
  it.each([
    'a.txt',
    'Ünïcode 🎉',
    'console',
    'com',
    'com10',
    'lpt',
    '.hidden',
    'con-',
    'a b',
    'x'.repeat(255),
  ])('has nothing against %s', (name) => expect(windowsNameFault(name)).toBeUndefined());

  it.each([
    'con',
    'CON',
    'nul.txt',
    'Aux.tar.gz',
    'com1',
    'COM9.log',
    'lpt²',
    'conin$',
    'a:b',
    'a\\b',
    'a?',
    'a*',
    'a<',
    'a>',
    'a|',
    'say "hi"',
    'new\nline',
    '\u0000',
    'dot.',
    'space ',
    'nul ',
  ])('finds the fault with %j', (name) => expect(windowsNameFault(name)).toEqual(expect.any(String)));
});
