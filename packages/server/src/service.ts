import type { ConflictPolicy, Operation } from '@filex/protocol';
import type { Handler, OperationContext } from '@filex/protocol/node';
import type { Access, Grant } from './access/access.js';
import type { Store } from './store/store.js';

/** Answers requests from a store, as far as `access` allows. */
export function createHandler(store: Store, access: Access): Handler {
  const allow = (
    operation: Operation,
    path: string,
    { peer }: OperationContext,
    ifExists?: ConflictPolicy,
  ): Grant => access.check(peer.principal, { operation, path, ifExists });

  return {
    async upload(request, context) {
      allow('upload', request.path, context, request.ifExists);
      const staged = await store.stage({ ...request, operationId: context.operationId });
      return {
        write: (bytes) => staged.write(bytes),
        sync: () => staged.sync(),
        truncate: (length) => staged.truncate(length),
        commit: (commit) => staged.commit(commit),
        abort: () => staged.abort(),
      };
    },

    async download({ path, ifMatch }, context) {
      allow('download', path, context);
      return store.open(path, { ifMatch });
    },

    async *list({ path, recursive }, context) {
      allow('list', path, context);
      for await (const entry of store.list(path, { recursive })) {
        if (context.signal.aborted) return;
        yield entry;
      }
    },

    async stat({ path }, context) {
      allow('stat', path, context);
      return store.stat(path);
    },

    async makeDirectory({ path, parents, mtime }, context) {
      const { createOnly } = allow('makeDirectory', path, context);
      if (!createOnly) return { outcome: await store.makeDirectory(path, { parents, mtime }) };
      // The time of a folder that was there already is not theirs to set.
      const outcome = await store.makeDirectory(path, { parents, mtime: undefined });
      if (outcome === 'created' && mtime !== undefined) await store.makeDirectory(path, { parents, mtime });
      return { outcome };
    },

    async rename({ path, target, ifExists }, context) {
      allow('rename', path, context, ifExists);
      return { outcome: await store.rename(path, target, { ifExists }) };
    },

    async remove({ path, recursive }, context) {
      allow('remove', path, context);
      return { outcome: await store.remove(path, { recursive }) };
    },
  };
}
