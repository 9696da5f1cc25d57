import { FilexError } from '@filex/protocol';
import type { Handler, OperationContext } from '@filex/protocol/node';
import type { Access, AccessRequest, Grant } from './access/access.js';
import { type BlindPlace, makeDirectoryBlindly, uploadBlindly } from './access/blind.js';
import { makePermittedDirectory } from './access/permitted-directory.js';
import { UserStores } from './access/user-stores.js';
import { listVisible } from './access/visible-listing.js';
import type { Store } from './store/store.js';

/** Answers requests from a store, as far as `access` allows. */
export function createHandler(store: Store, access: Access): Handler {
  const stores = new UserStores(store, access);

  /** What somebody sees of the store, once it is said that this is allowed. */
  const allow = async (
    { peer }: OperationContext,
    request: AccessRequest,
  ): Promise<{ grant: Grant; view: Store }> => {
    const grant = access.check(peer.principal, request);
    return { grant, view: await stores.viewFor(grant) };
  };

  /** A long time has passed since it was allowed: it still must be, and in the same way. */
  const confirm = ({ peer }: OperationContext, request: AccessRequest, before: Grant): void => {
    const { root, blind } = access.check(peer.principal, request);
    if (root !== before.root || blind !== before.blind)
      throw new FilexError('PERMISSION_DENIED', 'what this user may do was changed meanwhile', {
        path: request.path,
      });
  };

  return {
    async upload(request, context) {
      const { path, ifExists } = request;
      const wanted = { operation: 'upload', path, ifExists } as const;
      const { grant, view } = await allow(context, wanted);
      const staging = { ...request, operationId: context.operationId };
      const staged = grant.blind
        ? await uploadBlindly(view, staging, placeOf(grant, path))
        : await view.stage(staging);
      return {
        write: (bytes) => staged.write(bytes),
        sync: () => staged.sync(),
        truncate: (length) => staged.truncate(length),
        async commit(commit) {
          try {
            confirm(context, wanted, grant);
          } catch (error) {
            await staged.abort().catch(() => undefined); // why it is refused is what matters
            throw error;
          }
          return staged.commit(commit);
        },
        abort: () => staged.abort(),
      };
    },

    // Also what is only to be digested: whoever may not read it must not find out what is in it by guessing.
    async download({ path, ifMatch }, context) {
      const { view } = await allow(context, { operation: 'download', path });
      return view.open(path, { ifMatch });
    },

    async *list({ path, recursive }, context) {
      const { grant, view } = await allow(context, { operation: 'list', path });
      for await (const entry of listVisible(view, grant.rules, path, recursive)) {
        if (context.signal.aborted) return;
        yield entry;
      }
    },

    async stat({ path }, context) {
      const { view } = await allow(context, { operation: 'stat', path });
      return view.stat(path);
    },

    async makeDirectory({ path, parents, mtime }, context) {
      const { grant, view } = await allow(context, { operation: 'makeDirectory', path });
      const outcome = grant.blind
        ? await makeDirectoryBlindly(view, path, mtime, placeOf(grant, path))
        : await makePermittedDirectory(view, grant.rules, path, { parents, mtime });
      return { outcome };
    },

    async rename({ path, target, ifExists }, context) {
      const { view } = await allow(context, { operation: 'rename', path, target, ifExists });
      return { outcome: await view.rename(path, target, { ifExists }) };
    },

    async remove({ path, recursive }, context) {
      const { view } = await allow(context, { operation: 'remove', path });
      return { outcome: await view.remove(path, { recursive }) };
    },
  };
}

function placeOf({ root, rules }: Grant, path: string): BlindPlace {
  return { root, depth: rules.depth(path) };
}
