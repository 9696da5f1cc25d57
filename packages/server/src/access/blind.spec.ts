import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BLOCK_SIZE, conflictPolicies, FilexError, TreeDigest } from '@filex/protocol';
import { type Handler, numberedName, type OperationContext, sha256Provider } from '@filex/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHandler } from '../service.js';
import { LocalStore } from '../store/local/local-store.js';
import type { Store } from '../store/store.js';
import { download, list, upload } from '../store/testing/transfer.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { createAccess } from './access.js';
import { accessBounds } from './bounds.js';
import type { Rule } from './permissions.js';
import { fakeUsers } from './testing/fake-users.js';

const folder = temporaryFolder();
let count = 0;

async function openStore(): Promise<LocalStore> {
  count += 1;
  const at = join(folder, `store-${count}`);
  await mkdir(at);
  const store = await LocalStore.open(at);
  const close = store.close.bind(store);
  return Object.assign(store, {
    close: async () => {
      await close();
      await rm(at, { recursive: true });
    },
  });
}

let operations = 0;
/** Each upload is another one. */
const nextId = (): string => {
  operations += 1;
  return operations.toString(16).padStart(32, '0');
};

const context: OperationContext = {
  peer: { connection: 1, address: '', principal: 'ann', agent: '', secure: true, mechanism: '' },
  operationId: '0'.repeat(32),
  signal: new AbortController().signal,
};

function handlerFor(store: Store, rules: readonly Rule[], root = ''): Handler {
  return createHandler(
    store,
    createAccess({ users: fakeUsers({ ann: { rules, root } }), anonymous: 'none' }),
  );
}

const drop: readonly Rule[] = [{ path: '', allow: ['create', 'overwrite', 'delete'] }];

const name = fc.constantFrom('a', 'b', 'a (1)', 'a.txt', '.filex', 'x'.repeat(255));
const path = fc.oneof(
  fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
  fc.constantFrom(
    '',
    ...[13, 15, 16, 17].map((n) => Array.from({ length: n }, () => 'x'.repeat(250)).join('/')),
  ),
);
const content: fc.Arbitrary<string> = fc.constantFrom('', 'one', 'two', 'three');
const policy = fc.constantFrom(...conflictPolicies);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('upload' as const), path, content, policy, fc.boolean()) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('makeDirectory' as const),
      path,
      fc.boolean(),
      fc.option(fc.nat(9), { nil: undefined }),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('rename' as const), path, path, policy) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom('stat' as const, 'list' as const, 'download' as const, 'remove' as const),
      path,
    ),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a client is told of an operation: all of it. */
async function answer(handler: Handler, asked: Step): Promise<unknown> {
  try {
    switch (asked[0]) {
      case 'upload': {
        const [, at, text, ifExists, tellsSize] = asked;
        const bytes = Buffer.from(text);
        const settings = { mtime: 1000, executable: false, algorithm: 'sha256', arguments: '' } as const;
        const size = tellsSize ? bytes.length : undefined;
        const request = { path: at, size, ifExists, ...settings };
        const receiver = await handler.upload(request, { ...context, operationId: nextId() });
        await receiver.write(bytes, 0);
        const digest = new TreeDigest(sha256Provider.create);
        digest.update(bytes);
        const commit = { length: bytes.length, digest: digest.digest(), algorithm: 'sha256' } as const;
        const { time, ...told } = await receiver.commit(commit);
        expect(time).toEqual(expect.any(Number));
        return told;
      }
      case 'makeDirectory': {
        const [, at, parents, mtime] = asked;
        return await handler.makeDirectory({ path: at, parents, mtime }, context);
      }
      case 'rename':
        return await handler.rename({ path: asked[1], target: asked[2], ifExists: asked[3] }, context);
      case 'stat':
        return await handler.stat({ path: asked[1] }, context);
      case 'list': {
        const entries = [];
        for await (const entry of handler.list({ path: asked[1], recursive: true }, context))
          entries.push(entry);
        return entries;
      }
      case 'download':
        return await handler.download({ path: asked[1], ifMatch: undefined }, context);
      case 'remove':
        return await handler.remove({ path: asked[1], recursive: true }, context);
    }
  } catch (error) {
    if (!(error instanceof FilexError)) throw error;
    const { code, message, path: where, effect, retry } = error;
    return { code, message, path: where, effect, retry };
  }
}

/** What is in a store, with the content and times of everything. */
async function snapshot(store: Store): Promise<Map<string, unknown>> {
  const entries = await list(store);
  return new Map(
    await Promise.all(
      entries.map(async (entry) => {
        const text = entry.kind === 'file' ? await download(store, entry.path) : entry.mtime;
        return [entry.path, text] as const;
      }),
    ),
  );
}

const placing = fc.record({
  names: fc.array(fc.constantFrom('a', 'b', 'a (1)', 'a.txt'), { minLength: 1, maxLength: 3 }),
  content: fc.option(content),
});

/** Puts something there, if that is possible. */
async function put(store: Store, root: string, names: readonly string[], text: string | null): Promise<void> {
  const folder = [root, ...names.slice(0, -1)].filter((name) => name !== '').join('/');
  const at = [folder, names.at(-1)].filter((name) => name !== '').join('/');
  try {
    await store.makeDirectory(text === null ? at : folder, { parents: true, mtime: 5 });
    if (text !== null) await upload(store, at, text, { ifExists: 'fail' });
  } catch (error) {
    expect(error).toBeInstanceOf(FilexError);
  }
}

describe('somebody who may only create', () => {
  it('is told the same of an empty store and of a full one, and changes nothing in it', async () => {
    let stored = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('', 'people/ann'),
        fc.array(placing, { maxLength: 12 }),
        fc.array(step, { maxLength: 12 }),
        async (root, placed, steps) => {
          const [empty, full] = await Promise.all([openStore(), openStore()]);
          for (const { names, content: text } of placed) await put(full, root, names, text);
          const before = await snapshot(full);
          const handlers = [handlerFor(empty, drop, root), handlerFor(full, drop, root)] as const;
          const kept: string[] = [];
          for (const asked of steps) {
            const [expected, told] = await Promise.all(handlers.map((handler) => answer(handler, asked)));
            expect(told, JSON.stringify(asked)).toEqual(expected);
            const isStored = (told as { outcome?: string }).outcome === 'created';
            if (isStored && asked[0] === 'upload') kept.push(asked[2]);
          }
          const after = await snapshot(full);
          for (const [at, was] of before) {
            // A folder has another time when something new is in it.
            if (typeof was === 'string') expect(after.get(at), at).toBe(was);
            else expect(after.has(at), at).toBe(true);
          }
          expect([...after.values()]).toEqual(expect.arrayContaining(kept));
          stored += kept.length;
          await Promise.all([empty.close(), full.close()]);
        },
      ),
      { numRuns: 40 },
    );
    expect(stored).toBeGreaterThan(20);
  });

  it('is not told by how many names are taken, either', async () => {
    const store = await openStore();
    for (let number = 0; number <= accessBounds.blindNumberedNames; number += 1) {
      await upload(store, number === 0 ? 'a.txt' : numberedName('a.txt', number), `${number}`);
      await upload(store, number === 0 ? 'b' : numberedName('b', number), `${number}`);
    }
    const handler = handlerFor(store, drop);
    const told = await answer(handler, ['upload', 'a.txt', 'new', 'fail', true]);
    expect(told).toMatchObject({ outcome: 'created', path: 'a.txt' });
    expect(await answer(handler, ['upload', 'b/c', 'newer', 'fail', true])).toEqual({
      outcome: 'created',
      path: 'b/c',
    });
    const texts = [...(await snapshot(store)).values()];
    expect(texts).toContain('new');
    expect(texts).toContain('newer');
    // Counting on would take longer and longer, and end some time.
    const next = accessBounds.blindNumberedNames + 1;
    for (const taken of ['a.txt', 'b'])
      await expect(store.stat(numberedName(taken, next))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await store.close();
  });

  it('is not told by a path that only just fits, either', async () => {
    const [empty, full] = await Promise.all([openStore(), openStore()]);
    const root = Array.from({ length: 3 }, () => 'r'.repeat(199)).join('/');
    await put(full, root, ['a'], 'x');
    const names = Array.from({ length: 13 }, () => 'x'.repeat(250));
    // Where the root and what a taken name costs make it too long, and where one of them does.
    for (let length = 215; length < 250; length += 1) {
      const at = ['a', ...names, 'y'.repeat(length)].join('/');
      const asked: Step = ['upload', at, 'x', 'fail', true];
      const [expected, told] = await Promise.all(
        [empty, full].map((store) => answer(handlerFor(store, drop, root), asked)),
      );
      expect(told).toEqual(expected);
    }
    await Promise.all([empty.close(), full.close()]);
  });

  it('is told of a failure in words that do not name what is there', async () => {
    const store = await openStore();
    await upload(store, 'a', 'x');
    const fails = (path: string) =>
      new FilexError('NO_SPACE', `no room for ${JSON.stringify(path)}`, { path });
    const full = Object.assign(Object.create(store) as Store, {
      makeDirectory: (...given: Parameters<Store['makeDirectory']>) => store.makeDirectory(...given),
      stat: (path: string) => store.stat(path),
      stage: (request: { path: string }) => Promise.reject(fails(request.path)),
    });
    expect(await answer(handlerFor(full, drop), ['upload', 'a/b', 'x', 'fail', true])).toEqual({
      code: 'NO_SPACE',
      message: 'cannot store "a/b": no room is left',
      path: 'a/b',
      effect: 'none',
      retry: true,
    });
    await store.close();
  });

  it('cannot change the time of a folder that is there', async () => {
    const store = await openStore();
    await store.makeDirectory('a', { parents: false, mtime: 5 });
    expect(await answer(handlerFor(store, drop), ['makeDirectory', 'a', false, 9])).toEqual({
      outcome: 'created',
    });
    expect(await answer(handlerFor(store, drop), ['makeDirectory', 'b', false, 9])).toEqual({
      outcome: 'created',
    });
    expect((await list(store)).map(({ path: at, mtime }) => `${at} ${mtime}`).sort()).toEqual(['a 5', 'b 9']);
    await store.close();
  });

  it('can go on with an upload', async () => {
    const store = await openStore();
    await upload(store, 'a', 'old');
    const request = {
      path: 'a',
      size: undefined,
      ifExists: 'overwrite',
      mtime: 5,
      executable: false,
    } as const;
    const receiver = await handlerFor(store, drop).upload(
      { ...request, algorithm: 'sha256', arguments: '' },
      context,
    );
    const block = Buffer.alloc(BLOCK_SIZE, 'x');
    await receiver.write(block, 0);
    expect(await receiver.sync?.()).toBe(BLOCK_SIZE);
    await receiver.truncate?.(0);
    await receiver.write(Buffer.from('new'), 0);
    const digest = new TreeDigest(sha256Provider.create);
    digest.update(Buffer.from('new'));
    const commit = { length: 3, digest: digest.digest(), algorithm: 'sha256' } as const;
    expect(await receiver.commit(commit)).toMatchObject({ outcome: 'created', path: 'a' });
    expect(await download(store, 'a')).toBe('old');
    expect(await download(store, 'a (1)')).toBe('new');
    await store.close();
  });

  it('finds a folder that was removed meanwhile made again', async () => {
    const store = await openStore();
    const request = { path: 'x/a', size: 0, ifExists: 'fail', mtime: 5, executable: false } as const;
    const receiver = await handlerFor(store, drop).upload(
      { ...request, algorithm: 'sha256', arguments: '' },
      context,
    );
    await store.remove('x', { recursive: true });
    const digest = new TreeDigest(sha256Provider.create).digest();
    expect(await receiver.commit({ length: 0, digest, algorithm: 'sha256' })).toMatchObject({
      outcome: 'created',
      path: 'x/a',
    });
    await store.close();
  });

  it('gets a letter box made that is not there yet, and nothing beside it', async () => {
    const rules: readonly Rule[] = [
      { path: '', allow: ['list', 'read'] },
      { path: 'in/box', allow: ['create'] },
    ];
    const store = await openStore();
    const handler = handlerFor(store, rules);
    expect(await answer(handler, ['upload', 'in/box/a', 'x', 'fail', true])).toEqual({
      outcome: 'created',
      path: 'in/box/a',
    });
    expect(await answer(handler, ['makeDirectory', 'in/box', false, undefined])).toEqual({
      outcome: 'created',
    });
    expect(await answer(handler, ['list', ''])).toEqual([expect.objectContaining({ path: 'in' })]);
    const full = await openStore();
    await upload(full, 'in', 'a file');
    expect(await answer(handlerFor(full, rules), ['upload', 'in/box/a', 'x', 'fail', true])).toMatchObject({
      code: 'IO_ERROR',
    });
    expect((await list(full)).map((entry) => entry.path)).toEqual(['in']);
    await Promise.all([store.close(), full.close()]);
  });
});
