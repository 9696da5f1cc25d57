import { bounds } from '../bounds.js';
import { exitCode, exits } from '../errors.js';
import type { Failed, Settled, Skipped } from './outcome.js';

/** Counts how everything ended and keeps the failures, as many as are bearable. */
export class Tally {
  created = 0;
  replaced = 0;
  identical = 0;
  read = 0;
  failed = 0;
  /** Files whose folder failed. */
  notTried = 0;
  foldersMade = 0;
  /** Bytes of the files that are now where they should be because of this run. */
  bytes = 0;
  readonly skipped: Record<Skipped['reason'], number> = { exists: 0, symlink: 0, special: 0 };
  readonly failures: Failed[] = [];

  add(settled: Settled): void {
    switch (settled.status) {
      case 'done':
        this.#addDone(settled.outcome, settled.size);
        break;
      case 'skipped':
        this.skipped[settled.reason] += 1;
        break;
      case 'failed':
        this.failed += 1;
        if (this.failures.length < bounds.failuresKept) this.failures.push(settled);
        break;
    }
  }

  /** Files that are now where they should be. */
  get good(): number {
    return this.created + this.replaced + this.identical + this.read;
  }

  /** Nothing has ended in any way. */
  get isEmpty(): boolean {
    const { exists, symlink, special } = this.skipped;
    return this.good + this.failed + this.notTried + this.foldersMade + exists + symlink + special === 0;
  }

  /** @param single whether the command was about one file, which then speaks for itself. */
  exit(single: boolean): number {
    if (this.failed === 0 && this.notTried === 0) return exits.ok;
    const only = this.failures[0];
    return single && only !== undefined ? exitCode(only.error.code) : exits.someFailed;
  }

  #addDone(outcome: string, size: number): void {
    switch (outcome) {
      case 'replaced':
        this.replaced += 1;
        break;
      case 'identical':
        this.identical += 1;
        return;
      case 'read':
        this.read += 1;
        break;
      default:
        this.created += 1;
    }
    this.bytes += size;
  }
}
