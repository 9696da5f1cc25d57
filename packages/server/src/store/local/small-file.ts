import type { PublishingContext } from '@filex/protocol/node';
import type { CommitOutcome, CommitRequest, StageRequest } from '../store.js';
import type { Folder, FolderRequest } from './folder.js';
import type { Space } from './space.js';
import type { NamedPath } from './store-path.js';
import type { UploadLedger } from './uploads/upload-ledger.js';
import type { Warn } from './warn.js';

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
