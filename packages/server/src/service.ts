import { FilexError } from '@filex/protocol';
import type { Handler, OperationContext, UploadReceiver, UploadRequest } from '@filex/protocol/node';
import type { Access, AccessRequest, Grant } from './access/access.js';
import { type BlindPlace, makeDirectoryBlindly, recallBlindly, uploadBlindly } from './access/blind.js';
import { makePermittedDirectory } from './access/permitted-directory.js';
import { UserStores } from './access/user-stores.js';
import { listVisible } from './access/visible-listing.js';
import { bounds } from './bounds.js';
import type { StagedUpload, StageRequest, Store } from './store/store.js';

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
      const staging = stagingOf(request, context);
      const staged = grant.blind
        ? await uploadBlindly(view, staging, placeOf(grant, path))
        : await view.stage(staging);
      return receiver(staged, () => confirm(context, wanted, grant));
    },

    uploadWhole(request, context) {
      const { path, ifExists } = request;
      const wanted = { operation: 'upload', path, ifExists } as const;
      const grant = access.check(context.peer.principal, wanted);
      // In a letter box the name it gets is looked for first.
      const view = grant.blind ? undefined : stores.viewIfMade(grant);
      const whole = view?.stageWhole?.(stagingOf(request, context));
      if (whole === undefined) return undefined;
      return {
        async commit(commit, bytes) {
          confirm(context, wanted, grant);
          return whole.commit(commit, bytes);
        },
        fence: (epoch) => whole.fence(epoch),
      };
    },

    async recall(request, context) {
      const { path, ifExists } = request;
      const wanted = { operation: 'upload', path, ifExists } as const;
      const { grant, view } = await allow(context, wanted);
      const { operationId, peer } = context;
      const key = { operationId, principal: peer.principal };
      const kept = grant.blind ? await recallBlindly(view, key, path) : await view.recall(key);
      if (kept === undefined) return undefined;
      const { arguments: asked, epoch, leaves, committed } = kept;
      return {
        arguments: asked,
        epoch,
        leaves,
        committed: committed && { commit: committed.request, outcome: committed.outcome },
        resume: async () => receiver(await kept.resume(), () => confirm(context, wanted, grant)),
        fence: (told) => kept.fence(told),
      };
    },

    // Also what is only to be digested: whoever may not read it must not find out what is in it by guessing.
    async download({ path, ifMatch }, context) {
      const { view } = await allow(context, { operation: 'download', path });
      return view.open(path, { ifMatch });
    },

    downloadWhole({ path, ifMatch }, { peer }, room) {
      const grant = access.check(peer.principal, { operation: 'download', path });
      return stores.viewNow(grant).readWhole?.(path, { ifMatch, room });
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

/** @param confirm throws when it is not allowed any more. */
function receiver(
  staged: Omit<StagedUpload, 'commit'> & Pick<UploadReceiver, 'commit'>,
  confirm: () => void,
): UploadReceiver {
  return {
    maxWritesInFlight: bounds.writesInFlight,
    write: (bytes, offset) => staged.write(bytes, offset),
    sync: () => staged.sync(),
    truncate: (length) => staged.truncate(length),
    blockWritten: (leaf, index) => staged.blockWritten(leaf, index),
    fence: (epoch) => staged.fence(epoch),
    suspend: () => staged.suspend(),
    async commit(commit) {
      try {
        confirm();
      } catch (error) {
        await staged.abort().catch(() => undefined); // why it is refused is what matters
        throw error;
      }
      return staged.commit(commit);
    },
    abort: () => staged.abort(),
  };
}

function placeOf({ root, rules }: Grant, path: string): BlindPlace {
  return { root, depth: rules.depth(path) };
}

function stagingOf(request: UploadRequest, { operationId, peer }: OperationContext): StageRequest {
  const { path, size, ifExists, mtime, executable } = request;
  const { principal } = peer;
  return { operationId, principal, path, arguments: request.arguments, size, ifExists, mtime, executable };
}
