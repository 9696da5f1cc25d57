import { statSync } from 'node:fs';
import { type ConflictPolicy, type Entry, type FilexUrl, formatUrl, visibleText } from '@filex/protocol';
import { makeFolders, type Session } from '@filex/protocol/node';
import { parseTarget } from '../address.js';
import { bounds } from '../bounds.js';
import type { Context } from '../context.js';
import { exits } from '../errors.js';
import { grouped, size } from '../ui/amounts.js';
import { fit, pad, padStart } from '../ui/columns.js';
import { quoteCommand } from '../ui/quote.js';
import { usableColumns } from '../ui/terminal.js';
import { expandHome, localSuggestions } from '../ui/wizard/local-suggestions.js';
import type { Choice, Prompter } from '../ui/wizard/prompter.js';
import { remoteEntries } from '../ui/wizard/remote-entries.js';
import { getTargets } from './get.js';
import { optionsFor, transferAsking, wizardFlags } from './wizard-transfer.js';

/** Asks what to download and where to, and does it. */
export async function wizardDownload(
  context: Context,
  ask: Prompter,
  session: Session,
  url: FilexUrl,
): Promise<number> {
  const { entries, base } = await narrowDown(context, ask, session);
  if (entries.length === 0) {
    ask.warn('There is nothing to download yet.');
    return exits.ok;
  }
  const paths = await choosePaths(context, ask, entries, base);
  const destination = await chooseDestination(context, ask);
  const made = makeFolders(destination);
  const kinds = new Map(entries.map((entry) => [entry.path, entry.kind]));
  const recursive = paths.some((path) => path === base || kinds.get(path) === 'directory');
  const addresses = paths.map((path) => formatUrl({ ...url, path, trailingSlash: false }));
  const words = (policy: ConflictPolicy): string[] => [
    'get',
    ...optionsFor(recursive, policy),
    ...addresses,
    destination,
  ];
  const command = (policy: ConflictPolicy): string => {
    const get = context.quote(words(policy));
    return made ? `${quoteCommand(['mkdir', '-p', destination], context.io.platform)} && ${get}` : get;
  };
  const targets = addresses.map(parseTarget);
  return transferAsking(
    ask,
    (policy) => {
      const again = { words: words(policy), command: command(policy) };
      return getTargets(context, session, targets, destination, wizardFlags(policy), again);
    },
    command,
  );
}

/** Everything, or when that is too much to choose from, what is in a folder that the user names. */
async function narrowDown(
  context: Context,
  ask: Prompter,
  session: Session,
): Promise<{ readonly entries: readonly Entry[]; readonly base: string }> {
  let base = '';
  for (;;) {
    const { entries, shallow } = await remoteEntries(context, ask, session, base);
    const folders = entries.filter(({ kind }) => kind === 'directory').map(({ path }) => path);
    if (!shallow || folders.length === 0) return { entries, base };
    const answer = await ask.text({
      message: `There are more than ${grouped(bounds.wizardEntries)} files and folders. What is in which folder?`,
      placeholder: 'only what is at the top of it: just Enter',
      emptyMeans: base === '' ? 'at the top' : base,
      suggestions: (typed) =>
        folders
          .filter((folder) => folder.startsWith(typed))
          .map((folder) => ({ value: folder, label: visibleText(folder) })),
      fault: (typed) =>
        typed === '' || folders.includes(typed.replace(/\/$/, ''))
          ? undefined
          : `There is no folder ${typed}.`,
    });
    if (answer === '') return { entries, base };
    base = answer.replace(/\/$/, '');
  }
}

async function choosePaths(
  context: Context,
  ask: Prompter,
  entries: readonly Entry[],
  base: string,
): Promise<string[]> {
  const picked = await ask.pick('What do you want to download?', choicesOf(context, entries, base));
  // A folder brings all it has.
  const chosen = new Set(picked);
  return picked.filter((path) => !parents(path).some((parent) => chosen.has(parent)));
}

function choicesOf(context: Context, entries: readonly Entry[], base: string): Choice<string>[] {
  const columns = Math.min(usableColumns(context.io.stderr), 100) - 18;
  const choice = (value: string, name: string, bytes: number): Choice<string> => ({
    value,
    label: `${pad(fit(visibleText(name), columns), columns)} ${padStart(size(bytes), 10)}`,
  });
  const sums = folderSums(entries);
  return [
    choice(base, base === '' ? 'Everything' : `All of ${base}/`, sums.get(base) ?? 0),
    ...entries.map(({ path, kind, size: bytes }) =>
      kind === 'directory' ? choice(path, `${path}/`, sums.get(path) ?? 0) : choice(path, path, bytes),
    ),
  ];
}

/** Bytes below every folder; `''` is the root. */
function folderSums(entries: readonly Entry[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { path, size: bytes } of entries) {
    for (const parent of parents(path)) sums.set(parent, (sums.get(parent) ?? 0) + bytes);
  }
  return sums;
}

/** The folders a path is in, the root first. */
function parents(path: string): string[] {
  if (path === '') return [];
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index).join('/'));
}

async function chooseDestination(context: Context, ask: Prompter): Promise<string> {
  const answer = await ask.text({
    message: 'Into which folder of this machine?',
    placeholder: 'the current one: just Enter',
    suggestions: (typed) => localSuggestions(typed, true, context.io.platform),
    fault: (typed) => {
      const stat = typed === '' ? undefined : statSync(expandHome(typed), { throwIfNoEntry: false });
      return stat === undefined || stat.isDirectory() ? undefined : `${typed} is not a folder.`;
    },
    emptyMeans: 'the current folder',
  });
  const path = expandHome(answer);
  return path === '' ? '.' : path;
}
