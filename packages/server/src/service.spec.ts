import type { Entry } from '@filex/protocol';
import type { OperationContext } from '@filex/protocol/node';
import { describe, expect, it } from 'vitest';
import { createAccess } from './access/access.js';
import type { AnonymousLevel } from './access/anonymous.js';
import { createHandler } from './service.js';
import type { StagedUpload, Store } from './store/store.js';

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
    await receiver.write(bytes);
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
    expect(calls).toEqual([
      ['stage', { ...upload, operationId: context.operationId }],
      ['write', bytes],
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
