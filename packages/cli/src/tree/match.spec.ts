import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Matcher, type Rule, type Standing } from './match.js';

/** Follows a path from the top as a walk does: undefined when a folder on the way is left. */
function verdict(rules: readonly Rule[], path: string): boolean {
  const matcher = new Matcher(rules);
  const parts = path.split('/');
  let standing: Standing = matcher.top;
  for (let i = 1; i < parts.length; i += 1) {
    standing = matcher.folder(parts.slice(0, i).join('/'), standing);
    if (standing.verdict === 'leave') return false;
  }
  return matcher.file(path, standing);
}

const exclude = (pattern: string): Rule => ({ action: 'exclude', pattern });
const include = (pattern: string): Rule => ({ action: 'include', pattern });

describe('Matcher', () => {
  it('takes everything without rules', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (parts) => {
        expect(verdict([], parts.map((part) => part.replaceAll('/', '_')).join('/'))).toBe(true);
      }),
    );
  });

  it('agrees with the rule read literally: the last rule that matches the path or a folder it is in', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const rule = fc.record({
      action: fc.constantFrom('include' as const, 'exclude' as const),
      pattern: path,
    });
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), path, (rules, file) => {
        const parts = file.split('/');
        const covers = ({ pattern }: Rule): boolean =>
          pattern.includes('/')
            ? file === pattern || file.startsWith(`${pattern}/`)
            : parts.includes(pattern);
        const last = rules.findLast(covers);
        const expected = last === undefined ? rules[0]?.action !== 'include' : last.action === 'include';
        expect(verdict(rules, file)).toBe(expected);
      }),
    );
  });

  it.each<[string, Rule[], string, boolean]>([
    ['a name anywhere', [exclude('node_modules')], 'x/node_modules/y.js', false],
    ['a glob anywhere', [exclude('*.tmp')], 'x/y.tmp', false],
    ['dotfiles too', [exclude('*')], '.env', false],
    ['a path from the top', [exclude('/build')], 'x/build', true],
    ['a path from the top, hit', [exclude('/build')], 'build/x', false],
    ['any depth in the middle', [exclude('a/**/z')], 'a/b/c/z', false],
    ['a folder only', [exclude('log/')], 'log', true],
    ['a folder only, hit', [exclude('log/')], 'log/today', false],
    ['includes alone leave the rest out', [include('*.jpg')], 'x/y.png', false],
    ['includes alone', [include('*.jpg')], 'x/y.jpg', true],
    ['an included folder with all in it', [include('src/')], 'src/a/b', true],
    [
      'an exception in an excluded folder',
      [exclude('dist'), include('dist/keep.txt')],
      'dist/keep.txt',
      true,
    ],
    ['… and its neighbour', [exclude('dist'), include('dist/keep.txt')], 'dist/other.txt', false],
    ['the last wins', [include('*.txt'), exclude('secret.txt')], 'secret.txt', false],
    ['braces', [exclude('*.{o,a}')], 'lib.a', false],
    ['a quoted star', [exclude('\\*')], 'x', true],
    ['a leading ! is a character', [exclude('!x')], '!x', false],
    ['a newline in a name', [exclude('*.tmp')], 'a\nb.tmp', false],
  ])('%s', (_name, rules, path, taken) => expect(verdict(rules, path)).toBe(taken));

  it('enters a folder that only a later include reaches into, and makes it only then', () => {
    const matcher = new Matcher([exclude('dist'), include('*.map')]);
    expect(matcher.folder('dist', matcher.top).verdict).toBe('enter');
    expect(new Matcher([exclude('dist')]).folder('dist', matcher.top).verdict).toBe('leave');
    expect(new Matcher([include('*.map')]).folder('src', matcher.top).verdict).toBe('enter');
  });
});
