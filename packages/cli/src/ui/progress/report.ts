import type { SessionState } from '@filex/protocol/node';
import type { Lane, Observer, Settled } from '../../transfer/outcome.js';
import type { Tally } from '../../transfer/tally.js';
import type { Phase } from './bars.js';
import type { Tracker } from './tracker.js';

/** One way to show how a transfer goes. Created by `createDisplay`, told by `Report`. */
export interface Display {
  /** Called often; shows at most as often as is useful. */
  tick(now: number): void;
  phase(phase: Phase): void;
  /** The session has lost its connection, or has one again. */
  connection(state: SessionState, now: number): void;
  settled(settled: Settled): void;
  /** A line for people that stays. */
  print(text: string): void;
  /** Takes away what is redrawn. */
  close(): void;
}

/** Joins the numbers, the counts and what is shown, behind the one face that transfers know. */
export class Report implements Observer {
  readonly tracker: Tracker;
  readonly tally: Tally;
  readonly #display: Display;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;

  constructor(tracker: Tracker, tally: Tally, display: Display, now: () => number, interval: number) {
    this.tracker = tracker;
    this.tally = tally;
    this.#display = display;
    this.#now = now;
    // Must not keep the process alive: what is transferred does.
    this.#timer = setInterval(() => this.tick(), interval).unref();
    this.tick();
  }

  tick(): void {
    const now = this.#now();
    this.tracker.sample(now);
    this.#display.tick(now);
  }

  phase(phase: Phase): void {
    this.#display.phase(phase);
    this.tick();
  }

  connection(state: SessionState): void {
    this.#display.connection(state, this.#now());
    this.tick();
  }

  print(text: string): void {
    this.#display.print(text);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#display.close();
  }

  found(bytes: number): void {
    this.tracker.found(bytes);
  }

  foundAll(): void {
    this.tracker.foundAll();
  }

  folderMade(): void {
    this.tracker.folderMade();
    this.tally.foldersMade += 1;
  }

  notTried(bytes: number): void {
    this.tracker.notTried(bytes);
    this.tally.notTried += 1;
  }

  begin(name: string, bytes: number): Lane {
    const lane = this.tracker.begin(name, bytes);
    return {
      progress: (acknowledged, total) => lane.progress(acknowledged, total),
      end: (settled) => {
        lane.end(settled);
        this.settle(settled);
      },
    };
  }

  settle(settled: Settled): void {
    this.tally.add(settled);
    this.#display.settled(settled);
  }
}
