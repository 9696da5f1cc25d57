import { setImmediate } from 'node:timers/promises';
import { type AheadBound, AheadQueue } from './ahead-queue.js';

export interface LaneOptions<T> {
  /** Items worked on at once. */
  readonly lanes: number;
  /** What may wait for a lane. */
  readonly ahead: AheadBound<T>;
  /** Called once when something threw: stops what can be stopped elsewhere. */
  readonly onFault?: (() => void) | undefined;
}

/**
 * Works on everything `source` yields, several at once, in its order. `work` settles what concerns its item alone; what
 * it throws concerns all: nothing more is begun, what runs is waited for, and the first thrown value is thrown.
 */
export async function runLanes<T>(
  source: AsyncIterable<T> | Iterable<T>,
  options: LaneOptions<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = new AheadQueue<T>(options.ahead);
  let fault: { readonly error: unknown } | undefined;
  const stop = (error: unknown): void => {
    if (fault !== undefined) return;
    fault = { error };
    queue.abandon();
    options.onFault?.();
  };
  const feed = async (): Promise<void> => {
    for await (const item of source) {
      if (!queue.put(item)) await queue.room();
      if (queue.ended) break;
    }
    queue.close();
  };
  const lane = async (): Promise<void> => {
    for (;;) {
      const item = await queue.take();
      if (item === undefined) return;
      await work(item);
    }
  };
  const running = [feed(), ...Array.from({ length: options.lanes }, lane)].map((one) => one.catch(stop));
  await Promise.all(running);
  if (fault !== undefined) throw fault.error;
}

/** A synchronous source that lets others work after every `slice` milliseconds. */
export async function* sliced<T>(source: Iterable<T>, slice: number): AsyncGenerator<T, void, undefined> {
  let since = performance.now();
  for (const item of source) {
    yield item;
    if (performance.now() - since < slice) continue;
    await setImmediate();
    since = performance.now();
  }
}
