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
  /** Microseconds since 1970, which the file has been given: by this and its size it can be told when it is staged no longer. */
  readonly mtime: number;
}

/**
 * Writes down how far a publication is, for who comes after a crash. `P`: what became of the file.
 *
 * With an intent on record, the file has been published when it can be seen under its name: as the same file as the staged one,
 * or, when nothing is staged any more, by its size and time. Who takes such a name before the commit is on record must leave a
 * trace of the file for that reason. What `intend`, `record` and `withdraw` are told must be as durable as the publication when
 * they settle. PROTOCOL.md, FX-12.3-8.
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
