import { Fifo } from './fifo.js';

/** A file that can give its descriptor back for a while. */
export interface ParkableFile {
  /** Whether it will not be used any more. */
  readonly ended: boolean;
  /** Closes it; the next call opens it anew. */
  park(): Promise<void>;
  /** Ends it, and waits for calls that are under way. */
  discard(): Promise<void>;
}

/** A time in which a file has a place, and is worked on. */
class Turn {
  /** Calls that are under way. */
  calls = 0;
  /** Whether no other call may join it: one waits already, and none overtakes another. */
  isClosed = false;
  /** Settles when the file may be open, or cannot be. */
  readonly ready: Promise<void>;
  /** Resolves when the last call is done. */
  readonly over: Promise<void>;
  end!: () => void;

  constructor(ready: Promise<void>) {
    this.ready = ready;
    this.over = new Promise((resolve) => {
      this.end = resolve;
    });
  }
}

/**
 * Keeps a bound on how many files are open. A file that is not being worked on is closed ("parked") when another
 * needs its place, and opened again at its next turn. So a transfer never waits for another one to end, only for a single
 * call of it: waiting for whole transfers could wait for ever, for one that a client has stopped on purpose, or for one that
 * needs the same connection as the one that waits.
 */
export class OpenFilePool<File extends ParkableFile> {
  readonly #places: number;
  /** Open files that nobody works on, the one that was used longest ago first. */
  readonly #idle = new Set<File>();
  /** Those that somebody works on. */
  readonly #turns = new Map<File, Turn>();
  /** How parking went; asked at the next turn of the file, since a failure there may be one of an earlier write. */
  readonly #parked = new Map<File, Promise<void>>();
  readonly #waiting = new Fifo<() => void>();
  #taken = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** How many files are open or about to be. */
  get size(): number {
    return this.#taken;
  }

  /** Takes a file in that `create` opens. */
  async create(create: () => Promise<File>): Promise<File> {
    await this.#takePlace();
    try {
      const file = await create();
      this.#rest(file);
      return file;
    } catch (error) {
      this.#givePlace();
      throw error;
    }
  }

  /** Runs one call of the file, when it may be open. Whether it may come beside others of the file is the caller's to know. */
  async use<T>(file: File, call: () => Promise<T>): Promise<T> {
    const turn = await this.#enter(file);
    let isOpen = false;
    try {
      await turn.ready;
      isOpen = true;
      return await call();
    } finally {
      this.#leave(file, turn, isOpen);
    }
  }

  /** Closes a file that nobody works on, which is not used any more but stays where it is. */
  async release(file: File): Promise<void> {
    if (this.#idle.delete(file)) {
      try {
        await file.park();
      } finally {
        this.#givePlace();
      }
      return;
    }
    const parked = this.#parked.get(file);
    this.#parked.delete(file);
    await parked;
  }

  /** Discards the file, whatever is under way. */
  async discard(file: File): Promise<void> {
    const wasIdle = this.#idle.delete(file); // from here on it must not be chosen for parking
    this.#parked.delete(file);
    try {
      await file.discard();
    } finally {
      if (wasIdle) this.#givePlace();
    }
  }

  async #enter(file: File): Promise<Turn> {
    for (let turn = this.#turns.get(file); turn !== undefined; turn = this.#turns.get(file)) {
      // Or calls that overlap could keep the place of a file for as long as its transfer takes.
      if (turn.isClosed || this.#waiting.size > 0) {
        turn.isClosed = true;
        await turn.over;
        continue;
      }
      turn.calls += 1;
      return turn;
    }
    const turn = new Turn(this.#open(file));
    turn.calls = 1;
    this.#turns.set(file, turn);
    return turn;
  }

  #leave(file: File, turn: Turn, isOpen: boolean): void {
    turn.calls -= 1;
    if (turn.calls > 0) return;
    this.#turns.delete(file);
    turn.end();
    if (!isOpen) return;
    if (file.ended) this.#givePlace();
    else this.#rest(file);
  }

  async #open(file: File): Promise<void> {
    if (this.#idle.delete(file)) return;
    const parked = this.#parked.get(file);
    this.#parked.delete(file);
    await parked;
    await this.#takePlace();
  }

  async #takePlace(): Promise<void> {
    if (this.#taken < this.#places) {
      this.#taken += 1;
      return;
    }
    const [longest] = this.#idle;
    if (longest === undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve)); // a place is handed over, still taken
      return;
    }
    this.#idle.delete(longest);
    await this.#park(longest);
  }

  #rest(file: File): void {
    const next = this.#waiting.take();
    if (next === undefined) this.#idle.add(file);
    else void this.#park(file).then(next);
  }

  #givePlace(): void {
    const next = this.#waiting.take();
    if (next === undefined) this.#taken -= 1;
    else next();
  }

  /** Never rejects: a failure concerns the file that is parked, not the one that gets its place. */
  #park(file: File): Promise<void> {
    const parked = file.park();
    this.#parked.set(file, parked);
    return parked.catch(keptForItsNextTurn);
  }
}

function keptForItsNextTurn(): void {}
