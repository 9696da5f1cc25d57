import { type Entry, FilexError } from '@filex/protocol';
import type { Store } from '../store/store.js';
import type { Rules } from './permissions.js';

/**
 * What is in a folder, without what must not be seen. Folders that must not be seen are not entered, so that neither time
 * nor errors tell of them.
 */
export async function* listVisible(
  store: Store,
  rules: Rules,
  top: string,
  recursive: boolean,
): AsyncGenerator<Entry> {
  if (rules.areUniform(top)) {
    yield* store.list(top, { recursive });
    return;
  }
  const pending = [''];
  let failure: FilexError | undefined;
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    try {
      for await (const entry of store.list(join(top, below), { recursive: false })) {
        const path = join(below, entry.path);
        if (!rules.at(join(top, path)).has('list')) continue;
        if (recursive && entry.kind === 'directory') pending.push(path);
        yield { ...entry, path };
      }
    } catch (error) {
      const failed = FilexError.from(error);
      if (below === '') throw failed;
      // As the store itself does: what is gone meanwhile is left out, what cannot be read does not hide the others.
      if (failed.code !== 'NOT_FOUND' && failed.code !== 'NOT_A_DIRECTORY') failure ??= failed;
    }
  }
  if (failure !== undefined) throw failure;
}

function join(folder: string, name: string): string {
  if (folder === '') return name;
  return name === '' ? folder : `${folder}/${name}`;
}
