/** Where the product's counters are; files name themselves when they are loaded (see instrument.mjs). */
interface File {
  readonly name: string;
  readonly from: number;
  readonly blocks: readonly (readonly [line: number, kind: string])[];
}

const BLOCKS = 8192;
const NOTES = 8192;

/** Counts that differ by no more than this say the same: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more. */
function bucket(count: number): number {
  if (count < 4) return count;
  if (count < 8) return 4;
  if (count < 16) return 5;
  if (count < 32) return 6;
  return count < 128 ? 7 : 8;
}

/** The feature without how often. */
export function blockOf(feature: number): number {
  return Math.floor(feature / 16);
}

export interface CoveredFile {
  readonly name: string;
  readonly covered: number;
  readonly blocks: number;
  readonly functions: number;
  readonly coveredFunctions: number;
  /** Blocks never run, as `line kind`. */
  readonly missing: readonly string[];
}

/**
 * What one execution did: how often each block ran, and what the target noted besides, because a transition table has
 * no blocks. A feature is a number that stands for one block or note and for about how often it was there.
 */
export class Coverage {
  readonly #counts = new Uint32Array(BLOCKS + NOTES);
  readonly #files: File[] = [];
  readonly #notes = new Map<string, number>();
  readonly #loaded = new Set<number>();
  #blocks = 0;

  register(name: string, blocks: readonly (readonly [line: number, kind: string])[]): Uint32Array {
    const from = this.#blocks;
    this.#blocks += blocks.length;
    if (this.#blocks > BLOCKS) throw new Error(`more than ${BLOCKS} blocks: give coverage.ts more room`);
    this.#files.push({ name, from, blocks });
    return this.#counts.subarray(from, this.#blocks);
  }

  /** What ran when the files were loaded is of no input. Call this once, after that. */
  begin(): void {
    for (let i = 0; i < this.#blocks; i += 1) if (this.#counts[i] !== 0) this.#loaded.add(i);
  }

  /** Forgets what ran. */
  reset(): void {
    this.#counts.fill(0, 0, this.#blocks);
    this.#counts.fill(0, BLOCKS, BLOCKS + this.#notes.size);
  }

  readonly note = (text: string): void => {
    let number = this.#notes.get(text);
    if (number === undefined) {
      number = this.#notes.size;
      if (number === NOTES) return;
      this.#notes.set(text, number);
    }
    this.#counts[BLOCKS + number] = (this.#counts[BLOCKS + number] as number) + 1;
  };

  /** The features of what ran since `reset`. */
  features(): number[] {
    const features: number[] = [];
    const collect = (from: number, to: number): void => {
      for (let i = from; i < to; i += 1) {
        const count = this.#counts[i] as number;
        if (count > 0) features.push(i * 16 + bucket(count));
      }
    };
    collect(0, this.#blocks);
    collect(BLOCKS, BLOCKS + this.#notes.size);
    return features;
  }

  /** How much of each file these features cover. */
  summary(features: ReadonlySet<number>): CoveredFile[] {
    const seen = new Set([...features].map(blockOf).concat(...this.#loaded));
    return this.#files.map(({ name, from, blocks }) => {
      const missing = blocks.filter((_block, i) => !seen.has(from + i));
      const functions = blocks.filter(([, kind]) => kind === 'function').length;
      return {
        name,
        covered: blocks.length - missing.length,
        blocks: blocks.length,
        functions,
        coveredFunctions: functions - missing.filter(([, kind]) => kind === 'function').length,
        missing: missing.map(([line, kind]) => `${line} ${kind}`),
      };
    });
  }
}

/** The one that instrumented files report to. Import this before any of them. */
export const coverage = new Coverage();
Object.assign(globalThis, { filexCoverage: coverage });
