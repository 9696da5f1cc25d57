import type { DigestAlgorithm, FilexError, Outcome } from '@filex/protocol';

/** How one file ended. Paths are exact where they can be; whoever shows them makes them visible. */
export type Settled = Done | Skipped | Failed;

interface Done {
  readonly status: 'done';
  readonly outcome: Outcome;
  readonly from: string;
  readonly to: string;
  readonly size: number;
  readonly digest: string | undefined;
  readonly algorithm: DigestAlgorithm;
}

export interface Skipped {
  readonly status: 'skipped';
  /** `exists`: the conflict policy kept what was there. */
  readonly reason: 'exists' | 'symlink' | 'special';
  readonly from: string;
  readonly to: string | undefined;
  readonly detail: string;
}

export interface Failed {
  readonly status: 'failed';
  readonly from: string;
  readonly to: string | undefined;
  readonly error: FilexError;
}

/** Told what happens during a transfer. */
export interface Observer {
  /** One more file will be transferred, of so many bytes. */
  found(bytes: number): void;
  /** Nothing more will be found: the totals are final. */
  foundAll(): void;
  /** A file is on its way. */
  begin(name: string, bytes: number): Lane;
  /** A file has ended that never began, or something was skipped. */
  settle(settled: Settled): void;
  /** A folder was made. */
  folderMade(): void;
  /** A found file that is not tried, because its folder failed. */
  notTried(bytes: number): void;
}

/** One file on its way. */
export interface Lane {
  /** @param acknowledged bytes; less than before only when the other end has lost some. */
  progress(acknowledged: number, total: number | undefined): void;
  end(settled: Settled): void;
}
