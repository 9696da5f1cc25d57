import type { OpenArguments, OperationResult } from '../../connection.js';
import { Answer, onAbort, operationError, resetStream } from './answer.js';
import type { ClientContext } from './context.js';

/** Asks a question in OPEN and resolves with the RESULT: stat, makeDirectory, rename, remove, digest. */
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
