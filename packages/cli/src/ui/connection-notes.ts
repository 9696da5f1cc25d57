import type { SessionState } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import { connectionEvent, type Disconnected, reconnectingLine } from './connection.js';

/** Where to tell about the connection. */
export interface ConnectionNotesOptions {
  /** A line for people. */
  readonly write: (line: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** How much is there already, for people. */
  readonly safe?: () => string;
}

/** A line for each attempt to connect again, but not more than one a second; and one when there is a connection again. */
export class ConnectionNotes {
  readonly #options: ConnectionNotesOptions;
  #told = Number.NEGATIVE_INFINITY;
  #isLost = false;

  constructor(options: ConnectionNotesOptions) {
    this.#options = options;
  }

  change(state: SessionState): void {
    if (state.state === 'connecting') return;
    if (state.state === 'waiting') {
      const { write, now, safe } = this.#options;
      const time = now();
      if (time - this.#told < bounds.connectionInterval) return;
      this.#told = time;
      this.#isLost = true;
      write(reconnectingLine(state, state.delay, state.error.message, safe?.() ?? ''));
      return;
    }
    // The end of what was told, whenever that was.
    if (this.#isLost) this.#options.write('Connected again.');
    this.#isLost = false;
  }
}

/** An event for each change, but for the first connection, which goes without saying. */
export class ConnectionEvents {
  readonly #post: (event: Record<string, unknown>) => void;
  #lost: Disconnected | undefined;

  constructor(post: (event: Record<string, unknown>) => void) {
    this.#post = post;
  }

  change(state: SessionState): void {
    const lost = this.#lost;
    this.#lost = state.state === 'connected' ? undefined : state;
    if (state.state !== 'connected' || lost !== undefined) this.#post(connectionEvent(state, lost));
  }
}
