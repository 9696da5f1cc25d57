import { bounds } from './bounds.js';
import { AdvisedError, exits } from './errors.js';
import type { Io } from './io.js';

/** The end of the time that `--timeout` gives a command. */
export class Deadline {
  readonly #over = new AbortController();
  readonly #io: Io;
  #timer: NodeJS.Timeout;

  /** Starts at once. */
  constructor(seconds: number, io: Io) {
    this.#io = io;
    this.#timer = setTimeout(() => this.#pass(seconds), seconds * 1000);
  }

  /** Aborts when the time is over, with the error that says so. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** The command has ended in time. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  #pass(seconds: number): void {
    // What hangs in spite of being given up must not make the time longer.
    this.#timer = setTimeout(() => this.#io.exit(exits.deadline), bounds.deadlineGrace);
    this.#over.abort(
      new AdvisedError(
        'TIMEOUT',
        `given up, as --timeout says: ${seconds} ${seconds === 1 ? 'second has' : 'seconds have'} passed`,
        'Run the same command again, with more time.',
      ),
    );
  }
}
