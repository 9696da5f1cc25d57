import { type Dirent, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { visibleText } from '@filex/protocol';
import { bounds } from '../../bounds.js';
import { size } from '../amounts.js';
import type { Suggestion } from './prompter.js';

/** `~` as shells read it, which does not happen to what is typed here. */
export function expandHome(text: string): string {
  return text === '~' || /^~[\\/]/.test(text) ? join(homedir(), text.slice(1)) : text;
}

/** What can be meant by the beginning of a path: names that begin so, folders with a `/` at their end. */
export function localSuggestions(
  typed: string,
  foldersOnly: boolean,
  platform: NodeJS.Platform,
): Suggestion[] {
  const cut = Math.max(typed.lastIndexOf('/'), platform === 'win32' ? typed.lastIndexOf('\\') : -1) + 1;
  const folder = typed.slice(0, cut);
  const beginning = typed.slice(cut);
  const suggestions: Suggestion[] = [];
  for (const entry of entriesOf(expandHome(folder === '' ? '.' : folder))) {
    const { name } = entry;
    // Dotfiles are hidden until the dot is typed, as in a shell.
    if (!name.startsWith(beginning) || (name.startsWith('.') && !beginning.startsWith('.'))) continue;
    const suggestion = suggest(folder, entry);
    if (suggestion !== undefined && (!foldersOnly || suggestion.value.endsWith('/')))
      suggestions.push(suggestion);
    if (suggestions.length === bounds.wizardCompletions) break;
  }
  return suggestions;
}

function entriesOf(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // Not there, not a folder, not readable: nothing can be suggested, and what is typed is checked when it is entered.
    return [];
  }
}

function suggest(folder: string, entry: Dirent): Suggestion | undefined {
  const value = folder + entry.name;
  if (entry.isDirectory()) return { value: `${value}/`, label: visibleText(`${value}/`) };
  if (!entry.isFile() && !entry.isSymbolicLink()) return undefined;
  const stat = statSync(expandHome(value), { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isDirectory()) return { value: `${value}/`, label: visibleText(`${value}/`) };
  return stat.isFile() ? { value, label: visibleText(value), hint: size(stat.size) } : undefined;
}
