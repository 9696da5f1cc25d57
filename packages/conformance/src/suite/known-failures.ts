import { readFileSync } from 'node:fs';
import { matchesPattern } from './select.js';

/** Failures that somebody knows of: they still run, and are told apart from new ones. */
export class KnownFailures {
  readonly #patterns: readonly string[];

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns;
  }

  /**
   * One pattern a line, as for `--only`; `#` begins a comment.
   * @throws Error of `readFileSync`.
   */
  static read(file: string): KnownFailures {
    const lines = readFileSync(file, 'utf8').split('\n');
    return new KnownFailures(
      lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== ''),
    );
  }

  has(id: string): boolean {
    return this.#patterns.some((pattern) => matchesPattern(pattern, id));
  }
}
