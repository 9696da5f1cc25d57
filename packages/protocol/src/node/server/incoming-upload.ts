import { FilexError } from '../../errors.js';
import { digestsEqual } from '../../wire/digest.js';
import { SYNC_BYTES, SYNC_INTERVAL } from '../bounds.js';
import { DataReceiver } from '../data-receiver.js';
import { type Arrival, Driver, type StreamEvent } from '../driver.js';
import type { UploadReceiver } from '../types.js';
import { cancelled, hashFor, type OperationRun, type RunningOperation, type Success } from './operation.js';

interface End {
  readonly length: number;
  readonly digest: Uint8Array;
}

/** Takes an upload: what arrives goes to the handler's receiver, and is committed only when length and digest agree. */
export function receiveUpload(run: OperationRun): RunningOperation {
  const { driver, stream, request, context } = run;
  const { algorithm, create } = hashFor(run);
  let resolveEnd!: (end: End) => void;
  let rejectEnd!: (error: FilexError) => void;
  const end = new Promise<End>((resolve, reject) => {
    resolveEnd = resolve;
    rejectEnd = reject;
  });
  end.catch(() => undefined);
  let ended = false;
  let into: UploadReceiver | undefined;
  const durability = new Durability(run, () => into);
  const receiver = new DataReceiver({
    createHash: create,
    consume: (count) => driver.consume(stream, count),
    onStored: (stored) => durability.onStored(stored),
    onFailure: rejectEnd,
  });
  /** Drops what waits at once: the handler may still be busy, and nobody accounts for it any more. */
  const giveUp = (error: FilexError): void => {
    rejectEnd(error);
    void receiver.stop();
  };

  const listener = {
    onData: (arrival: Arrival): void => {
      const { length } = arrival.bytes;
      if (request.size !== undefined && receiver.received + length > request.size) {
        giveUp(new FilexError('LENGTH_MISMATCH', `more came than the ${request.size} bytes announced`));
      }
      receiver.push(arrival);
    },
    onEvent: (event: StreamEvent): void => {
      if (event.type === 'end') {
        ended = true;
        resolveEnd(event);
      } else if (event.type === 'reset') {
        giveUp(cancelled(request.path));
      }
    },
    onLost: giveUp,
  };

  const accept = async (): Promise<UploadReceiver> => {
    const receiving = await run.handler.upload(
      {
        path: request.path,
        size: request.size,
        ifExists: request.ifExists ?? 'fail',
        mtime: request.mtime,
        executable: request.executable === true,
        algorithm,
      },
      context,
    );
    into = receiving;
    // A client that has already sent everything needs no invitation.
    if (!ended && driver.connection.allows(stream, 'R_ACCEPT')) {
      driver.connection.accept(stream, { offset: 0, algorithm });
      driver.schedule();
    }
    return receiving;
  };

  const perform = async (): Promise<Success> => {
    let committing = false;
    try {
      const receiving = await accept();
      // Given up while the handler made ready: `end` says why.
      if (context.signal.aborted) await end;
      receiver.open((bytes) => receiving.write(bytes));
      const { length, digest: claimed } = await end;
      const digest = await receiver.finish();
      if (request.size !== undefined && length !== request.size) {
        throw new FilexError('LENGTH_MISMATCH', `${length} bytes came, ${request.size} were announced`);
      }
      if (!digestsEqual(digest, claimed)) throw new FilexError('DIGEST_MISMATCH');
      if (context.signal.aborted) throw cancelled(request.path);
      committing = true;
      const { outcome, path, etag } = await receiving.commit({ length, digest, algorithm });
      return { outcome, path: path === request.path ? undefined : path, etag, bytes: length };
    } catch (error) {
      await receiver.stop();
      if (!committing) await abort(into, FilexError.from(error));
      throw error;
    }
  };
  return { listener, done: perform() };
}

/** Why the upload failed is what the client and the log must know; a store tells by itself when it cannot clean up. */
async function abort(receiving: UploadReceiver | undefined, reason: FilexError): Promise<void> {
  try {
    await receiving?.abort(reason);
  } catch {
    // See above.
  }
}

/** Makes a long upload durable step by step, and tells the client how far it is. */
class Durability {
  readonly #run: OperationRun;
  readonly #receiver: () => UploadReceiver | undefined;
  #at = Driver.now();
  #offset = 0;

  constructor(run: OperationRun, receiver: () => UploadReceiver | undefined) {
    this.#run = run;
    this.#receiver = receiver;
  }

  onStored(stored: number): Promise<void> | undefined {
    const now = Driver.now();
    if (stored - this.#offset < SYNC_BYTES && now - this.#at < SYNC_INTERVAL) return undefined;
    return this.#sync(stored);
  }

  async #sync(stored: number): Promise<void> {
    const offset = (await this.#receiver()?.sync?.()) ?? stored;
    this.#offset = stored;
    this.#at = Driver.now();
    const { driver, stream } = this.#run;
    // The stream may have reached a state without ACK while the device was busy: that needs no ACK any more.
    if (!driver.connection.allows(stream, 'R_ACK')) return;
    driver.connection.acknowledge(stream, offset);
    driver.schedule();
  }
}
