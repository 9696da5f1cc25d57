import { FilexError } from '@filex/protocol';
import { bounds } from '../bounds.js';
import { baseOf } from '../transfer/remote-path.js';
import type { ReadReceipt } from './receipt-line.js';

interface Latest {
  readonly number: number;
  readonly time: number;
  /** What the file is called, on the server and here. */
  readonly names: ReadonlySet<string>;
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
    const names = new Set([line.path, line.file ?? line.path].map(baseOf));
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

  /** Those that can be of a file of that name: of the only path that there is in any case. */
  numbersFor(name: string): Set<number> {
    const all = [...this.#byPath.values()];
    const named = all.length === 1 ? all : all.filter(({ names }) => names.has(name));
    return new Set(named.map(({ number }) => number));
  }
}
