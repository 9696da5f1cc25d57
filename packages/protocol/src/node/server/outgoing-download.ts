import type { FilexError } from '../../errors.js';
import { downloadOffset } from '../../machine/download.js';
import { digestsEqual } from '../../wire/digest.js';
import { DataSender } from '../data-sender.js';
import type { StreamEvent } from '../driver.js';
import { SlabSource } from '../pieces.js';
import { digestPrefix } from '../prefix.js';
import type { DownloadProvider } from '../types.js';
import { closeProvider } from './close-provider.js';
import { handlerError } from './handler-error.js';
import { cancelled, hashFor, type OperationRun, type RunningOperation, type Success } from './operation.js';
import type { Transfer } from './transfer-watch.js';

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

  /** Compares what the client says it has; returns where to go on. */
  const goOn = async (provider: DownloadProvider, size: number): Promise<number> => {
    const { offset: asked = 0, prefix } = request;
    if (asked === 0 || asked > size || prefix === undefined) return 0;
    const ours = await digestPrefix(provider, asked, create, () => gone.reason === undefined);
    const same = ours !== undefined && digestsEqual(ours.digest, prefix);
    if (same) sender.goOnAfter(ours);
    return downloadOffset(asked, size, same);
  };

  const send = async (provider: DownloadProvider): Promise<Success> => {
    checkWanted();
    const { entry } = provider;
    const { size, mtime, executable, etag } = entry;
    const offset = await goOn(provider, size);
    checkWanted();
    driver.connection.accept(stream, { offset, size, mtime, executable, etag, algorithm });
    driver.schedule();
    const pieces = new SlabSource(provider, size, offset);
    try {
      const sent = await sender.run(pieces, size);
      if (sent === undefined) throw gone.reason ?? cancelled(request.path);
      await provider.verify?.();
      checkWanted();
      driver.connection.end(stream, sent.length, sent.digest);
      const digest = Buffer.from(sent.digest).toString('hex');
      return { outcome: 'read', bytes: sent.length - offset, digest, algorithm };
    } finally {
      await pieces.close();
    }
  };

  const perform = async (): Promise<Success> => {
    const provider = await run.handler.download({ path: request.path, ifMatch: request.ifMatch }, context);
    try {
      return await send(provider);
    } catch (error) {
      throw handlerError(error);
    } finally {
      await closeProvider(provider);
    }
  };
  const transfer: Transfer = {
    get moved() {
      return sender.written;
    },
    get waitsForClient() {
      return sender.waitsForCredit;
    },
    stop,
  };
  return { listener, done: perform(), transfer };
}
