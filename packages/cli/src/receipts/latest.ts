import { FilexError } from '@filex/protocol';
import { bounds } from '../bounds.js';
import type { ReadReceipt } from './receipt-line.js';

interface Latest {
  readonly number: number;
  readonly time: number;
  /** What the file is called, on the server and here. */
  readonly names: readonly string[];
}

/** Which receipt of each path is the last one: only that one speaks of what is there now. */
export class LatestReceipts {
  readonly #byPath = new Map<string, Latest>();

  /** @throws FilexError `TOO_LARGE`. */
  add(number: number, { line, statement, serverName }: ReadReceipt): void {
    const key = `${serverName} ${line.path}`;
    const before = this.#byPath.get(key);
    // Of two at one time, the one that was written down later.
    if (before !== undefined && before.time > statement.time) return;
    const names = [line.path, line.file ?? line.path];
    this.#byPath.set(key, { number, time: statement.time, names });
    if (this.#byPath.size > bounds.receiptsCompared)
      throw new FilexError(
        'TOO_LARGE',
        `there are receipts of more than ${bounds.receiptsCompared} files, which is too many to compare with a folder`,
      );
  }

  /** The lines of the last receipt of each path. */
  numbers(): Set<number> {
    return new Set([...this.#byPath.values()].map(({ number }) => number));
  }

  /**
   * Those that can be of a file with that path: the more names at its end are the same, the better; when there is only one path,
   * its own in any case.
   * @param path `/`-separated.
   */
  numbersFor(path: string): Set<number> {
    const all = [...this.#byPath.values()];
    if (all.length === 1) return this.numbers();
    const fits = all.map(({ names }) => Math.max(...names.map((name) => commonEnd(name, path))));
    const best = Math.max(1, ...fits);
    return new Set(all.filter((_, i) => fits[i] === best).map(({ number }) => number));
  }
}

/** How many names at the end of both paths are the same. */
function commonEnd(a: string, b: string): number {
  const [one, other] = [a, b].map((path) => path.split('/').reverse()) as [string[], string[]];
  const first = one.findIndex((name, i) => name !== other[i]);
  return first < 0 ? one.length : first;
}
