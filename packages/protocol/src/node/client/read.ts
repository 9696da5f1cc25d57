import type { OperationOptions } from '../types.js';
import { onAbort, operationError } from './answer.js';
import type { ClientContext } from './context.js';
import { download } from './download.js';

interface Offered {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
}

/**
 * A download as an iteration. One chunk waits at a time, under credit, so a slow reader slows the server down. Leaving
 * the loop early cancels; the iteration ends without an error only after the digest was verified.
 */
export async function* read(
  context: ClientContext,
  path: string,
  options: OperationOptions,
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const stopListening = onAbort(options.signal, () => stop.abort(options.signal?.reason));
  let offered: Offered | undefined;
  let wake = (): void => undefined;
  let finished = false;
  const transfer = download(
    context,
    path,
    async () => ({
      write: (bytes) =>
        new Promise<void>((resolve) => {
          offered = { bytes: Buffer.from(bytes), taken: resolve };
          wake();
        }),
      // A chunk that still waits for a reader would keep the download from ending.
      stop: () => offered?.taken(),
    }),
    stop,
  );
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
