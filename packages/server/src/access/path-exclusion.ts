import { mayBeWithin, namesIn, type PathNames } from './path-names.js';

/** Work that runs or waits: paths that others may use as well, and paths that it must have for itself. */
interface Work {
  readonly shared: readonly PathNames[];
  readonly exclusive: readonly PathNames[];
  start(): void;
}

/**
 * Lets work on paths run at the same time unless one needs a path, with everything above and below it, for itself. First
 * come, first served. Work gets all that it needs at once or waits, so no two can wait for each other.
 */
export class PathExclusion {
  readonly #running = new Set<Work>();
  #waiting: Work[] = [];

  async run<T>(
    { shared = [], exclusive = [] }: { shared?: readonly string[]; exclusive?: readonly string[] },
    task: () => Promise<T>,
  ): Promise<T> {
    let start = (): void => {};
    const started = new Promise<void>((resolve) => {
      start = resolve;
    });
    const work: Work = { shared: shared.map(namesIn), exclusive: exclusive.map(namesIn), start };
    // Those that wait already need not be looked at again: for them nothing has changed.
    if ([...this.#running, ...this.#waiting].some((earlier) => conflict(work, earlier)))
      this.#waiting.push(work);
    else this.#start(work);
    await started;
    try {
      return await task();
    } finally {
      this.#running.delete(work);
      this.#startWaiting();
    }
  }

  #startWaiting(): void {
    const still: Work[] = [];
    for (const work of this.#waiting) {
      if ([...this.#running, ...still].some((earlier) => conflict(work, earlier))) still.push(work);
      else this.#start(work);
    }
    this.#waiting = still;
  }

  #start(work: Work): void {
    this.#running.add(work);
    work.start();
  }
}

function conflict(a: Work, b: Work): boolean {
  const meet = (these: readonly PathNames[], those: readonly PathNames[]): boolean =>
    these.some((one) => those.some((other) => mayBeWithin(one, other) || mayBeWithin(other, one)));
  return meet(a.exclusive, b.exclusive) || meet(a.exclusive, b.shared) || meet(a.shared, b.exclusive);
}
