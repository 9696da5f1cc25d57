import { symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../bounds.js';
import { plant, temporaryFolder } from '../../testing/temporary-folder.js';
import { expandHome, localSuggestions } from './local-suggestions.js';

describe('localSuggestions', () => {
  const values = (typed: string, foldersOnly = false): string[] =>
    localSuggestions(typed, foldersOnly, 'linux').map((one) => one.value);

  it('offers what begins so, folders with a slash, dotfiles only for a dot', () => {
    const top = temporaryFolder();
    plant(top, { 'photos/x': 'x', 'phone.txt': 'abc', '.hidden': '', other: '' });
    expect(values(`${top}/`)).toEqual([`${top}/other`, `${top}/phone.txt`, `${top}/photos/`]);
    expect(values(`${top}/pho`)).toEqual([`${top}/phone.txt`, `${top}/photos/`]);
    expect(values(`${top}/pho`, true)).toEqual([`${top}/photos/`]);
    expect(values(`${top}/.`)).toEqual([`${top}/.hidden`]);
    expect(values(`${top}/photos/`)).toEqual([`${top}/photos/x`]);
    expect(localSuggestions(`${top}/phone`, false, 'linux')[0]?.hint).toBe('3 B');
  });

  it('offers nothing where nothing is, or where names end', () => {
    const top = temporaryFolder();
    symlinkSync('nowhere', join(top, 'dead'));
    expect(values(`${top}/none/`)).toEqual([]);
    expect(values(`${top}/`)).toEqual([]);
  });

  it('is bounded', () => {
    const top = temporaryFolder();
    plant(
      top,
      Object.fromEntries(Array.from({ length: bounds.wizardCompletions + 9 }, (_, i) => [`f${i}`, ''])),
    );
    expect(values(`${top}/`)).toHaveLength(bounds.wizardCompletions);
  });

  it('shows nothing that a terminal obeys', () => {
    const top = temporaryFolder();
    plant(top, { 'a\x1b[2Jb': '' });
    expect(localSuggestions(`${top}/`, false, 'linux')[0]?.label).toBe(`${top}/a\\x1b[2Jb`);
  });
});

describe('expandHome', () => {
  it.each([
    ['~', homedir()],
    ['~/x', join(homedir(), 'x')],
    ['~other/x', '~other/x'],
    ['a/~', 'a/~'],
  ])('%s', (text, path) => expect(expandHome(text)).toBe(path));
});
