import type { OpenArguments, OperationResult } from '../../connection.js';
import { FilexError } from '../../errors.js';
import type { Entry, Outcome } from '../../vocabulary.js';
import { checkPath } from '../../wire/path.js';
import type { MakeDirectoryOptions, OperationOptions, RemoveOptions, RenameOptions } from '../types.js';
import { Answer, operationError, resetStream } from './answer.js';
import type { ClientContext } from './context.js';
import { onAbort } from './on-abort.js';

/** @throws FilexError `NOT_FOUND` … */
export async function stat(
  context: ClientContext,
  path: string,
  { signal }: OperationOptions,
): Promise<Entry> {
  const { entry } = await call(context, { operation: 'stat', path }, signal);
  if (entry === undefined)
    throw new FilexError('STATE_VIOLATION', 'the server answered without an entry', { path });
  return { ...entry, path };
}

/** Makes a folder. */
export async function makeDirectory(
  context: ClientContext,
  path: string,
  { parents, mtime, signal }: MakeDirectoryOptions,
): Promise<{ outcome: Outcome }> {
  const { outcome = 'created' } = await call(
    context,
    { operation: 'makeDirectory', path, parents, mtime },
    signal,
  );
  return { outcome };
}

/** Gives a file or folder another path. */
export async function rename(
  context: ClientContext,
  path: string,
  target: string,
  { ifExists, signal }: RenameOptions,
): Promise<{ outcome: Outcome }> {
  checkPath(target);
  const { outcome = 'renamed' } = await call(
    context,
    { operation: 'rename', path, target, ifExists },
    signal,
  );
  return { outcome };
}

/** Removes a file or folder. */
export async function remove(
  context: ClientContext,
  path: string,
  { recursive, signal }: RemoveOptions,
): Promise<{ outcome: Outcome }> {
  const { outcome = 'removed' } = await call(context, { operation: 'remove', path, recursive }, signal);
  return { outcome };
}

/** Asks a question in OPEN and resolves with the RESULT. */
export async function call(
  context: ClientContext,
  request: OpenArguments & { readonly path: string },
  signal: AbortSignal | undefined,
): Promise<OperationResult> {
  const answer = new Answer(
    request.path,
    () => request.operation !== 'stat' && request.operation !== 'digest',
  );
  let stopListening = (): void => undefined;
  try {
    const stream = await context.open(
      request,
      () => ({
        onEvent: (event) => void answer.take(event),
        onLost: (error, unseen) => answer.lose(error, unseen),
      }),
      signal,
    );
    stopListening = onAbort(signal, () => {
      resetStream(context.driver, stream, 'CANCELLED');
      answer.cancel();
    });
    return await answer.settled;
  } catch (error) {
    throw operationError(error, signal, request.path);
  } finally {
    stopListening();
  }
}
