import type { PublishingContext } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import type { CommitOutcome, CommitRequest, StageRequest } from '../store.js';
import type { Folder, FolderRequest } from './folder.js';
import type { Space } from './space.js';
import type { NamedPath } from './store-path.js';
import type { UploadLedger } from './uploads/upload-ledger.js';
import type { Warn } from './warn.js';
import { WholeBatch } from './whole-batch.js';

/** What storing small files works with. */
export interface WholeFilesParts {
  readonly ledger: UploadLedger;
  readonly space: Space;
  readonly publishing: PublishingContext;
  /** The device of everything that can be published from where uploads are staged. */
  readonly device: bigint;
  /** Whether things are flushed at all. */
  readonly durable: boolean;
  readonly warn: Warn;
  /** Holds a folder. */
  enter(request: FolderRequest): Promise<Folder>;
  /** The file system has no links, so that nothing can be stored in this way. */
  onNoLinks(): void;
  /** Stores a file the usual way: staged, with all that can be in the way of it. */
  storeStaged(file: SmallFile): Promise<CommitOutcome>;
}

/** A small file, verified, that is to be stored. */
export interface SmallFile {
  readonly request: StageRequest;
  /** By which it is on record, and staged. */
  readonly name: string;
  readonly place: NamedPath;
  readonly commit: CommitRequest;
  readonly bytes: Uint8Array;
}

/** One that somebody waits for. */
export interface WaitingFile extends SmallFile {
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

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
      this.#waiting.push({ ...file, resolve, reject });
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
