import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldName } from './path-names.js';
import { isSighted, permissions, presets, type Rule, Rules } from './permissions.js';
import { anyPath, anyRules, joined } from './testing/arbitraries.js';

/** What a store that takes two names for the same, or not, would say: any of the longest rules may be meant. */
function meant(rules: readonly Rule[], path: string, fold: (name: string) => string): (readonly string[])[] {
  const namesIn = (text: string) => (text === '' ? [] : text.split('/').map(fold));
  const names = namesIn(path);
  const matching = rules.filter((rule) => namesIn(rule.path).every((name, i) => name === names[i]));
  const longest = Math.max(...matching.map((rule) => namesIn(rule.path).length));
  return matching.filter((rule) => namesIn(rule.path).length === longest).map(({ allow }) => allow);
}

const asGiven = (name: string) => name;

describe('Rules', () => {
  it('allow what the longest path says, and nothing where there is none', () => {
    fc.assert(
      fc.property(anyRules, anyPath, (rules, path) => {
        // Without names that could be taken for each other there is no doubt.
        const plain = rules.filter((rule) => rule.path === foldName(rule.path));
        fc.pre(path === foldName(path));
        const [said = []] = meant(plain, path, asGiven);
        const sighted = said.includes('list') || said.includes('read');
        const expected = permissions.filter((p) => said.includes(p) && (sighted || p === 'create'));
        expect([...new Rules(plain).at(path)].sort()).toEqual([...expected].sort());
      }),
    );
  });

  it('never allow more than they would if names in other spellings were others, or were the same', () => {
    fc.assert(
      fc.property(anyRules, anyPath, (rules, path) => {
        const allowed = new Rules(rules).at(path);
        for (const fold of [asGiven, foldName, (name: string) => name.toLowerCase()]) {
          const said = meant(rules, path, fold);
          if (said.length === 0) expect([...allowed]).toEqual([]);
          for (const allow of said) for (const permission of allowed) expect(allow).toContain(permission);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('know what holds everywhere below a path, and what holds anywhere', () => {
    fc.assert(
      fc.property(anyRules, anyPath, anyPath, (given, path, below) => {
        const rules = new Rules(given);
        const there = rules.at(joined(path, below));
        for (const permission of rules.everywhere(path)) expect(there).toContain(permission);
        const anywhere = rules.anywhere(path);
        for (const permission of there) expect(anywhere).toContain(permission);
        if (rules.areUniform(path)) expect([...there].sort()).toEqual([...rules.at(path)].sort());
      }),
      { numRuns: 1000 },
    );
  });

  it('let those who can neither list nor read at most create', () => {
    fc.assert(
      fc.property(anyRules, anyPath, (given, path) => {
        const rules = new Rules(given);
        for (const allowed of [rules.at(path), rules.everywhere(path)])
          if (!isSighted(allowed)) expect(['', 'create']).toContain([...allowed].join());
      }),
    );
  });

  it('mean the whole of a name', () => {
    const rules = new Rules([{ path: 'a', allow: ['read'] }]);
    expect([...rules.at('ab')]).toEqual([]);
    expect([...rules.at('a/b')]).toEqual(['read']);
  });

  it('protect a name in every spelling that some file system takes for it', () => {
    const rules = new Rules([
      { path: '', allow: presets.write },
      { path: 'Secret/Straße', allow: [] },
    ]);
    const spellings = [
      'SECRET/STRASSE',
      'secret/straße',
      'Secret/Strasse',
      'Se\u00adcret/Straße',
      'ſecret/STRAẞE',
    ];
    for (const path of spellings) expect([...rules.at(path)], path).toEqual([]);
    expect(rules.at('Secrets/Straße').size).toBe(5);
  });

  it('take away what any of several spellings does not allow', () => {
    const rules = new Rules([
      { path: '', allow: presets.write },
      { path: 'SS', allow: ['list', 'read', 'create'] },
      { path: 'ß', allow: ['list', 'read', 'delete'] },
    ]);
    expect([...rules.at('ss')].sort()).toEqual(['list', 'read']);
  });

  it('know what is beside a path, where `rename` may put it', () => {
    const rules = new Rules([
      { path: '', allow: presets.write },
      { path: 'x/photo (1).jpg', allow: ['read'] },
      { path: 'y', allow: presets.drop },
    ]);
    expect(rules.beside('x/photo.jpg').has('create')).toBe(false);
    expect(rules.beside('x/photo (1).jpg/z').has('create')).toBe(false);
    expect(rules.beside('photo.jpg').has('create')).toBe(true);
    // Beside the letter box everything can be seen, in it nothing.
    expect(isSighted(rules.beside('y'))).toBe(true);
    expect([...rules.beside('y/z')]).toEqual(['create']);
    expect(rules.depth('y/z')).toBe(1);
    expect(rules.depth('Y/z')).toBe(1);
    expect(rules.depth('z')).toBe(0);
  });
});
