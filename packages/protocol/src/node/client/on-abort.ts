import { Bag } from '../bag.js';

/** Who is told when a signal aborts. */
const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * One listener of a signal for everybody who waits for it. With one for each, Node links them in a list; a removed one still points
 * to the next, so that of many short operations under one signal each keeps all that come after it in memory: see `StreamTable`.
 */
class Waiting {
  readonly #signal: AbortSignal;
  readonly #all = new Bag<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(giveUp: () => void): () => void {
    if (this.#all.size === 0) this.#signal.addEventListener('abort', this.#tellAll, { once: true });
    const remove = this.#all.add(giveUp);
    return () => {
      if (remove() && this.#all.size === 0) this.#signal.removeEventListener('abort', this.#tellAll);
    };
  }

  readonly #tellAll = (): void => {
    for (const giveUp of this.#all.empty()) giveUp();
  };
}

/**
 * Calls `giveUp`, which must not throw, when `signal` aborts: at once, when it has.
 * @returns stops listening.
 */
export function onAbort(signal: AbortSignal | undefined, giveUp: () => void): () => void {
  if (signal === undefined) return nothing;
  if (signal.aborted) {
    giveUp();
    return nothing;
  }
  let all = waiting.get(signal);
  if (all === undefined) {
    all = new Waiting(signal);
    waiting.set(signal, all);
  }
  return all.add(giveUp);
}

function nothing(): void {}
