import { FilexError } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Store } from '../store/store.js';
import { accessBounds } from './bounds.js';
import { MeteredStore } from './metered-store.js';
import { type Actor, type Amount, type LimitedRoot, QuotaBook } from './quota.js';
import { MemoryStore } from './testing/memory-store.js';
import type { Quota } from './users-document.js';

const digest = new Uint8Array(32);
const id = '0'.repeat(32);

interface Sent {
  readonly path: string;
  /** In pieces. */
  readonly pieces: readonly number[];
  readonly tellsSize: boolean;
  readonly ifExists: 'fail' | 'rename' | 'overwrite';
}

async function send(store: Store, { path, pieces, tellsSize, ifExists }: Sent): Promise<void> {
  const length = pieces.reduce((sum, piece) => sum + piece, 0);
  const size = tellsSize ? length : undefined;
  const staged = await store.stage({
    path,
    size,
    ifExists,
    operationId: id,
    principal: 'ann',
    arguments: '',
    mtime: 0,
    executable: false,
  });
  let at = 0;
  const writing = pieces.map((piece) => {
    at += piece;
    return staged.write(new Uint8Array(piece), at - piece);
  });
  const failed = (await Promise.allSettled(writing)).find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await staged.abort();
    throw failed.reason;
  }
  await staged.commit({ length, digest, algorithm: 'sha256' });
}

const file = (path: string, size: number): Sent => ({
  path,
  pieces: [size],
  tellsSize: true,
  ifExists: 'fail',
});

function actorOf(root: string, bytes?: number, files?: number): Actor {
  return { root, quota: bytes === undefined && files === undefined ? undefined : { bytes, files } };
}

const limitOf = (...actors: readonly Actor[]): LimitedRoot[] =>
  actors.flatMap(({ root, quota }) => (quota === undefined ? [] : [{ root, quota }]));

function beyond(used: Amount, spare: Quota): Quota {
  const sum = (what: 'bytes' | 'files'): number | undefined =>
    spare[what] === undefined ? undefined : used[what] + spare[what];
  return { bytes: sum('bytes'), files: sum('files') };
}

interface Setting {
  readonly store: MemoryStore;
  readonly book: QuotaBook;
  as(actor: Actor): Store;
  /** Time passes only here. */
  readonly clock: { now: number };
}

function setUp(limited: readonly LimitedRoot[], store = new MemoryStore()): Setting {
  const clock = { now: 0 };
  const book = new QuotaBook(
    store,
    () => limited,
    () => clock.now,
  );
  return { store, book, clock, as: (actor) => new MeteredStore(store, book, actor) };
}

describe('a quota', () => {
  it('is never exceeded, whatever is done at the same time', async () => {
    // In and around the roots; nothing else, so that they meet.
    const inside = fc.constantFrom(
      'ann/a',
      'ann/d/a',
      'ann/d/new',
      'ann/e/a',
      'ann/e',
      'ann/bob/a',
      'ann/bob/d/a',
    );
    const outside = fc.constantFrom('x/a', 'x/d', 'x/d/a', 'x/d/bob', 'x/d/bob/a');
    const at = fc.oneof({ weight: 3, arbitrary: inside }, { weight: 2, arbitrary: outside });
    const operation = fc.oneof(
      fc.record({
        what: fc.constant('upload' as const),
        path: at,
        pieces: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 2 }),
        tellsSize: fc.boolean(),
        ifExists: fc.constantFrom('fail', 'rename', 'overwrite'),
      }),
      fc.record({ what: fc.constant('makeDirectory' as const), path: at, parents: fc.boolean() }),
      fc.record({
        what: fc.constant('rename' as const),
        path: at,
        target: at,
        ifExists: fc.constantFrom('fail', 'overwrite'),
      }),
      fc.record({ what: fc.constant('remove' as const), path: at }),
    );
    // So much more than there is already.
    const spare = fc.record({
      bytes: fc.option(fc.nat(12), { nil: undefined }),
      files: fc.option(fc.nat(3), { nil: undefined }),
    });
    const sizes = fc.array(fc.option(fc.nat(6), { nil: undefined }), { minLength: 8, maxLength: 8 });
    const several = (...who: ('ann' | 'bob' | 'root' | 'other')[]) =>
      fc.array(fc.tuple(fc.constantFrom(...who), operation), { minLength: 2, maxLength: 10 });
    const told = { done: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        spare,
        spare,
        sizes,
        fc.oneof(
          { weight: 3, arbitrary: several('ann', 'root', 'other') },
          { weight: 1, arbitrary: several('ann', 'bob', 'root') },
        ),
        fc.nat(3),
        async (scheduler, annSpare, bobSpare, content, operations, tick) => {
          let check = (): void => {};
          const store = new MemoryStore(
            () => scheduler.schedule(Promise.resolve()),
            () => check(),
          );
          const folders = ['ann', 'ann/d', 'ann/e', 'ann/bob', 'ann/bob/d', 'x', 'x/d', 'x/d/bob'];
          for (const [i, folder] of folders.entries()) {
            store.nodes.set(folder, undefined);
            if (content[i] !== undefined) store.nodes.set(`${folder}/a`, content[i]);
          }
          const actors = {
            ann: { root: 'ann', quota: beyond(store.usage('ann'), annSpare) },
            bob: { root: 'ann/bob', quota: beyond(store.usage('ann/bob'), bobSpare) },
            root: actorOf(''),
            // Shares a root, without a quota: counted, and held by none.
            other: actorOf('x'),
          } as const;
          const limited = limitOf(actors.ann, actors.bob);
          // Inside of ann's root, bob is held by his quota and not by hers, and she by both.
          const held = operations.some(([who]) => who === 'bob') ? limitOf(actors.bob) : limited;
          const initial = held.map(({ root }) => store.usage(root));
          check = () => {
            for (const [
              i,
              {
                root,
                quota: { bytes, files },
              },
            ] of held.entries()) {
              const used = store.usage(root);
              const before = initial[i] as typeof used;
              if (bytes !== undefined)
                expect(used.bytes, `bytes in ${root}`).toBeLessThanOrEqual(Math.max(bytes, before.bytes));
              if (files !== undefined)
                expect(used.files, `files in ${root}`).toBeLessThanOrEqual(Math.max(files, before.files));
            }
          };
          let now = 0;
          const book = new QuotaBook(
            store,
            () => limited,
            () => {
              now += tick;
              return now;
            },
          );
          const perform = async ([who, asked]: (typeof operations)[number]): Promise<unknown> => {
            const actor = actors[who];
            // Nobody gets out of their root.
            const within = (path: string): boolean => actor.root === '' || path.startsWith(`${actor.root}/`);
            if (!within(asked.path) || (asked.what === 'rename' && !within(asked.target))) return undefined;
            const view = new MeteredStore(store, book, actor);
            switch (asked.what) {
              case 'upload':
                return send(view, asked as Sent);
              case 'makeDirectory':
                return view.makeDirectory(asked.path, { parents: asked.parents, mtime: undefined });
              case 'rename':
                return view.rename(asked.path, asked.target, { ifExists: asked.ifExists as 'fail' });
              case 'remove':
                return view.remove(asked.path, { recursive: true });
            }
          };
          const failures: unknown[] = [];
          const all = Promise.all(
            operations.map((asked) =>
              perform(asked).then(
                () => (told.done += 1),
                (error: { code?: string }) => {
                  if (error.code === undefined) failures.push(error);
                  if (error.code === 'NO_SPACE' || error.code === 'TOO_LARGE') told.refused += 1;
                },
              ),
            ),
          );
          await scheduler.waitFor(all);
          expect(failures).toEqual([]);
        },
      ),
      { numRuns: 2500 },
    );
    expect(told.done).toBeGreaterThan(1000);
    expect(told.refused).toBeGreaterThan(300);
  });

  it('is checked against what is there, and again when something was removed', async () => {
    const ann = actorOf('ann', 10);
    const { store, as, clock } = setUp(limitOf(ann));
    store.nodes.set('ann', undefined).set('ann/old', 6).set('other', 100);
    await send(as(ann), file('ann/a', 4));
    await expect(send(as(ann), file('ann/b', 1))).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: 'the quota is used up: quota.bytes is 10',
      path: undefined,
      retry: false,
    });
    await as(ann).remove('ann/old', { recursive: false });
    clock.now += 1;
    await send(as(ann), file('ann/b', 6));
    await send(as(ann), file('other-root', 1));
  });

  it('tells what can never fit from what does not fit now', async () => {
    const ann = actorOf('ann', 10, 1);
    const { store, as } = setUp(limitOf(ann));
    store.nodes.set('ann', undefined);
    await expect(send(as(ann), file('ann/a', 11))).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: 'it is larger than the whole quota: quota.bytes is 10',
    });
    await expect(
      send(as(ann), { path: 'ann/a', pieces: [4, 4, 4], tellsSize: false, ifExists: 'fail' }),
    ).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await send(as(ann), file('ann/a', 1));
    await expect(send(as(ann), file('ann/b', 1))).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: 'the quota is used up: quota.files is 1',
    });
    await expect(as(ann).makeDirectory('ann/d', { parents: false, mtime: undefined })).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
  });

  it('gives back what was not used', async () => {
    const ann = actorOf('ann', 10, 2);
    const { store, as, clock } = setUp(limitOf(ann));
    // It takes so long to look that nobody looks again.
    store.nodes.set('ann', undefined).set('ann/a', 1);
    const view = as(ann);
    const list = store.list.bind(store);
    let scans = 0;
    store.list = (...given) => {
      scans += 1;
      clock.now += 1000;
      return list(...given);
    };
    const staging = {
      path: 'ann/b',
      size: 9,
      ifExists: 'fail',
      operationId: id,
      principal: 'ann',
      arguments: '',
      mtime: 0,
      executable: false,
    } as const;
    for (let i = 0; i < 3; i += 1) await (await view.stage(staging)).abort();
    await expect(send(view, file('ann/a', 1))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await view.makeDirectory('ann', { parents: true, mtime: undefined })).toBe('identical');
    await send(view, file('ann/b', 9));
    expect(scans).toBe(1);
    // And nobody looks again before that has become a small part of the time.
    await view.remove('ann/b', { recursive: false });
    await expect(send(view, file('ann/b', 9))).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(scans).toBe(1);
    clock.now += 1000 * accessBounds.quotaScanShare;
    await send(view, file('ann/b', 9));
    expect(scans).toBe(2);
  });

  it('counts what others put there, and holds them to it from above only', async () => {
    const ann = actorOf('people/ann', 10);
    const guest = actorOf('', 12);
    const admin = actorOf('');
    const { store, as } = setUp(limitOf(ann, guest));
    for (const path of ['people', 'people/ann', 'big']) store.nodes.set(path, undefined);
    store.nodes.set('big/a', 8).set('big/b', 8);
    await as(admin).rename('big/a', 'people/ann/a', { ifExists: 'fail' });
    await expect(send(as(ann), file('people/ann/b', 3))).rejects.toMatchObject({ code: 'NO_SPACE' });
    await expect(as(admin).rename('big', 'people/ann/big', { ifExists: 'fail' })).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
    await expect(send(as(admin), file('people/ann/b', 3))).rejects.toMatchObject({ code: 'NO_SPACE' });
    // Guest has used up more than 12 by all of them together, which is not ann's concern.
    await send(as(ann), file('people/ann/b', 2));
    await expect(send(as(guest), file('c', 1))).rejects.toMatchObject({ code: 'NO_SPACE' });
    await send(as(admin), file('c', 1));
  });

  it('stays whole when it cannot be found out how much there is', async () => {
    const ann = actorOf('ann', 10);
    const { store, as } = setUp(limitOf(ann));
    store.list = () => {
      throw new FilexError('PERMISSION_DENIED', 'cannot list "ann/secret"', { path: 'ann/secret' });
    };
    await expect(send(as(ann), file('ann/a', 1))).rejects.toMatchObject({
      code: 'IO_ERROR',
      message: 'how much of the quota is used cannot be found out',
      path: undefined,
    });
  });

  it('holds for uploads that were under way when it came', async () => {
    const ann = actorOf('ann', 10);
    let limited: LimitedRoot[] = [];
    const store = new MemoryStore();
    store.nodes.set('ann', undefined);
    const book = new QuotaBook(store, () => limited);
    const before = new MeteredStore(store, book, actorOf('ann'));
    const staging = {
      path: 'ann/b',
      size: 9,
      ifExists: 'fail',
      operationId: id,
      principal: 'ann',
      arguments: '',
      mtime: 0,
      executable: false,
    } as const;
    const staged = await before.stage(staging);
    limited = limitOf(ann);
    const view = new MeteredStore(store, book, ann);
    await expect(send(view, file('ann/a', 2))).rejects.toMatchObject({ code: 'NO_SPACE' });
    await staged.commit({ length: 9, digest, algorithm: 'sha256' });
    await expect(send(view, file('ann/a', 2))).rejects.toMatchObject({ code: 'NO_SPACE' });
    await send(view, file('ann/a', 1));
  });

  it('is not got round by what comes into a folder while it moves', async () => {
    const ann = actorOf('ann', 10);
    const admin = actorOf('');
    const { store, as } = setUp(limitOf(ann));
    store.nodes.set('ann', undefined).set('x', undefined).set('x/a', 5);
    const list = store.list.bind(store);
    let late: Promise<unknown> | undefined;
    store.list = async function* (path, options) {
      yield* list(path, options);
      if (path !== 'x') return;
      // Measured, and not moved yet.
      late = send(as(admin), file('x/late', 10)).catch((error: FilexError) => error.code);
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    };
    await as(admin).rename('x', 'ann/x', { ifExists: 'fail' });
    expect(await late).toBe('PARENT_NOT_FOUND');
    expect(store.usage('ann').bytes).toBe(5);
  });

  it('counts what moves from a folder that is only spelled alike', async () => {
    const ann = actorOf('ann', 10);
    const { store, as } = setUp(limitOf(ann));
    store.nodes.set('ann', undefined).set('ann/b', 8).set('Ann', undefined).set('Ann/a', 8);
    await expect(as(actorOf('')).rename('Ann/a', 'ann/a', { ifExists: 'fail' })).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
    await as(ann).rename('ann/b', 'ann/c', { ifExists: 'fail' });
  });

  it('counts what is in a folder that brings along a root', async () => {
    const ann = actorOf('people/ann', 10);
    const { store, as } = setUp(limitOf(ann));
    store.nodes.set('new', undefined).set('new/ann', undefined).set('new/ann/a', 11);
    await expect(as(actorOf('')).rename('new', 'people', { ifExists: 'fail' })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  it('counts all folders that are made on the way', async () => {
    const ann = actorOf('ann', undefined, 2);
    const { store, as } = setUp(limitOf(ann));
    store.nodes.set('ann', undefined);
    await expect(
      as(ann).makeDirectory('ann/a/b/c', { parents: true, mtime: undefined }),
    ).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
  });

  it('counts nothing for content that was there already', async () => {
    const ann = actorOf('ann', 10);
    const { store, as, clock } = setUp(limitOf(ann));
    store.nodes.set('ann', undefined);
    const view = as(ann);
    const stage = store.stage.bind(store);
    store.stage = async (request) => {
      clock.now += 1;
      const staged = await stage(request);
      return { ...staged, commit: async () => ({ outcome: 'identical', path: request.path, etag: '' }) };
    };
    const list = store.list.bind(store);
    let scans = 0;
    store.list = (...given) => {
      scans += 1;
      clock.now += 1000;
      return list(...given);
    };
    for (let i = 0; i < 3; i += 1) await send(view, file('ann/a', 9));
    expect(scans).toBe(1);
  });
});
