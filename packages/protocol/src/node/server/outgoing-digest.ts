import type { FilexError } from '../../errors.js';
import { TreeDigest } from '../../wire/digest.js';
import type { StreamEvent } from '../driver.js';
import { SlabSource } from '../pieces.js';
import type { DownloadProvider } from '../types.js';
import { closeProvider } from './close-provider.js';
import { handlerError } from './handler-error.js';
import { cancelled, hashFor, type OperationRun, type RunningOperation, type Success } from './operation.js';

/**
 * Reads a file to its end and tells its digest. Nobody is watched here for standing still: the client has nothing to do but to
 * wait, and its PINGs are answered meanwhile.
 */
export function sendDigest(run: OperationRun): RunningOperation {
  const gone: { reason?: FilexError } = {};
  const listener = {
    onEvent: ({ type }: StreamEvent): void => {
      if (type === 'reset') gone.reason ??= cancelled(run.request.path);
    },
    onLost: (error: FilexError): void => {
      gone.reason ??= error;
    },
  };
  return { listener, done: perform(run, gone) };
}

async function perform(run: OperationRun, gone: { readonly reason?: FilexError }): Promise<Success> {
  const { request, handler, context, digestTurns } = run;
  const { algorithm, create } = hashFor(run);
  const checkWanted = (): void => {
    if (gone.reason !== undefined) throw gone.reason;
  };

  const digest = async (provider: DownloadProvider): Promise<Success> => {
    const { entry } = provider;
    const pieces = new SlabSource(provider, entry.size);
    const tree = new TreeDigest(create);
    for (;;) {
      checkWanted();
      const piece = await pieces.next(entry.size);
      if (piece === undefined) break;
      try {
        tree.update(piece.bytes);
      } finally {
        piece.release();
      }
    }
    await provider.verify?.();
    checkWanted();
    const answer = tree.digest();
    const told = { ...entry, path: request.path };
    return {
      outcome: 'read',
      entry: told,
      answer,
      digest: Buffer.from(answer).toString('hex'),
      algorithm,
      bytes: 0,
    };
  };

  return digestTurns.run(async () => {
    checkWanted();
    const provider = await handler.download({ path: request.path, ifMatch: undefined }, context);
    try {
      return await digest(provider);
    } catch (error) {
      throw handlerError(error);
    } finally {
      await closeProvider(provider);
    }
  }, context.signal);
}
