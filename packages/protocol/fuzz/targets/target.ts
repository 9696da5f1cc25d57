import type { Form } from '../mutate.js';

/** One thing that is fuzzed. */
export interface Target {
  readonly name: string;
  readonly form: Form;
  /** Bytes of an input, at most. */
  readonly maxLength: number;
  /** Whether a file of the product, such as `wire/path.ts`, is what this target is about. */
  readonly about: (file: string) => boolean;
  readonly seeds: () => Uint8Array[];
  /**
   * Feeds one input. Whatever it throws is a finding. `note` tells what was reached that no block of code stands for.
   */
  run(input: Uint8Array, note: (text: string) => void): void;
}

/** @throws Error when a rule that must hold for every input does not. */
export function insist(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(`not so: ${rule}`);
}

/** A text without its numbers and what else depends on the input, so that texts that say the same are the same. */
export function gist(text: string): string {
  return text
    .replaceAll(/0x[0-9a-f]+|\d+/g, '#')
    .replaceAll(/#(, #)+/g, '#')
    .slice(0, 100);
}

/** Sizes to cut this input by, the same whenever it is run: often single bytes. */
export function cutOf(input: Uint8Array): readonly number[] {
  let hash = input.length;
  for (const byte of input) hash = (Math.imul(hash, 31) + byte) >>> 0;
  if (input.length < 600 && hash % 3 === 0) return [1];
  return [1 + (hash % 7), 1 + ((hash >>> 8) % 23), 1 + ((hash >>> 16) % 300)];
}
