/**
 * What `work` makes of each item, in the order of the items, with at most `lanes` of them at work at once. The first that rejects
 * ends it; the others are waited for.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  lanes: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const running: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const one = work(item);
      // Who fails before its turn is told when that comes.
      one.catch(() => undefined);
      running.push(one);
      if (running.length >= lanes) yield await (running.shift() as Promise<R>);
    }
    while (running.length > 0) yield await (running.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(running);
  }
}
