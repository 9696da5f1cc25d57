// First, so that it is in place before anything keeps a function of node:fs.
import '../testing/faults/install.js';

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCK_SIZE, type Code, conflictPolicies, FilexError } from '@filex/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { openWithin } from '../../testing/temporary-folder.js';
import type { Store } from '../store.js';
import { FaultInjector } from '../testing/faults/fault-injector.js';
import type { Errno, Kind } from '../testing/faults/file-call.js';
import { observe } from '../testing/faults/patch.js';
import { scratchFolder } from '../testing/faults/power-loss.js';
import { attemptUpload, keyOf, type UploadTask } from '../testing/faults/upload-task.js';
import { download, list, upload } from '../testing/transfer.js';
import { LocalStore } from './local-store.js';
import { uploadName } from './uploads/upload-record.js';

// In memory, where flushing costs nothing.
const top = scratchFolder();
afterAll(() => rmSync(top, { recursive: true, force: true }));

/** What each may be told as. */
const codes: Readonly<Record<Errno, Code>> = {
  ENOSPC: 'NO_SPACE',
  EIO: 'IO_ERROR',
  EMFILE: 'BUSY',
  EROFS: 'PERMISSION_DENIED',
  EACCES: 'PERMISSION_DENIED',
};
const errnos = Object.keys(codes) as Errno[];

/** Each call fails with each error; otherwise, so that it does not take minutes, each with one of them, in turns. */
const isLong = process.env['FILEX_ALL_FAULTS'] !== undefined;

const old = { name: 'old', content: 'o'.repeat(700) };

/** Everything that users see, with its content. */
async function look(store: Store): Promise<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const { path, kind } of await list(store))
    entries.push([path, kind === 'file' ? await download(store, path) : kind]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One request, and what a store looks like when it was done, from one with `old` and a folder `folder` with a file `inner`. */
interface Scenario {
  readonly name: string;
  /** Makes a request; the same one each time that it is called. */
  readonly make: () => (store: Store) => Promise<unknown>;
  readonly after: (before: Record<string, string>) => Record<string, string>;
  /** What a request that is made again may be refused with though it was done before. */
  readonly again?: readonly Code[];
  /** Steps that may be seen between before and after. */
  readonly between?: (before: Record<string, string>) => Record<string, string>[];
}

let operations = 0;
function task(path: string, content: string, settings: Partial<UploadTask> = {}): UploadTask {
  operations += 1;
  return {
    path,
    content: Buffer.from(content),
    ifExists: 'fail',
    mtime: 2_000_000_000_000_000,
    operationId: operations.toString(16).padStart(32, '0'),
    piece: 400_000,
    syncEvery: 0,
    cutAfter: 0,
    whole: false,
    ...settings,
  };
}

const uploading =
  (one: UploadTask) =>
  (store: Store): Promise<unknown> =>
    attemptUpload(store, one);

const without = (tree: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => path !== name));

const scenarios: Scenario[] = [
  ...conflictPolicies.map((ifExists): Scenario => {
    const content = 'n'.repeat(900);
    return {
      name: `upload of a new file, ${ifExists}`,
      make: () => uploading(task('new', content, { ifExists })),
      after: (before) => ({ ...before, new: content }),
      again: ['ALREADY_EXISTS'], // it was told that the file may be there: it is not replaced by itself
    };
  }),
  ...(['fail', 'rename'] as const).map((ifExists): Scenario => {
    const content = 'w'.repeat(900);
    return {
      name: `upload of a new file in one piece, ${ifExists}`,
      make: () => uploading(task('new', content, { ifExists, whole: true })),
      after: (before) => ({ ...before, new: content }),
      again: ['ALREADY_EXISTS'],
    };
  }),
  ...(['overwrite', 'newer'] as const).map((ifExists): Scenario => {
    const content = 'r'.repeat(800);
    return {
      name: `upload that replaces, ${ifExists}`,
      make: () => uploading(task(old.name, content, { ifExists })),
      after: (before) => ({ ...before, [old.name]: content }),
      again: ['ALREADY_EXISTS'], // it is not newer than itself
    };
  }),
  {
    name: 'upload beside, rename',
    make: () => uploading(task(old.name, 'other', { ifExists: 'rename' })),
    after: (before) => ({ ...before, [`${old.name} (1)`]: 'other' }),
  },
  {
    name: 'upload of the same content, fail',
    make: () => uploading(task(old.name, old.content)),
    after: (before) => before,
  },
  {
    name: 'upload of two blocks with points up to which it is safe',
    make: () => uploading(task('large', 'l'.repeat(BLOCK_SIZE + 500_000), { syncEvery: 2 })),
    after: (before) => ({ ...before, large: 'l'.repeat(BLOCK_SIZE + 500_000) }),
  },
  {
    name: 'upload that is cut after a block and gone on with',
    make: () =>
      uploading(
        task('cut', 'c'.repeat(BLOCK_SIZE + 500), { syncEvery: 1, piece: BLOCK_SIZE, cutAfter: BLOCK_SIZE }),
      ),
    after: (before) => ({ ...before, cut: 'c'.repeat(BLOCK_SIZE + 500) }),
  },
  {
    name: 'making folders',
    make: () => (store) => store.makeDirectory('x/y', { parents: true, mtime: 1_000_000 }),
    after: (before) => ({ ...before, x: 'directory', 'x/y': 'directory' }),
    between: (before) => [{ ...before, x: 'directory' }],
  },
  {
    name: 'rename of a file',
    make: () => (store) => store.rename(old.name, 'folder/moved', { ifExists: 'fail' }),
    after: (before) => ({ ...without(before, old.name), 'folder/moved': old.content }),
    between: (before) => [{ ...before, 'folder/moved': old.content }],
    again: ['NOT_FOUND', 'ALREADY_EXISTS'],
  },
  {
    name: 'rename over a file',
    make: () => (store) => store.rename(old.name, 'folder/inner', { ifExists: 'overwrite' }),
    after: (before) => ({ ...without(before, old.name), 'folder/inner': old.content }),
    again: ['NOT_FOUND'],
  },
  {
    name: 'rename of a folder',
    make: () => (store) => store.rename('folder', 'moved', { ifExists: 'fail' }),
    after: (before) => ({
      [old.name]: old.content,
      moved: 'directory',
      'moved/inner': before['folder/inner'] as string,
    }),
    between: (before) => [{ ...before, moved: 'directory' }],
    again: ['NOT_FOUND', 'IS_A_DIRECTORY'],
  },
  {
    name: 'removal of a file',
    make: () => (store) => store.remove(old.name, { recursive: false }),
    after: (before) => without(before, old.name),
    again: ['NOT_FOUND'],
  },
  {
    name: 'removal of a folder with what is in it',
    make: () => (store) => store.remove('folder', { recursive: true }),
    after: ({ [old.name]: content }) => ({ [old.name]: content as string }),
    between: (before) => [without(before, 'folder/inner')],
    again: ['NOT_FOUND'],
  },
];

let count = 0;

async function prepared(): Promise<{ root: string; store: LocalStore; before: Record<string, string> }> {
  count += 1;
  const root = join(top, String(count));
  mkdirSync(root);
  const store = await LocalStore.open(root);
  await upload(store, old.name, old.content, { mtime: 1_000_000 });
  await store.makeDirectory('folder', { parents: false, mtime: undefined });
  await upload(store, 'folder/inner', 'inner', { mtime: 1_000_000 });
  return { root, store, before: await look(store) };
}

/** What is open; not the journal, which is written anew after a failure while nobody waits for that. */
function openFiles(root: string): string[] {
  return openWithin(root)
    .filter((path) => !/\/journal(?:\.new)?(?: \(deleted\))?$/.test(path))
    .sort();
}

/** Everything that is left in the staging area. */
function staged(root: string): string[] {
  return readdirSync(join(root, '.filex/staging'), { recursive: true, encoding: 'utf8' });
}

async function countCalls({ make }: Scenario): Promise<string[]> {
  const { root, store } = await prepared();
  const injector = new FaultInjector(root, { nth: 0, errno: 'EIO' });
  await make()(store);
  injector.end();
  await store.close();
  rmSync(root, { recursive: true });
  return injector.calls;
}

/** What is wrong after the n-th call of a request has failed; nothing when all is well. */
async function tryWith(scenario: Scenario, errno: Errno, nth: number, short: boolean): Promise<string[]> {
  const { make, after, between = () => [], again = [] } = scenario;
  const request = make();
  const { root, store, before } = await prepared();
  const open = openFiles(root);
  const injector = new FaultInjector(root, { nth, errno, short });
  const wrong: string[] = [];
  const outcome = await request(store).catch((error: unknown) => error);
  injector.end();
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(sorted(b));
  const seen = await look(store);
  const done = same(seen, after(before));
  const failed = outcome instanceof Error;
  if (failed) {
    if (!(outcome instanceof FilexError)) wrong.push(`it failed with ${String(outcome)}`);
    else {
      const fits = outcome.code === codes[errno] || (errno === 'EACCES' && outcome.code === 'ALREADY_EXISTS');
      if (!fits) wrong.push(`it failed with ${outcome.code}: ${outcome.message}`);
      if (outcome.effect === 'none' && !same(seen, before))
        wrong.push('it says that nothing was changed, and something was');
    }
    const possible = [before, after(before), ...between(before)];
    if (!possible.some((tree) => same(seen, tree))) wrong.push(`there is now ${shown(seen)}`);
  } else if (!done) wrong.push(`it was done, and there is ${shown(seen)}`);
  if (openFiles(root).join() !== open.join()) wrong.push('a file was left open');
  // Without faults it goes on as if nothing had been.
  await request(store).catch((error: unknown) => {
    const fits = error instanceof FilexError && again.includes(error.code) && !same(seen, before);
    if (!fits) wrong.push(`done again, it failed with ${String(error)}`);
  });
  await upload(store, 'another', 'another');
  if ((await download(store, 'another')) !== 'another') wrong.push('the store does not work any more');
  await store.close();
  if (openWithin(root).length > 0) wrong.push('a file was left open after the end');
  const reopened = await LocalStore.open(root, { uploads: { resumeTimeout: 0 } });
  await reopened.close();
  for (const name of staged(root)) wrong.push(`${name} is left behind`);
  rmSync(root, { recursive: true });
  return wrong.map((text) => `${errno} at ${nth}, ${injector.failed}: ${text}`);
}

function sorted(tree: unknown): unknown {
  return Object.fromEntries(Object.entries(tree as object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function shown(tree: Record<string, string>): string {
  return Object.entries(tree)
    .map(([path, content]) => `${path}: ${content.slice(0, 10)} ${content.length}`)
    .join(', ');
}

describe.runIf(process.platform === 'linux')('a LocalStore of which a call fails', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
    const calls = await countCalls(scenario);
    expect(calls.length).toBeGreaterThan(2);
    const found: string[] = [];
    for (const [turn, errno] of errnos.entries()) {
      for (const [index, call] of calls.entries()) {
        if (!isLong && index % errnos.length !== turn) continue;
        const short = call.startsWith('write ') && errno === 'ENOSPC';
        found.push(...(await tryWith(scenario, errno, index + 1, short)));
      }
    }
    expect(found).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('small files that are stored together', () => {
  it.each(['write', 'futimes'] as const)(
    'are stored although of one of them neither %s nor its removal works',
    async (kind) => {
      const { root, store, before } = await prepared();
      const open = openFiles(root);
      const tasks = ['first', 'second', 'third'].map((name) => task(name, name.repeat(50), { whole: true }));
      const stuck = uploadName(keyOf(tasks[1] as UploadTask));
      const failed: Kind[] = [];
      const end = observe({
        folder: root,
        before: (call) => {
          const isDue = call.kind === kind || (call.kind === 'unlink' && failed.length > 0);
          if (!isDue || !call.path.endsWith(stuck)) return undefined;
          failed.push(call.kind);
          return { errno: 'EIO' };
        },
        after: () => undefined,
      });
      const outcomes = await Promise.allSettled(tasks.map((each) => attemptUpload(store, each)));
      end();
      expect(failed.slice(0, 2)).toEqual([kind, 'unlink']);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(outcomes[1]).toMatchObject({ reason: { code: 'IO_ERROR', effect: 'none' } });
      const [first, , third] = tasks.map(({ content }) => Buffer.from(content).toString());
      expect(await look(store)).toEqual({ ...before, first, third });
      expect(openFiles(root)).toEqual(open);
      // Once the disk works again, so does what could not be stored.
      expect(await attemptUpload(store, tasks[1] as UploadTask)).toMatchObject({ outcome: 'created' });
      await store.close();
      const reopened = await LocalStore.open(root, { uploads: { resumeTimeout: 0 } });
      await reopened.close();
      expect(staged(root)).toEqual([]);
      rmSync(root, { recursive: true });
    },
  );
});
