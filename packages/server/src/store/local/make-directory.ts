import { mkdir } from 'node:fs/promises';
import { type Effect, FilexError, type Outcome } from '@filex/protocol';
import { type DirectorySync, errnoOf, fileError, setModificationTime } from '@filex/protocol/node';
import type { MakeDirectoryOptions } from '../store.js';
import { type Confinement, type Folder, pathIn } from './folder.js';
import type { StorePath } from './store-path.js';

/** Before the umask: whatever that is, neither group nor others may write. */
const FOLDER_MODE = 0o755;

/**
 * Makes a folder durably; one that is there already is as good.
 *
 * @param beforeEach rejects when no further folder may be made.
 */
export async function makeDirectory(
  confinement: Confinement,
  directorySync: DirectorySync,
  { segments, label }: StorePath,
  { parents, mtime }: MakeDirectoryOptions,
  beforeEach: () => Promise<void>,
): Promise<Outcome> {
  const attempt = { action: 'make the folder', path: label } as const;
  let folder = await confinement.enter({ segments: [], label, action: attempt.action, missing: 'NOT_FOUND' });
  let outcome: Outcome = 'identical';
  let effect: Effect = 'none';
  try {
    for (const [index, segment] of segments.entries()) {
      const isLast = index === segments.length - 1;
      const { next, made } = await enterOrMake(confinement, folder, segment, {
        make: isLast || parents ? beforeEach : undefined,
        onMade: () => {
          effect = 'applied';
        },
        isLast,
        label,
      });
      outcome = made ? 'created' : 'identical';
      const above = folder;
      folder = next;
      try {
        if (made) await directorySync.sync(above);
      } finally {
        await above.close();
      }
    }
    if (mtime !== undefined) await setModificationTime(folder.path, mtime);
  } catch (error) {
    await folder.close().catch(untold);
    throw withEffect(fileError(error, { ...attempt, codes: { ENOENT: 'PARENT_NOT_FOUND' } }), effect);
  }
  await folder.close().catch((error: unknown) => {
    throw fileError(error, { ...attempt, effect });
  });
  return outcome;
}

interface Step {
  /** Before it is made; undefined when it must be there. */
  readonly make: (() => Promise<void>) | undefined;
  /** Told as soon as it is there. */
  readonly onMade: () => void;
  readonly isLast: boolean;
  readonly label: string;
}

async function enterOrMake(
  confinement: Confinement,
  folder: Folder,
  name: string,
  { make, onMade, isLast, label }: Step,
): Promise<{ next: Folder; made: boolean }> {
  try {
    return { next: await confinement.child(folder, name), made: false };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOTDIR' || errno === 'ELOOP') {
      const [code, why] = isLast
        ? (['ALREADY_EXISTS', 'something that is no folder has that name'] as const)
        : (['NOT_A_DIRECTORY', `${JSON.stringify(name)} is no folder`] as const);
      throw new FilexError(code, `cannot make the folder ${JSON.stringify(label)}: ${why}`, { path: label });
    }
    if (errno !== 'ENOENT' || make === undefined) throw error;
  }
  await make();
  let made = true;
  try {
    await mkdir(pathIn(folder, name), FOLDER_MODE);
    onMade();
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    made = false; // somebody was faster
  }
  return { next: await confinement.child(folder, name), made };
}

/** Some of the folders may have been made before the failure. */
function withEffect(error: FilexError, effect: Effect): FilexError {
  if (effect === 'none' || error.effect !== 'none') return error;
  const { code, message, path, retry, cause } = error;
  return new FilexError(code, message, { path, retry, cause, effect });
}

/** Why it failed before is what matters. */
function untold(): void {}
