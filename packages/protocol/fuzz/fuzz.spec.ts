import { execFile } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { bytes } from '../src/testing/arbitraries.js';
import { hex } from '../src/testing/bytes.js';
import { mutants } from '../src/testing/mutants.js';
import { Random } from '../src/testing/random.js';
import { readInput, writeInput } from './corpus.js';
import { coverage } from './coverage.js';
import { Fuzzer } from './engine.js';
import { joinParts, splitParts } from './inputs.js';
import { instrument } from './instrument.mjs';
import { Mutator } from './mutate.js';
import { clientSeeds, messageSeeds, serverSeeds } from './seeds.js';
import type { Target } from './targets/target.js';

interface Row {
  readonly target: string;
  readonly executions: number;
  readonly covered: number;
  readonly blocks: number;
  readonly crashes: number;
  readonly findings: readonly string[];
}

/** Runs the fuzzer as people do. */
function fuzz(...args: readonly string[]): Promise<{ code: number; rows: Row[] }> {
  return new Promise((resolve) => {
    const program = join(import.meta.dirname, 'fuzz.mjs');
    execFile(process.execPath, [program, '--json', ...args], (error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      if (lines.length === 0) throw new Error(`the fuzzer said nothing but ${stderr}`);
      resolve({ code, rows: lines.map((line) => JSON.parse(line) as Row) });
    });
  });
}

describe('the fuzzer', () => {
  it('finds nothing, neither in what is kept nor in a bounded number of new inputs', async () => {
    const { code, rows } = await fuzz('--executions', '500', '--seed', '20');
    expect(rows.map(({ target, findings }) => [target, findings])).toEqual(
      ['decoder', 'messages', 'paths', 'client-handshake', 'server-handshake', 'client', 'server'].map(
        (name) => [name, []],
      ),
    );
    expect(code).toBe(0);
    // Not to find anything is only good when everything is reached.
    for (const { target, executions, covered, blocks } of rows) {
      expect(executions, target).toBeGreaterThan(500);
      if (!target.endsWith('handshake')) expect(covered / blocks, target).toBeGreaterThan(0.6);
    }
  });

  it.each([
    ['a limit that is checked after buffering, or never', 'decoder'],
    ['a way up and out of the folder', 'paths'],
    ['credit that is lost with what is dropped', 'client'],
    // Never comes back.
    ['a signed length', 'decoder'],
  ])('finds %s within 1000 executions', async (name, target) => {
    const number = mutants.findIndex((mutant) => mutant.name === name);
    const limits = ['--executions', '1000', '--seed', '1', '--patience', '1000', '--fresh'];
    const { code, rows } = await fuzz(...limits, '--target', target, '--mutant', String(number));
    expect(rows[0]?.crashes).toBeGreaterThan(0);
    expect(code).toBe(1);
  });

  it('is led by what was reached, to what chance alone would not find', () => {
    const secret = Uint8Array.from(Buffer.from('FileX!'));
    const target: Target = {
      name: 'secret',
      form: 'text',
      maxLength: 20,
      about: () => false,
      seeds: () => [],
      run(input, note) {
        let right = 0;
        while (right < secret.length && input[right] === secret[right]) right += 1;
        note(`right ${right}`);
        if (right === secret.length) throw new Error('the secret is out');
      },
    };
    const search = (guided: boolean) => {
      const fuzzer = new Fuzzer(
        guided ? target : { ...target, run: (input) => target.run(input, () => undefined) },
        1,
      );
      fuzzer.begin([Uint8Array.of(0)]);
      fuzzer.fuzz(60_000, Number.POSITIVE_INFINITY);
      return fuzzer;
    };
    const [finding] = search(true).findings;
    expect(finding?.message).toBe('Error: the secret is out');
    // And only what it takes is told.
    expect(hex(finding?.input ?? secret.subarray(0, 0))).toBe(hex(secret));
    expect(search(false).findings).toEqual([]);
  });

  it('gives up what does not come back, and says at which input', () => {
    const target: Target = {
      name: 'endless',
      form: 'text',
      maxLength: 20,
      about: () => false,
      seeds: () => [],
      run(input) {
        while (input[0] === 7);
      },
    };
    const fuzzer = new Fuzzer(target, 1, 200);
    fuzzer.begin([Uint8Array.of(0), Uint8Array.of(7), Uint8Array.of(1)]);
    expect(fuzzer.findings).toEqual([{ input: Uint8Array.of(7), message: 'nothing came back for 200 ms' }]);
  });
});

describe('an input', () => {
  it('is the same when it was written and read', () => {
    const runs = fc.array(fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 20 })), { maxLength: 10 });
    fc.assert(
      fc.property(runs, (parts) => {
        const input = Uint8Array.from(parts.flatMap(([byte, count]) => Array<number>(count).fill(byte)));
        expect(readInput(writeInput(input))).toEqual(input);
      }),
    );
    expect(writeInput(Uint8Array.of(1, 2, ...Array<number>(9).fill(0), 3))).toBe('0102 00*9 03');
    expect(() => readInput('0102 x')).toThrow('neither');
  });

  it('is the same when it was taken apart and put together', () => {
    const seeds = [...messageSeeds(), ...serverSeeds(), ...clientSeeds()];
    fc.assert(
      fc.property(fc.constantFrom(...seeds), bytes(0, 20), (seed, rest) => {
        const input = Uint8Array.from([...seed, ...rest]);
        expect(hex(joinParts(splitParts(input)))).toBe(hex(input));
      }),
    );
  });

  it('changes in the same way for the same seed, within its length', () => {
    const seeds = messageSeeds();
    const run = (seed: number) => {
      const random = new Random(seed);
      const mutator = new Mutator(random, 'frames', 300);
      return Array.from({ length: 500 }, (_each, i) => {
        const input = seeds[i % seeds.length] as Uint8Array;
        const before = hex(input);
        const changed = mutator.mutate(input, random.pick(seeds) as Uint8Array);
        expect(hex(input)).toBe(before);
        expect(changed.length).toBeLessThanOrEqual(300);
        return hex(changed);
      });
    };
    expect(run(5)).toEqual(run(5));
    expect(run(5)).not.toEqual(run(6));
    expect(new Set(run(5)).size).toBeGreaterThan(400);
  });
});

describe('a source with counters in it', () => {
  const source = `
    export function kind(n: number): string {
      if (n < 0) return 'negative';
      for (let i = 0; i < n; i += 1) if (i > 2) return 'large';
      switch (n) { case 0: return 'zero'; default: return n === 1 ? 'one' : 'small'; }
    }
    export const both = (a: boolean, b: boolean): boolean => a && b;
    export class Box { #value = 1; get value(): number { try { return this.#value; } finally { this.#value += 1; } } }
  `;

  it('does the same, and says what ran', async () => {
    const before = coverage.summary(new Set()).length;
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
      transformers: { before: [instrument('sample.ts')] },
    });
    const sample = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(outputText)}`);
    const ran = (work: () => void) => {
      coverage.reset();
      work();
      const file = coverage.summary(new Set(coverage.features()))[before];
      return { file: file?.name, covered: file?.covered, blocks: file?.blocks, functions: file?.functions };
    };
    expect([-1, 0, 1, 2, 9].map(sample.kind)).toEqual(['negative', 'zero', 'one', 'small', 'large']);
    expect([sample.both(true, true), sample.both(true, false), sample.both(false, true)]).toEqual([
      true,
      false,
      false,
    ]);
    const box = new sample.Box();
    expect([box.value, box.value]).toEqual([1, 2]);

    const whole = { file: 'sample.ts', blocks: 13, functions: 3 };
    expect(ran(() => undefined)).toEqual({ ...whole, covered: 0 });
    expect(ran(() => sample.kind(-1))).toEqual({ ...whole, covered: 2 });
    expect(ran(() => sample.kind(0))).toEqual({ ...whole, covered: 3 });
    expect(ran(() => sample.both(false, true))).toEqual({ ...whole, covered: 1 });
    expect(ran(() => sample.both(true, true))).toEqual({ ...whole, covered: 2 });
  });
});
