import { Script } from 'node:vm';
import { Random } from '../src/testing/random.js';
import { blockOf, coverage } from './coverage.js';
import { Mutator } from './mutate.js';
import type { Target } from './targets/target.js';

export interface Finding {
  readonly input: Uint8Array;
  /** What was thrown, or that nothing came back. */
  readonly message: string;
}

/** Executions between two looks at the clock. */
const BATCH = 64;
/** How often an input to be kept is tried without a part of it. */
const TRIALS = 100;
/** Different findings of one target, after which it is left alone. */
const ENOUGH = 5;

/** A coverage-guided fuzzer of one target. With the same seed and corpus it does the same. */
export class Fuzzer {
  readonly target: Target;
  readonly findings: Finding[] = [];
  /** Every feature that any input had. */
  readonly features = new Set<number>();
  executions = 0;
  /** Inputs that showed something new since `begin`. */
  found = 0;
  readonly #inputs: Uint8Array[] = [];
  readonly #random: Random;
  readonly #mutator: Mutator;
  readonly #patience: number;
  #current: Uint8Array = new Uint8Array(0);
  #hung = false;

  /** `patience`: milliseconds after which executions that do not come back are given up. */
  constructor(target: Target, seed: number, patience = 10_000) {
    this.target = target;
    this.#patience = patience;
    let own = seed;
    for (const unit of target.name) own = (Math.imul(own, 31) + unit.charCodeAt(0)) >>> 0;
    this.#random = new Random(own);
    this.#mutator = new Mutator(this.#random, target.form, target.maxLength);
  }

  /** Runs what is known already. */
  begin(inputs: readonly Uint8Array[]): void {
    for (let at = 0; at < inputs.length && !this.#hung; at += BATCH) {
      this.#guarded(() => {
        for (const input of inputs.slice(at, at + BATCH))
          this.#execute(input.subarray(0, this.target.maxLength));
      });
    }
    this.found = 0;
  }

  /** Runs new inputs until so many were run, `until` on the clock of `performance.now`, or there are enough findings. */
  fuzz(executions: number, until: number): void {
    const last = this.executions + executions;
    const wanted = () => this.executions < last && this.findings.length < ENOUGH && !this.#hung;
    while (wanted() && performance.now() < until) {
      this.#guarded(() => {
        for (let i = 0; i < BATCH && wanted(); i += 1) this.#execute(this.#next());
      });
    }
  }

  /** Few and short inputs that show every block and note, though not how often. */
  minimised(): Uint8Array[] {
    const left = new Set([...this.features].map(blockOf));
    const shown = this.#inputs
      .map((input) => ({ input, blocks: this.#blocksOf(input) }))
      .sort((a, b) => a.input.length - b.input.length);
    const chosen: Uint8Array[] = [];
    for (const { input, blocks } of shown) {
      const own = [...blocks].filter((block) => left.has(block));
      if (own.length === 0) continue;
      const shows = (less: Uint8Array): boolean => {
        const some = this.#blocksOf(less);
        return own.every((block) => some.has(block));
      };
      const shortest = shorten(input, shows, TRIALS);
      chosen.push(shortest);
      for (const block of this.#blocksOf(shortest)) left.delete(block);
    }
    return chosen;
  }

  #next(): Uint8Array {
    const random = this.#random;
    const count = this.#inputs.length;
    // Half of the time one of the latest: what was just reached leads on.
    const from = random.chance(0.5) ? Math.floor(count * 0.8) : 0;
    const input = this.#inputs[random.integer(from, count - 1)] ?? new Uint8Array(0);
    return this.#mutator.mutate(input, random.pick(this.#inputs) ?? input);
  }

  #execute(input: Uint8Array): void {
    this.executions += 1;
    const fault = this.#run(input);
    if (fault !== undefined) {
      const same = (less: Uint8Array): boolean => kindOf(this.#run(less) ?? '') === kindOf(fault);
      this.#add({ input: shorten(input, same, 4 * TRIALS), message: fault });
      return;
    }
    let fresh = false;
    for (const feature of coverage.features()) {
      if (this.features.has(feature)) continue;
      this.features.add(feature);
      fresh = true;
    }
    if (!fresh) return;
    this.#inputs.push(input);
    this.found += 1;
  }

  /** What is wrong, or undefined. */
  #run(input: Uint8Array): string | undefined {
    this.#current = input;
    coverage.reset();
    try {
      this.target.run(input, coverage.note);
      return undefined;
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
  }

  #blocksOf(input: Uint8Array): Set<number> {
    this.#run(input);
    return new Set(coverage.features().map(blockOf));
  }

  #add(finding: Finding): void {
    const kind = kindOf(finding.message);
    if (this.findings.every(({ message }) => kindOf(message) !== kind)) this.findings.push(finding);
  }

  /** Runs `work`; if it does not come back, the input that it is at is a finding, and the last one. */
  #guarded(work: () => void): void {
    const slot = globalThis as { filexFuzz?: (() => void) | undefined };
    slot.filexFuzz = work;
    try {
      // Only a script of its own can be interrupted.
      guard.runInThisContext({ timeout: this.#patience });
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      this.#hung = true;
      this.#add({ input: this.#current, message: `nothing came back for ${this.#patience} ms` });
    }
  }
}

const guard = new Script('globalThis.filexFuzz()');

/** Leaves out parts, large ones first, as long as what is left still `holds`; tries at most so many. */
function shorten(input: Uint8Array, holds: (less: Uint8Array) => boolean, trials: number): Uint8Array {
  let shortest = input;
  let left = trials;
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < shortest.length && left > 0; left -= 1) {
      const less = new Uint8Array(shortest.length - Math.min(size, shortest.length - at));
      less.set(shortest.subarray(0, at));
      less.set(shortest.subarray(at + size), at);
      if (holds(less)) shortest = less;
      else at += size;
    }
  }
  return shortest;
}

/** Faults are of one kind when only numbers and examples differ. */
function kindOf(message: string): string {
  return message.replaceAll(/\d+/g, '#').slice(0, 60);
}
