import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { cut } from './testing/bytes.js';
import { figure } from './testing/figures.js';
import { mutants } from './testing/mutants.js';

type Properties = Readonly<Record<string, () => void>>;

/** The properties of one module, over the program with that mutant, or over the real one. */
async function load(module: string, mutant?: number): Promise<Properties> {
  const suffix = mutant === undefined ? '' : `?mutant=${mutant}`;
  const exports = (await import(
    /* @vite-ignore */ `./testing/properties/${module}.js${suffix}`
  )) as Properties;
  return Object.values(exports)[0] as unknown as Properties;
}

describe('the properties notice', () => {
  // A counterexample is all that is wanted here; the smallest one takes many more runs.
  beforeAll(() => {
    fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
  });

  it.each(mutants.map((mutant, number) => ({ ...mutant, number })))(
    '$name',
    async ({ number, property }) => {
      const [module, beginning] = property;
      const properties = await load(module, number);
      const names = Object.keys(properties).filter((name) => name.startsWith(beginning));
      expect(names).toHaveLength(1);
      expect(properties[names[0] as string]).toThrow();
      figure('mutants caught', 1);
    },
    30_000,
  );

  it('a test that cuts views of one whole instead of pieces', () => {
    const whole = new Uint8Array(10);
    const pieces = cut(whole, [3, 1]);
    expect(pieces.map(({ length }) => length)).toEqual([3, 1, 3, 1, 2]);
    expect(new Set([whole, ...pieces].map(({ buffer }) => buffer)).size).toBe(pieces.length + 1);
  });
});
