import type { OpenArguments, OperationResult } from '../../connection.js';
import { Answer, cancelOnAbort, operationError } from './answer.js';
import type { ClientContext } from './context.js';

/** Asks a question in OPEN and resolves with the RESULT: stat, makeDirectory, rename, remove. */
export async function call(
  context: ClientContext,
  request: OpenArguments & { readonly path: string },
  signal: AbortSignal | undefined,
): Promise<OperationResult> {
  const answer = new Answer(request.path);
  let stopListening = (): void => undefined;
  try {
    const stream = await context.open(
      request,
      () => ({
        onEvent: (event) => void answer.take(event),
        onLost: (error) => answer.lose(error, request.operation !== 'stat'),
      }),
      signal,
    );
    stopListening = cancelOnAbort(context.driver, stream, signal);
    return await answer.settled;
  } catch (error) {
    throw operationError(error, signal, request.path);
  } finally {
    stopListening();
  }
}
