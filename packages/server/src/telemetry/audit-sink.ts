import type { Logger } from './log.js';

/** Takes lines, each with its end. Neither call fails: what goes wrong is told to the logger. */
export interface AuditSink {
  write(line: string): void;
  /** Resolves when all is written, as far as it can be. */
  close(): Promise<void>;
}

/** What every sink needs. */
export interface AuditSinkSettings {
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The line that says how many are missing. */
  readonly lost: (lines: number) => string;
}
