import type { Outcome } from '@filex/protocol';
import type { MakeDirectoryOptions, Store } from '../store/store.js';
import type { Rules } from './permissions.js';

/**
 * Makes a folder for somebody who may create it. Missing parents are made only where that is allowed, too, and the time of
 * a folder that was there is set only by those who may change it.
 */
export async function makePermittedDirectory(
  store: Store,
  rules: Rules,
  path: string,
  { parents, mtime }: MakeDirectoryOptions,
): Promise<Outcome> {
  const names = path === '' ? [] : path.split('/');
  const mayChange = rules.at(path).has('overwrite');
  const make = async (at: string, all: boolean): Promise<Outcome> => {
    const options = { parents: all, mtime: mayChange && at === path ? mtime : undefined };
    return store.makeDirectory(at, options);
  };
  const prefixes = names.slice(0, -1).map((_, i) => names.slice(0, i + 1).join('/'));
  const given = prefixes.findLastIndex((prefix) => !rules.at(prefix).has('create'));
  if (parents && given >= 0) {
    // Those up to the last that this user may not create must be there.
    for (const prefix of prefixes.slice(given + 1)) await make(prefix, false);
  }
  const outcome = await make(path, parents && given < 0);
  if (outcome === 'created' && mtime !== undefined && !mayChange)
    await store.makeDirectory(path, { parents: false, mtime });
  return outcome;
}
