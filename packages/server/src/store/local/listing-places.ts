import { FilexError } from '@filex/protocol';
import { Fifo } from './fifo.js';

/** One listing that has a place. */
export interface ListingPlace {
  /** Its reader wants more. @throws FilexError `BUSY` when the place was given away meanwhile. */
  resume(): void;
  /** It waits for its reader. */
  pause(): void;
  /** It is over. */
  leave(): void;
}

interface Holder {
  readonly release: () => Promise<unknown>;
  lost: boolean;
}

/**
 * Bounds how many listings have folders open. Most take their few milliseconds; one whose reader takes nothing holds its place
 * for as long as it likes. So whoever has waited for a place for a while gets that of the one that has been left alone for
 * the longest time, which is then told `BUSY`.
 */
export class ListingPlaces {
  readonly #patience: number;
  #free: number;
  /** Those that wait for their readers, the longest first. */
  readonly #paused = new Set<Holder>();
  readonly #waiting = new Fifo<() => void>();

  /** @param patience milliseconds. */
  constructor(places: number, patience: number) {
    this.#free = places;
    this.#patience = patience;
  }

  /** @param release closes what the listing has open; called only while it is paused. */
  async enter(release: () => Promise<unknown>): Promise<ListingPlace> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait();
    const holder: Holder = { release, lost: false };
    return {
      resume: () => {
        this.#paused.delete(holder);
        if (holder.lost)
          throw new FilexError(
            'BUSY',
            'too many listings at once: this one was left alone for the longest time',
          );
      },
      pause: () => {
        this.#paused.add(holder);
      },
      leave: () => {
        this.#paused.delete(holder);
        if (!holder.lost) this.#give();
        holder.lost = true;
      },
    };
  }

  async #wait(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      // Whoever is first in the queue gets it, not always the one whose patience has ended: there is one for each.
      timer = setInterval(() => void this.#takeAway(), this.#patience);
    });
    clearInterval(timer);
  }

  async #takeAway(): Promise<void> {
    const [longest] = this.#paused;
    if (longest === undefined) return; // all of them are at work
    this.#paused.delete(longest);
    longest.lost = true;
    try {
      await longest.release();
    } finally {
      this.#give();
    }
  }

  #give(): void {
    const next = this.#waiting.take();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
