import { bounds } from '../../bounds.js';
import type { CommitOutcome } from '../store.js';
import type { SmallFile, WaitingFile, WholeFilesParts } from './small-file.js';
import { WholeBatch } from './whole-batch.js';

/**
 * Stores small files together: all that come within a moment share what is written down, and its flushes, and are worked on in slices
 * of a few milliseconds. Each of them goes through the steps of every upload, in the same order (see `CommitLog`). What does not go
 * smoothly before its name is taken is given up, and stored the usual way.
 */
export class WholeFiles {
  readonly #parts: WholeFilesParts;
  #waiting: WaitingFile[] = [];
  #batches = 0;

  constructor(parts: WholeFilesParts) {
    this.#parts = parts;
  }

  store(file: SmallFile): Promise<CommitOutcome> {
    return new Promise((resolve, reject) => {
      const { request, name, place, commit, bytes } = file;
      this.#waiting.push({ request, name, place, commit, bytes, resolve, reject });
      // What was read together comes together.
      if (this.#waiting.length === 1) queueMicrotask(() => this.#begin());
    });
  }

  #begin(): void {
    while (this.#waiting.length > 0 && this.#batches < bounds.wholeBatches) {
      const batch = this.#waiting.splice(0, bounds.wholeFiles);
      this.#batches += 1;
      void new WholeBatch(this.#parts, batch).run().finally(() => {
        this.#batches -= 1;
        this.#begin();
      });
    }
  }
}
