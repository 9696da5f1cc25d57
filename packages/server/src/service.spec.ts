import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, FilexError, TreeDigest } from '@filex/protocol';
import { type Handler, type OperationContext, sha256Provider } from '@filex/protocol/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAccess } from './access/access.js';
import type { AnonymousLevel } from './access/anonymous.js';
import type { Rule } from './access/permissions.js';
import { fakeUsers } from './access/testing/fake-users.js';
import type { User } from './access/users-document.js';
import { createHandler } from './service.js';
import { LocalStore } from './store/local/local-store.js';
import type { StagedUpload, Store } from './store/store.js';
import { list, upload as storeFile } from './store/testing/transfer.js';
import { stagedIn, temporaryFolder } from './testing/temporary-folder.js';

const folder = temporaryFolder();

/** A store that writes down what it is asked. */
function recording(): { store: Store; calls: unknown[] } {
  const calls: unknown[] = [];
  const answer =
    <T>(name: string, value: T) =>
    (...given: unknown[]): Promise<T> => {
      calls.push([name, ...given]);
      return Promise.resolve(value);
    };
  const entry: Entry = { path: 'a', kind: 'file', size: 1, mtime: 0, executable: false };
  const staged: StagedUpload = {
    write: answer('write', undefined),
    sync: answer('sync', 7),
    truncate: answer('truncate', undefined),
    commit: answer('commit', { outcome: 'created' as const, path: 'a', etag: 'e' }),
    blockWritten: answer('blockWritten', undefined),
    fence: answer('fence', undefined),
    suspend: answer('suspend', undefined),
    abort: answer('abort', undefined),
  };
  const file = {
    entry,
    read: answer('read', 0),
    verify: answer('verify', undefined),
    close: answer('close', undefined),
  };
  const store: Store = {
    stat: answer('stat', entry),
    async *list(...given) {
      calls.push(['list', ...given]);
      yield entry;
      yield entry;
    },
    open: answer('open', file),
    stage: answer('stage', staged),
    recall: answer('recall', undefined),
    keptBytes: answer('keptBytes', 0),
    makeDirectory: answer('makeDirectory', 'created' as const),
    rename: answer('rename', 'renamed' as const),
    remove: answer('remove', 'removed' as const),
    close: answer('close', undefined),
  };
  return { store, calls };
}

function contextOf(signal = new AbortController().signal): OperationContext {
  const peer = {
    connection: 1,
    address: '127.0.0.1:1',
    principal: 'anonymous',
    agent: 'test',
    secure: false,
    mechanism: 'ANONYMOUS',
  };
  return { peer, operationId: '0'.repeat(32), signal };
}

const upload = {
  path: 'a',
  size: 1,
  ifExists: 'fail',
  mtime: 5,
  executable: true,
  algorithm: 'sha256',
  arguments: 'x',
} as const;

function handlerFor(level: AnonymousLevel) {
  const { store, calls } = recording();
  return { handler: createHandler(store, createAccess({ users: undefined, anonymous: level })), calls };
}

describe('the service', () => {
  it('passes on every request, and every answer', async () => {
    const { handler, calls } = handlerFor('write');
    const context = contextOf();
    const receiver = await handler.upload(upload, context);
    const bytes = new Uint8Array(1);
    await receiver.write(bytes, 3);
    expect(await receiver.sync?.()).toBe(7);
    await receiver.truncate?.(0);
    const commit = { length: 1, digest: bytes, algorithm: 'sha256' } as const;
    expect(await receiver.commit(commit)).toEqual({ outcome: 'created', path: 'a', etag: 'e' });
    await receiver.abort(new Error('x'));
    expect((await handler.download({ path: 'a', ifMatch: 'e' }, context)).entry.path).toBe('a');
    expect(await handler.stat({ path: 'a' }, context)).toMatchObject({ kind: 'file' });
    const folder = { path: 'b', parents: true, mtime: 9 };
    expect(await handler.makeDirectory(folder, context)).toEqual({ outcome: 'created' });
    const move = { path: 'a', target: 'b', ifExists: 'overwrite' } as const;
    expect(await handler.rename(move, context)).toEqual({ outcome: 'renamed' });
    expect(await handler.remove({ path: 'a', recursive: true }, context)).toEqual({ outcome: 'removed' });
    // What it is verified with is told to a store by the commit.
    const { algorithm: _, ...staging } = upload;
    expect(calls).toEqual([
      ['stage', { ...staging, operationId: context.operationId, principal: context.peer.principal }],
      ['write', bytes, 3],
      ['sync'],
      ['truncate', 0],
      ['commit', commit],
      ['abort'],
      ['open', 'a', { ifMatch: 'e' }],
      ['stat', 'a'],
      ['makeDirectory', 'b', { parents: true, mtime: 9 }],
      ['rename', 'a', 'b', { ifExists: 'overwrite' }],
      ['remove', 'a', { recursive: true }],
    ]);
  });

  it('ends a listing that nobody waits for any more', async () => {
    const { handler } = handlerFor('read');
    const abort = new AbortController();
    const entries: Entry[] = [];
    for await (const entry of handler.list({ path: '', recursive: true }, contextOf(abort.signal))) {
      entries.push(entry);
      abort.abort();
    }
    expect(entries).toHaveLength(1);
  });

  it('asks nothing of the store that is not allowed', async () => {
    const { handler, calls } = handlerFor('none');
    const context = contextOf();
    const denied = { code: 'PERMISSION_DENIED' };
    await expect(handler.upload(upload, context)).rejects.toMatchObject(denied);
    await expect(handler.download({ path: 'a', ifMatch: undefined }, context)).rejects.toMatchObject(denied);
    await expect(handler.stat({ path: 'a' }, context)).rejects.toMatchObject(denied);
    const listing = handler.list({ path: '', recursive: false }, context)[Symbol.asyncIterator]();
    await expect(listing.next()).rejects.toMatchObject(denied);
    const folder = { path: 'b', parents: true, mtime: 9 };
    await expect(handler.makeDirectory(folder, context)).rejects.toMatchObject(denied);
    await expect(handler.rename({ path: 'a', target: 'b', ifExists: 'fail' }, context)).rejects.toMatchObject(
      denied,
    );
    await expect(handler.remove({ path: 'a', recursive: false }, context)).rejects.toMatchObject(denied);
    expect(calls).toEqual([]);
  });
});

/** A store with files, and what somebody sees of it. */
async function setUp(users: Parameters<typeof fakeUsers>[0], files: Readonly<Record<string, string>> = {}) {
  const at = mkdtempSync(join(folder, 'store-'));
  const store = await LocalStore.open(at);
  onTestFinished(() => store.close());
  for (const [path, content] of Object.entries(files)) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    await store.makeDirectory(parent, { parents: true, mtime: undefined });
    await storeFile(store, path, content);
  }
  const known = fakeUsers(users);
  const handler = createHandler(store, createAccess({ users: known, anonymous: 'none' }));
  return { at, store, known, handler };
}

const asAnn: OperationContext = { ...contextOf(), peer: { ...contextOf().peer, principal: 'ann' } };
const empty = {
  length: 0,
  digest: new TreeDigest(sha256Provider.create).digest(),
  algorithm: 'sha256',
  arguments: 'x',
} as const;
const nothing = { ...upload, size: 0, mtime: 5 } as const;

async function listed(handler: Handler, path: string, recursive = true): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of handler.list({ path, recursive }, asAnn)) paths.push(entry.path);
  return paths.sort();
}

describe('a user', () => {
  const denied = { code: 'PERMISSION_DENIED' };

  it.each<[string, Record<string, Partial<User>>]>([
    ['is removed', {}],
    ['may create no more', { ann: { preset: 'read' } }],
    ['has another root', { ann: { preset: 'write', root: 'x' } }],
    ['may not see any more what is there', { ann: { preset: 'drop' } }],
  ])('who %s while an upload is under way stores nothing', async (_what, now) => {
    const { at, store, known, handler } = await setUp({ ann: { preset: 'write' } });
    const receiver = await handler.upload(nothing, asAnn);
    known.set(now);
    await expect(receiver.commit(empty)).rejects.toMatchObject(denied);
    expect(await list(store)).toEqual([]);
    expect(stagedIn(at)).toEqual([]);
  });

  it('whose other permissions change meanwhile stores all the same', async () => {
    const { store, known, handler } = await setUp({ ann: { preset: 'write' } });
    const receiver = await handler.upload(nothing, asAnn);
    known.set({ ann: { rules: [{ path: '', allow: ['list', 'create'] }] } });
    expect(await receiver.commit(empty)).toMatchObject({ outcome: 'created', path: 'a' });
    expect(await list(store)).toHaveLength(1);
  });

  it('sees nothing of what is not allowed, nor of what is in it', async () => {
    const rules: Rule[] = [
      { path: '', allow: ['list', 'read'] },
      { path: 'a/secret', allow: [] },
      { path: 'a/secret/known', allow: ['list', 'read'] },
      { path: 'box', allow: ['create'] },
    ];
    const files = { 'a/b': '1', 'a/secret/c': '2', 'a/secret/known/d': '3', 'box/e': '4', 'f/g/h': '5' };
    const { handler } = await setUp({ ann: { rules } }, files);
    expect(await listed(handler, '')).toEqual(['a', 'a/b', 'f', 'f/g', 'f/g/h']);
    expect(await listed(handler, '', false)).toEqual(['a', 'f']);
    expect(await listed(handler, 'a')).toEqual(['b']);
    expect(await listed(handler, 'a/secret/known')).toEqual(['d']);
    expect(await listed(handler, 'f')).toEqual(['g', 'g/h']);
    for (const path of ['a/secret', 'A/Secret', 'box', 'a/secret/c']) {
      await expect(listed(handler, path), path).rejects.toMatchObject(denied);
      await expect(handler.stat({ path }, asAnn), path).rejects.toMatchObject(denied);
      await expect(handler.download({ path, ifMatch: undefined }, asAnn), path).rejects.toMatchObject(denied);
    }
  });

  it('is not told by a failure of what cannot be seen', async () => {
    const rules: Rule[] = [
      { path: '', allow: ['list', 'read'] },
      { path: 'secret', allow: [] },
    ];
    const { store, handler } = await setUp(
      { ann: { rules } },
      { 'secret/a': '1', 'open/b': '2', 'before/c': '3', 'to/d': '4' },
    );
    const real = store.list.bind(store);
    store.list = async function* (path, options) {
      if (path === 'secret')
        throw new FilexError('PERMISSION_DENIED', 'cannot list "secret"', { path: 'secret' });
      yield* real(path, options);
      if (path !== '') throw new FilexError('IO_ERROR', 'cannot list it', { path });
    };
    // What can be seen and cannot be read does not hide the rest, and is told.
    const paths: string[] = [];
    const failed = (async () => {
      for await (const { path } of handler.list({ path: '', recursive: true }, asAnn)) paths.push(path);
    })();
    await expect(failed).rejects.toMatchObject({ code: 'IO_ERROR' });
    expect(paths.sort()).toEqual(['before', 'before/c', 'open', 'open/b', 'to', 'to/d']);
  });

  it('makes parents only where that is allowed', async () => {
    const rules: Rule[] = [
      { path: '', allow: ['list', 'read'] },
      { path: 'a/b', allow: ['list', 'create'] },
    ];
    const { store, handler } = await setUp({ ann: { rules } });
    const make = (path: string, parents = true) =>
      handler.makeDirectory({ path, parents, mtime: undefined }, asAnn);
    for (const path of ['a/b', 'a/b/c/d'])
      await expect(make(path)).rejects.toMatchObject({ code: 'PARENT_NOT_FOUND' });
    expect(await list(store)).toEqual([]);
    await store.makeDirectory('a', { parents: false, mtime: undefined });
    await expect(make('a/b/c/d', false)).rejects.toMatchObject({ code: 'PARENT_NOT_FOUND' });
    expect(await make('a/b/c/d')).toEqual({ outcome: 'created' });
    expect(await make('a/b/c/d')).toEqual({ outcome: 'identical' });
    await expect(make('x')).rejects.toMatchObject(denied);
  });

  it('sets the time of a folder that was there only when allowed to change it', async () => {
    const rules: Rule[] = [
      { path: '', allow: ['list', 'create', 'overwrite'] },
      { path: 'a', allow: ['list', 'create'] },
    ];
    const { store, handler } = await setUp({ ann: { rules } });
    for (const path of ['a', 'b']) await store.makeDirectory(path, { parents: false, mtime: 5 });
    for (const path of ['a', 'b', 'a/new'])
      await handler.makeDirectory({ path, parents: false, mtime: 9 }, asAnn);
    expect((await store.stat('a/new')).mtime).toBe(9);
    expect((await store.stat('b')).mtime).toBe(9);
    await store.makeDirectory('c', { parents: false, mtime: 5 });
    const onlyCreate = await setUp({ ann: { rules: [{ path: '', allow: ['list', 'create'] }] } });
    await onlyCreate.store.makeDirectory('a', { parents: false, mtime: 5 });
    await onlyCreate.handler.makeDirectory({ path: 'a', parents: false, mtime: 9 }, asAnn);
    expect((await onlyCreate.store.stat('a')).mtime).toBe(5);
  });

  it('gets small files in one go where it may read, and is refused as with any others where it may not', async () => {
    const { handler } = await setUp(
      {
        ann: { preset: 'read', rules: [{ path: 'secret', allow: ['list'] }] },
        bob: { preset: 'read', root: 'bob' },
      },
      { 'open/a': '1', 'secret/b': '2', 'bob/c': '3' },
    );
    const asBob = { ...asAnn, peer: { ...asAnn.peer, principal: 'bob' } };
    const read = (path: string, context: OperationContext): string | undefined => {
      const file = handler.downloadWhole?.({ path, ifMatch: undefined }, context, 10);
      return file && `${file.entry.path}: ${file.bytes}`;
    };
    expect(read('open/a', asAnn)).toBe(`open/a: ${Buffer.from('1')}`);
    expect(read('c', asBob)).toBe(`c: ${Buffer.from('3')}`);
    const denied = expect.objectContaining({ code: 'PERMISSION_DENIED' });
    expect(() => read('secret/b', asAnn)).toThrow(denied);
    for (const path of ['bob/c', 'open/a', '../open/a', '/c', ''])
      expect(read(path, asBob), path).toBeUndefined();
  });

  it('has a root that is made when it is missing, again and again', async () => {
    const { store, handler } = await setUp(
      { ann: { preset: 'write', root: 'people/ann' } },
      { outside: 'x' },
    );
    expect(await listed(handler, '')).toEqual([]);
    await (await handler.upload(nothing, asAnn)).commit(empty);
    expect(await listed(handler, '')).toEqual(['a']);
    expect(await handler.stat({ path: 'a' }, asAnn)).toMatchObject({ path: 'a', kind: 'file' });
    await store.remove('people', { recursive: true });
    await expect(handler.stat({ path: 'a' }, asAnn)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await listed(handler, '')).toEqual([]);
    expect((await list(store)).map(({ path }) => path).sort()).toEqual(['outside', 'people', 'people/ann']);
  });

  it('whose root cannot be made is not told where it would be', async () => {
    const { handler } = await setUp({ ann: { preset: 'write', root: 'people/ann' } }, { people: 'a file' });
    await expect(listed(handler, '')).rejects.toMatchObject({
      message: 'the folder of this user cannot be made',
      path: '',
    });
  });

  it('with a quota is held to it', async () => {
    const quota = { bytes: 10, files: undefined };
    const { handler } = await setUp(
      { ann: { preset: 'write', root: 'people/ann', quota } },
      { 'people/ann/old': '12345678' },
    );
    await expect(handler.upload({ ...nothing, size: 3 }, asAnn)).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: 'the quota is used up: quota.bytes is 10',
    });
    await expect(handler.upload({ ...nothing, size: 11 }, asAnn)).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
    await handler.remove({ path: 'old', recursive: false }, asAnn);
  });

  it('cannot get at the folder of the store, or out of the own one', async () => {
    const { handler } = await setUp(
      { ann: { preset: 'write' }, bob: { preset: 'write', root: 'bob' } },
      { 'bob/a': '1' },
    );
    for (const path of ['.filex', '.filex/staging'])
      await expect(handler.stat({ path }, asAnn), path).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const asBob = { ...asAnn, peer: { ...asAnn.peer, principal: 'bob' } };
    for (const path of ['../.filex', '..', '/'])
      await expect(handler.stat({ path }, asBob), path).rejects.toMatchObject({ code: 'PATH_INVALID' });
  });
});
