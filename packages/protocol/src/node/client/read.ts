import type { OperationOptions, TransferResult } from '../types.js';
import { operationError } from './answer.js';
import { onAbort } from './on-abort.js';
import type { Destination, StoppableSink } from './sinks.js';

interface Offered {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
}

/**
 * A download as an iteration. One chunk waits at a time, under credit, so a slow reader slows the server down. Leaving
 * the loop early cancels; the iteration ends without an error only after the digest was verified.
 */
export async function* read(
  path: string,
  options: OperationOptions,
  download: (into: Destination, signal: AbortSignal) => Promise<TransferResult>,
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const stopListening = onAbort(options.signal, () => stop.abort(options.signal?.reason));
  let offered: Offered | undefined;
  let wake = (): void => undefined;
  let finished = false;
  const sink: StoppableSink = {
    write: (bytes) =>
      new Promise<void>((resolve) => {
        offered = { bytes: Buffer.from(bytes), taken: resolve };
        wake();
      }),
    // A chunk that still waits for a reader would keep the download from ending.
    stop: () => offered?.taken(),
  };
  const transfer = download({ open: async () => sink }, stop.signal);
  const done = transfer.finally(() => {
    finished = true;
    wake();
  });
  done.catch(() => undefined);
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const chunk = offered;
      if (chunk !== undefined) {
        offered = undefined;
        chunk.taken();
        yield chunk.bytes;
      } else if (finished) {
        await done;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } catch (error) {
    throw operationError(error, options.signal, path);
  } finally {
    stopListening();
    stop.abort();
  }
}
