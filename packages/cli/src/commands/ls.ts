import { type Entry, FilexError, visibleText } from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import { parseTargets, type Target } from '../address.js';
import { bounds } from '../bounds.js';
import type { Context } from '../context.js';
import { baseOf, joinRemote } from '../transfer/remote-path.js';
import { entryEvent, longLine, nameOf } from '../ui/entries.js';

export interface LsFlags {
  readonly long?: boolean | undefined;
  readonly recursive?: boolean | undefined;
}

/** `ls URL…` */
export async function ls(context: Context, urls: readonly string[], flags: LsFlags): Promise<number> {
  const targets = parseTargets(urls);
  const session = await context.open((targets[0] as Target).url, 'names');
  let count = 0;
  for (const [index, target] of targets.entries()) {
    if (targets.length > 1 && !context.settings.json) {
      await context.line(`${index === 0 ? '' : '\n'}${visibleText(target.path === '' ? '/' : target.path)}:`);
    }
    for await (const { entry, path } of listed(context, session, target.path, flags.recursive === true)) {
      count += 1;
      if (context.settings.json) await context.event(entryEvent({ ...entry, path }));
      else await context.line(flags.long === true ? longLine(entry) : nameOf(entry));
    }
  }
  if (context.settings.json) await context.event({ event: 'summary', exit: 0, entries: count });
  return 0;
}

interface Listed {
  readonly entry: Entry;
  /** From the root of the server. */
  readonly path: string;
}

/** What is in a folder, sorted by name as far as that can be done; a file lists itself. */
async function* listed(
  context: Context,
  session: Session,
  path: string,
  recursive: boolean,
): AsyncGenerator<Listed, void, undefined> {
  let waiting: Listed[] | undefined = recursive ? undefined : [];
  let characters = 0;
  try {
    for await (const entry of session.list(path, { recursive, signal: context.signal })) {
      const one = { entry, path: joinRemote(path, entry.path) };
      if (waiting === undefined) yield one;
      else waiting.push(one);
      if (waiting === undefined) continue;
      characters += entry.path.length;
      if (waiting.length < bounds.sortedEntries && characters < bounds.sortedCharacters) continue;
      yield* waiting;
      waiting = undefined;
    }
  } catch (error) {
    if (FilexError.from(error).code !== 'NOT_A_DIRECTORY') throw error;
    const entry = await session.stat(path, { signal: context.signal });
    if (entry.kind === 'directory') throw error;
    yield { entry: { ...entry, path: baseOf(path) }, path };
  }
  if (waiting !== undefined) yield* waiting.sort((a, b) => order(a.entry.path, b.entry.path));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
