import type { Entry } from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import type { Context } from '../../context.js';
import { joinRemote } from '../../transfer/remote-path.js';
import type { Prompter } from './prompter.js';

export interface RemoteEntries {
  /** Files and folders, sorted by path, which is from the root. */
  readonly entries: readonly Entry[];
  /** There is more than can be offered: these are only what is at the top. */
  readonly shallow: boolean;
}

/** What is in a folder of the server, as far as it can be offered: everything below, or else what is at the top of it. */
export async function remoteEntries(
  context: Context,
  ask: Prompter,
  session: Session,
  base: string,
): Promise<RemoteEntries> {
  const done = ask.busy('Looking at what is there …');
  try {
    const all = await collect(context, session, base, true);
    if (all.length <= bounds.wizardEntries) return { entries: all, shallow: false };
    const top = await collect(context, session, base, false);
    return { entries: top.slice(0, bounds.wizardEntries), shallow: true };
  } finally {
    done();
  }
}

/** Stops after one more than can be offered. */
async function collect(
  context: Context,
  session: Session,
  base: string,
  recursive: boolean,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of session.list(base, { recursive, signal: context.signal })) {
    if (entry.kind !== 'file' && entry.kind !== 'directory') continue;
    entries.push({ ...entry, path: joinRemote(base, entry.path) });
    if (entries.length > bounds.wizardEntries) break;
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}
