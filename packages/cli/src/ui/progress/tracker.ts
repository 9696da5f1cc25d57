import type { Lane, Observer, Settled } from '../../transfer/outcome.js';
import { size } from '../amounts.js';

/** One file on its way, for its bar. */
export interface ActiveFile {
  readonly name: string;
  acknowledged: number;
  total: number;
}

interface Sample {
  readonly time: number;
  readonly bytes: number;
}

/**
 * How far everything is. Counts only what the other end has acknowledged, or what is written here, so that it never
 * promises what was not done; when the other end has lost some of that, it is not counted any more.
 */
export class Tracker implements Observer {
  readonly #window: number;
  readonly #samples: Sample[] = [];
  readonly active = new Set<ActiveFile>();
  filesFound = 0;
  filesSettled = 0;
  bytesFound = 0;
  bytesAcknowledged = 0;
  folders = 0;
  /** Whether more may be found. */
  searching = true;

  /** @param window milliseconds that the rate is the average of. */
  constructor(window: number) {
    this.#window = window;
  }

  found(bytes: number): void {
    this.filesFound += 1;
    this.bytesFound += bytes;
  }

  foundAll(): void {
    this.searching = false;
  }

  folderMade(): void {
    this.folders += 1;
  }

  notTried(bytes: number): void {
    this.filesSettled += 1;
    this.bytesFound -= bytes;
  }

  begin(name: string, bytes: number): Lane {
    const file: ActiveFile = { name, acknowledged: 0, total: bytes };
    this.active.add(file);
    return {
      progress: (acknowledged, total) => {
        if (total !== undefined && total !== file.total) this.#resize(file, total);
        this.#acknowledge(file, acknowledged);
      },
      end: (settled) => {
        if (settled.status === 'done') {
          this.#resize(file, settled.size);
          this.#acknowledge(file, settled.size);
        }
        // What will not come any more is no longer waited for; what came stays counted.
        this.#resize(file, file.acknowledged);
        this.active.delete(file);
        this.filesSettled += 1;
      },
    };
  }

  settle(_settled: Settled): void {
    // Was never found as something to transfer, so no total contains it.
  }

  /** Notes where things are; call it now and then. */
  sample(now: number): void {
    this.#samples.push({ time: now, bytes: this.bytesAcknowledged });
    while (this.#samples.length > 2 && now - (this.#samples[1] as Sample).time >= this.#window)
      this.#samples.shift();
  }

  /** Bytes per second over the window; undefined before anything can be said. */
  rate(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.time - first.time < 200) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.time - first.time);
  }

  /** Milliseconds still needed at this rate; undefined while the totals grow or nothing moves. */
  remaining(): number | undefined {
    const rate = this.rate();
    if (this.searching || rate === undefined || rate <= 0) return undefined;
    return ((this.bytesFound - this.bytesAcknowledged) / rate) * 1000;
  }

  /** 0 to 1; undefined while the totals grow. By files when there are no bytes to count. */
  fraction(): number | undefined {
    if (this.searching) return undefined;
    if (this.bytesFound > 0) return Math.min(1, this.bytesAcknowledged / this.bytesFound);
    return this.filesFound === 0 ? 1 : this.filesSettled / this.filesFound;
  }

  /** What would not have to be transferred again, for people; `''` while there is nothing. */
  safe(): string {
    if (this.bytesAcknowledged === 0) return '';
    const fraction = this.fraction();
    return fraction === undefined
      ? `${size(this.bytesAcknowledged)} safe`
      : `${Math.floor(fraction * 100)}% safe`;
  }

  #acknowledge(file: ActiveFile, acknowledged: number): void {
    if (acknowledged < file.acknowledged) {
      // The other end has lost something: what comes from now on is measured from here.
      this.#samples.length = 0;
    }
    this.bytesAcknowledged += acknowledged - file.acknowledged;
    file.acknowledged = acknowledged;
  }

  #resize(file: ActiveFile, total: number): void {
    this.bytesFound += total - file.total;
    file.total = total;
  }
}
