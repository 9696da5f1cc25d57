import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteCommand } from './quote.js';

// A NUL cannot be in an argument, half a surrogate pair not in UTF-8.
const word = fc
  .string({ unit: 'binary', minLength: 0, maxLength: 12 })
  .filter((text) => !text.includes('\0'));

describe('quoteCommand', () => {
  it('comes back from bash as it was', { skip: process.platform === 'win32' }, () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
        const script = `printf '%s\\0' ${quoteCommand(words, 'linux')}`;
        const said = execFileSync('bash', ['-c', script]).toString();
        expect(said.split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 30 },
    );
  });

  it('shows nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(word, (text) => {
        expect(quoteCommand([text], 'linux')).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it('leaves plain words alone', () => {
    expect(quoteCommand(['put', '-r', './a', 'filex+tcp://h:1/x'], 'linux')).toBe(
      'put -r ./a filex+tcp://h:1/x',
    );
  });

  it.each([
    ["it's", "'it'\\''s'"],
    ['', "''"],
    ['two words', "'two words'"],
    ['line\nbreak', "$'line\\012break'"],
  ])('%j becomes %s', (text, shown) => expect(quoteCommand([text], 'linux')).toBe(shown));

  it('uses double quotes on Windows', () => {
    expect(quoteCommand(['C:\\My Files', 'C:\\x'], 'win32')).toBe('"C:\\My Files" C:\\x');
  });
});
