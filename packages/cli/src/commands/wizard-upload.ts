import { statSync } from 'node:fs';
import {
  type ConflictPolicy,
  FilexError,
  type FilexUrl,
  formatUrl,
  pathFault,
  visibleText,
} from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import { parseTarget } from '../address.js';
import type { Context } from '../context.js';
import { lookAtSources } from '../transfer/upload-plan.js';
import { count } from '../ui/amounts.js';
import { expandHome, localSuggestions } from '../ui/wizard/local-suggestions.js';
import type { Prompter } from '../ui/wizard/prompter.js';
import { remoteEntries } from '../ui/wizard/remote-entries.js';
import { putSources } from './put.js';
import { optionsFor, transferAsking, wizardFlags } from './wizard-transfer.js';

/** Asks what to upload and where to, and does it. */
export async function wizardUpload(
  context: Context,
  ask: Prompter,
  session: Session,
  url: FilexUrl,
): Promise<number> {
  const words = await chooseLocals(context, ask);
  const named = lookAtSources(words, true);
  const folder = await chooseRemoteFolder(context, ask, session);
  const made = await makeMissing(context, session, folder);
  const address = formatUrl({ ...url, path: folder, trailingSlash: folder !== '' });
  const recursive = named.sources.some((source) => source.kind === 'folder');
  const line = (policy: ConflictPolicy): string[] => [
    'put',
    ...optionsFor(recursive, policy),
    ...words.map(argument),
    address,
  ];
  const command = (policy: ConflictPolicy): string => {
    const put = context.quote(line(policy));
    return made ? `${context.quote(['mkdir', '-p', address])} && ${put}` : put;
  };
  return transferAsking(
    ask,
    (policy) => {
      const again = { words: line(policy), command: command(policy) };
      return putSources(context, session, named, parseTarget(address), wizardFlags(policy), again);
    },
    command,
  );
}

async function chooseLocals(context: Context, ask: Prompter): Promise<string[]> {
  const chosen: string[] = [];
  for (;;) {
    const first = chosen.length === 0;
    const answer = await ask.text({
      message: first
        ? 'What do you want to upload?'
        : `Anything else? (${count(chosen.length, 'item')} so far)`,
      placeholder: first ? 'a file or folder' : 'nothing more: just Enter',
      emptyMeans: first ? undefined : 'nothing more',
      suggestions: (typed) =>
        localSuggestions(typed, false, context.io.platform).filter(
          ({ value }) => !chosen.includes(tidy(value)),
        ),
      fault: (typed) => (typed === '' && !first ? undefined : localFault(typed)),
    });
    if (answer === '') return chosen;
    const path = tidy(answer);
    if (!chosen.includes(path)) chosen.push(path);
  }
}

/** As the command line will have it: home spelled out, no slash at the end. */
function tidy(typed: string): string {
  return expandHome(typed).replace(/(?<=[^\\/])[\\/]+$/, '');
}

function localFault(typed: string): string | undefined {
  if (typed === '') return 'Type the path of a file or folder.';
  const stat = statSync(expandHome(typed), { throwIfNoEntry: false });
  if (stat === undefined) return `There is no ${typed} here.`;
  return stat.isFile() || stat.isDirectory() ? undefined : `${typed} is neither a file nor a folder.`;
}

async function chooseRemoteFolder(context: Context, ask: Prompter, session: Session): Promise<string> {
  const folders = await foldersOf(context, ask, session);
  const answer = await ask.text({
    message: 'Into which folder of the server?',
    placeholder: 'the top folder: just Enter; a new name makes a new folder',
    emptyMeans: 'the top folder',
    suggestions: (typed) =>
      folders
        .filter((folder) => folder.startsWith(plain(typed)))
        .slice(0, 200)
        .map((folder) => ({ value: folder, label: visibleText(folder) })),
    fault: (typed) => {
      const fault = pathFault(plain(typed).replace(/\/+$/, ''));
      return fault === undefined ? undefined : `That cannot be a folder: ${fault}.`;
    },
  });
  return plain(answer).replace(/\/+$/, '');
}

async function foldersOf(context: Context, ask: Prompter, session: Session): Promise<string[]> {
  try {
    const { entries } = await remoteEntries(context, ask, session, '');
    return entries.filter(({ kind }) => kind === 'directory').map(({ path }) => `${path}/`);
  } catch (error) {
    // A letter box takes files, but nobody may look into it.
    if (FilexError.from(error).code !== 'PERMISSION_DENIED') throw error;
    return [];
  }
}

/** Without the slash that many put before a path on a server. */
function plain(typed: string): string {
  return typed.replace(/^\/+/, '');
}

/** Makes the folder if it is not there; whether it did. */
async function makeMissing(context: Context, session: Session, folder: string): Promise<boolean> {
  if (folder === '') return false;
  try {
    await session.stat(folder, { signal: context.signal });
    return false;
  } catch (error) {
    const { code } = FilexError.from(error);
    if (code !== 'NOT_FOUND' && code !== 'PARENT_NOT_FOUND' && code !== 'PERMISSION_DENIED') throw error;
    await session.makeDirectory(folder, { parents: true, signal: context.signal });
    return true;
  }
}

/** A path that cannot be taken for an option. */
function argument(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}
