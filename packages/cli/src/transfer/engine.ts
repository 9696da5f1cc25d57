import { setMaxListeners } from 'node:events';
import { FilexError } from '@filex/protocol';
import { bounds } from '../bounds.js';
import { isFatal } from '../errors.js';
import { Gate } from './gate.js';
import { runLanes } from './lanes.js';
import type { Failed, Observer } from './outcome.js';

/**
 * What uploads and downloads have in common: several files at once, one that fails stops no other, what ends the session
 * stops all.
 */
export class Engine {
  /** For everything this transfer does: aborts with the user's signal, and when the transfer is over for another reason. */
  readonly signal: AbortSignal;
  readonly #lanes: number;
  readonly #large: Gate;
  readonly #observer: Observer;
  readonly #stop = new AbortController();
  /** Failures of folders that were told; what is in those folders is counted, not told again. */
  readonly #told = new WeakSet<FilexError>();

  /** @param transfers files on their way at once; of small ones more. */
  constructor(transfers: number, observer: Observer, signal: AbortSignal) {
    this.#lanes = lanesFor(transfers);
    this.#large = new Gate(transfers);
    this.#observer = observer;
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    // Every operation listens; that many is not a leak.
    setMaxListeners(0, this.signal);
  }

  /** @param weigh characters of the names in an item. */
  async run<T>(
    items: AsyncIterable<T> | Iterable<T>,
    weigh: (item: T) => number,
    work: (item: T) => Promise<void>,
  ): Promise<void> {
    const ahead = { items: bounds.filesAhead, weight: bounds.charactersAhead, weigh };
    await runLanes(items, { lanes: this.#lanes, ahead, onFault: () => this.#stop.abort() }, async (item) => {
      this.signal.throwIfAborted();
      await work(item);
    });
  }

  /** Transfers one file, as soon as no more than so many others are on their way. */
  transfer<T>(size: number | undefined, work: () => Promise<T>): Promise<T> {
    const isSmall = size !== undefined && size <= bounds.smallFileSize;
    return isSmall ? work() : this.#large.run(work);
  }

  /** How one file failed; throws what is no matter of this file alone. */
  failed(error: unknown, from: string, to: string | undefined): Failed {
    const failure = FilexError.from(error);
    if (this.signal.aborted || isFatal(failure)) throw failure;
    return { status: 'failed', from, to, error: failure };
  }

  /** A folder could not be had. Told once, however many find out. */
  folderFailed(error: FilexError, from: string, to: string): void {
    if (this.#told.has(error)) return;
    this.#told.add(error);
    this.#observer.settle(this.failed(error, from, to));
  }
}

/** What takes long about small files is to wait for answers: so more of them are on their way. One by one stays one by one. */
function lanesFor(transfers: number): number {
  if (transfers === 1) return 1;
  return Math.min(transfers * bounds.smallFilesPerTransfer, bounds.maxTransfers);
}
