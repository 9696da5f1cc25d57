import type { FilexError } from '../../errors.js';
import { DataSender } from '../data-sender.js';
import type { StreamEvent } from '../driver.js';
import { SlabSource } from '../pieces.js';
import type { DownloadProvider } from '../types.js';
import { handlerError } from './handler-error.js';
import { cancelled, hashFor, type OperationRun, type RunningOperation, type Success } from './operation.js';

/** Sends a file to the client that asked for it. */
export function sendDownload(run: OperationRun): RunningOperation {
  const { driver, stream, request, context } = run;
  const { algorithm, create } = hashFor(run);
  const sender = new DataSender(driver, stream, create, () => undefined);
  const gone: { reason?: FilexError } = {};
  const stop = (error: FilexError): void => {
    gone.reason ??= error;
    sender.cancel();
  };
  const checkWanted = (): void => {
    if (gone.reason !== undefined) throw gone.reason;
  };
  const listener = {
    onEvent: (event: StreamEvent): void => {
      if (event.type === 'reset') stop(cancelled(request.path));
    },
    onLost: stop,
  };

  const transfer = async (provider: DownloadProvider): Promise<Success> => {
    checkWanted();
    const { entry } = provider;
    const { size, mtime, executable, etag } = entry;
    driver.connection.accept(stream, { offset: 0, size, mtime, executable, etag, algorithm });
    driver.schedule();
    const pieces = new SlabSource(provider, size);
    try {
      const sent = await sender.run(pieces, size);
      if (sent === undefined) throw gone.reason ?? cancelled(request.path);
      await provider.verify?.();
      checkWanted();
      driver.connection.end(stream, sent.length, sent.digest);
      return { outcome: 'read', bytes: sent.length };
    } finally {
      await pieces.close();
    }
  };

  const perform = async (): Promise<Success> => {
    const provider = await run.handler.download({ path: request.path, ifMatch: request.ifMatch }, context);
    try {
      return await transfer(provider);
    } catch (error) {
      throw handlerError(error);
    } finally {
      await close(provider);
    }
  };
  return { listener, done: perform() };
}

/** What was sent is right or wrong however the file is put away. */
async function close(provider: DownloadProvider): Promise<void> {
  try {
    await provider.close();
  } catch {
    // See above.
  }
}
