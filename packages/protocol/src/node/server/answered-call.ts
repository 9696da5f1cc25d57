import { FilexError } from '../../errors.js';
import type { OperationRun, RunningOperation, Success } from './operation.js';

/** Answers stat, makeDirectory, rename and remove. A client that takes one back still gets the truth about it. */
export function answerCall(run: OperationRun): RunningOperation {
  return { listener: { onEvent: () => undefined, onLost: () => undefined }, done: perform(run) };
}

async function perform({ request, handler, context }: OperationRun): Promise<Success> {
  const { operation, path } = request;
  switch (operation) {
    case 'stat':
      return { outcome: 'read', entry: await handler.stat({ path }, context), bytes: 0 };
    case 'makeDirectory': {
      const { mtime } = request;
      return {
        ...(await handler.makeDirectory({ path, parents: request.parents === true, mtime }, context)),
        bytes: 0,
      };
    }
    case 'rename': {
      const { target = '', ifExists = 'fail' } = request;
      return { ...(await handler.rename({ path, target, ifExists }, context)), bytes: 0 };
    }
    case 'remove':
      return {
        ...(await handler.remove({ path, recursive: request.recursive === true }, context)),
        bytes: 0,
      };
    case 'upload':
    case 'download':
    case 'list':
    case 'digest':
      throw new FilexError('INTERNAL', `${operation} is no call`);
  }
}
