/**
 * The steps of a publication that is written down, in order. Between any two of them the power can fail; each is told before
 * it is taken, and `done` after the last.
 */
export type CommitStep = 'flush' | 'intend' | 'publish' | 'flush folder' | 'clean up' | 'record' | 'done';

/** What is about to happen to a name. */
export interface Intent {
  /** The name that is about to be taken. */
  readonly name: string;
  /** What that will have been. */
  readonly outcome: 'created' | 'replaced';
  /** Whether the staged file itself goes there, as on file systems without links. Otherwise it gets a second name. */
  readonly moved: boolean;
}

/**
 * Writes down how far a publication is, for who comes after a crash. `P`: what became of the file.
 *
 * With an intent on record, the file has been published when both names are one file; when the staged name is gone; or when it
 * was to replace something, and the spare name that does that (see `SPARE`) is gone. Whoever has the name by now does not
 * matter. What `intend`, `record` and `withdraw` are told must be as durable as the publication when they settle. PROTOCOL.md,
 * FX-12.3-8.
 */
export interface CommitLog<P> {
  /** Before the name is taken; again when it is to be another one. */
  intend(intent: Intent): Promise<void>;
  /** The file is durable under its name. Only after this anybody may be told. */
  record(published: P): Promise<void>;
  /** It failed, and what is staged is about to be removed. */
  withdraw(): Promise<void>;
  /** Told of each step; for tests. */
  reach(step: CommitStep): void;
}
