import { BLOCK_SIZE, type ConflictPolicy, conflictPolicies, FilexError } from '@filex/protocol';
import type { Store } from '../../store.js';
import { type Random, seededRandom } from './random.js';
import { attemptUpload, type UploadTask } from './upload-task.js';

/** Something that a client wants done, and how it can be seen. */
export type Task =
  | ({ readonly do: 'upload' } & UploadTask)
  | { readonly do: 'make folder'; readonly path: string }
  | { readonly do: 'rename'; readonly path: string; readonly target: string }
  | { readonly do: 'remove'; readonly path: string };

/** What became of a task, as far as its client knows: `path` is where an upload went. */
export type Word =
  | { readonly task: number; readonly word: 'begun' }
  | { readonly task: number; readonly word: 'done'; readonly path: string }
  | { readonly task: number; readonly word: 'refused'; readonly code: string };

/** Chains of tasks: those of one chain one after the other, the chains at once. */
export type Workload = readonly (readonly Task[])[];

/** Every task of a workload; its place is its number. */
export function tasksOf(workload: Workload): readonly Task[] {
  return workload.flat();
}

/** Does all of it, and says when each begins and what became of it. */
export async function perform(store: Store, workload: Workload, say: (word: Word) => void): Promise<void> {
  let first = 0;
  const chains = workload.map((chain) => {
    const start = first;
    first += chain.length;
    return { chain, start };
  });
  await Promise.all(
    chains.map(async ({ chain, start }) => {
      for (const [i, task] of chain.entries()) {
        const number = start + i;
        say({ task: number, word: 'begun' });
        try {
          say({ task: number, word: 'done', path: await performTask(store, task) });
        } catch (error) {
          if (!(error instanceof FilexError)) throw error;
          say({ task: number, word: 'refused', code: error.code });
        }
      }
    }),
  );
}

async function performTask(store: Store, task: Task): Promise<string> {
  switch (task.do) {
    case 'upload':
      return (await attemptUpload(store, task)).path;
    case 'make folder':
      await store.makeDirectory(task.path, { parents: true, mtime: undefined });
      return task.path;
    case 'rename':
      await store.rename(task.path, task.target, { ifExists: 'fail' });
      return task.target;
    case 'remove':
      await store.remove(task.path, { recursive: false });
      return task.path;
  }
}

/** A little of everything, by a seed. */
export function mixedWorkload(seed: number): Workload {
  const next = seededRandom(seed);
  const make = uploads(next);
  const small = (): number => [0, 1, 511, 700, 5000][next(5)] as number;
  const policies: ConflictPolicy[] = ['fail', 'skip', 'rename', 'overwrite', 'newer'];
  const folder = { do: 'make folder', path: 'folder/inner' } as const;
  return [
    // Every policy, alone and about one name.
    ...policies.map((ifExists) => [make(`alone-${ifExists}`, small(), { ifExists })]),
    ...policies.map((ifExists, i) => [make('one-name', 600 + i, { ifExists, mtime: 1_000_000 * (i + 1) })]),
    // One after the other.
    [
      make('twice', 900),
      make('twice', 901, { ifExists: 'overwrite' }),
      make('twice', 902, { ifExists: 'overwrite' }),
    ],
    [make('same', 300), make('same', 300, { ifExists: 'rename' }), make('same', 300, { ifExists: 'rename' })],
    // In folders that are new.
    [folder, make('folder/inner/a', small()), make('folder/b', small(), { ifExists: 'overwrite' })],
    // Moved and removed.
    [make('moved', 1000), { do: 'rename', path: 'moved', target: 'moved-away' }],
    [make('removed', 1000), { do: 'remove', path: 'removed' }],
    // Cut, and gone on with.
    [make('cut', 2 * BLOCK_SIZE + 99, { piece: 500_000, syncEvery: 1, cutAfter: BLOCK_SIZE + 200_000 })],
    [make('cut-early', BLOCK_SIZE + 99, { piece: 500_000, cutAfter: 500_000 })],
    // Large, with points up to which it is safe.
    [make('large', 2 * BLOCK_SIZE + 12_345, { piece: 300_000, syncEvery: 2 })],
    [
      make('large-over', BLOCK_SIZE + 7),
      make('large-over', BLOCK_SIZE + 8, { ifExists: 'overwrite', syncEvery: 3 }),
    ],
  ];
}

/** Few changes, for all combinations of what may survive of them: one upload, and what comes after it. */
export const shortWorkloads = {
  ...(Object.fromEntries(conflictPolicies.map((ifExists) => [ifExists, again(ifExists)])) as Record<
    ConflictPolicy,
    Workload
  >),
  'in one piece': [
    [
      uploads(seededRandom(6))('a', 600, { whole: true }),
      uploads(seededRandom(7))('a', 900, { whole: true, ifExists: 'overwrite' }),
    ],
    [uploads(seededRandom(8))('b', 700, { whole: true, ifExists: 'rename' })],
  ],
  'moved away': [[uploads(seededRandom(1))('a', 600), { do: 'rename', path: 'a', target: 'b' }]],
  'moved into a folder': [
    [
      uploads(seededRandom(2))('a', 600),
      { do: 'make folder', path: 'folder' },
      { do: 'rename', path: 'a', target: 'folder/b' },
    ],
  ],
  removed: [[uploads(seededRandom(3))('a', 600), { do: 'remove', path: 'a' }]],
  'cut and gone on with': [
    [
      uploads(seededRandom(5))('a', BLOCK_SIZE + 600, {
        piece: BLOCK_SIZE,
        syncEvery: 1,
        cutAfter: BLOCK_SIZE,
        ifExists: 'overwrite',
      }),
    ],
  ],
  'put into a new folder': [[{ do: 'make folder', path: 'a/b' }, uploads(seededRandom(4))('a/b/c', 600)]],
} as const satisfies Record<string, Workload>;

function again(ifExists: ConflictPolicy): Workload {
  const make = uploads(seededRandom(ifExists.length));
  const first = make('a', 600, { mtime: 1_000_000 });
  const second = make('a', 1300, { ifExists, mtime: 2_000_000, piece: 700 });
  return [[first, second]];
}

type Settings = Partial<
  Pick<UploadTask, 'ifExists' | 'mtime' | 'piece' | 'syncEvery' | 'cutAfter' | 'whole'>
>;

function uploads(next: Random): (path: string, size: number, settings?: Settings) => Task {
  const id = (): string => Array.from({ length: 32 }, () => next(16).toString(16)).join('');
  return (path, size, settings = {}) => ({
    do: 'upload',
    path,
    content: Uint8Array.from({ length: size }, () => 1 + next(255)),
    ifExists: 'fail',
    mtime: undefined,
    operationId: id(),
    piece: 64 * 1024,
    syncEvery: 0,
    cutAfter: 0,
    whole: size < BLOCK_SIZE && next(2) === 1,
    ...settings,
  });
}
