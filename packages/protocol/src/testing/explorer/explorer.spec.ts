import { describe, expect, it } from 'vitest';
import { figure } from '../figures.js';
import { mutants } from '../mutants.js';
import { subjects } from './all-models.js';
import type { Exploration } from './explore.js';
import { explore } from './explore.js';
import { journalModel } from './journal/journal-model.js';
import { journalMutants } from './journal/mutants.js';
import { explorerMutants } from './mutants.js';

const text = ({ violation }: Exploration): string =>
  [violation?.kind, ...(violation?.trace ?? [])].join('\n  ');

describe('in every state that can be reached, nothing is wrong and nobody is stuck:', () => {
  it.each(subjects('short'))('$name', ({ model }) => {
    const found = explore(model);
    expect(found.violation, text(found)).toBeUndefined();
    figure('explored states', found.states);
    figure('explored transitions', found.transitions);
    expect(found.states).toBeGreaterThan(100);
    expect(found.ends).toBeGreaterThan(0);
  });
});

/** Explores a model with a mutant in it; its counterexample has these steps in it, in this order. */
function expectCounterexample(
  found: Exploration,
  violation: string,
  steps: readonly (string | RegExp)[],
): void {
  expect(found.violation?.kind).toBe(violation);
  const trace = [...(found.violation?.trace ?? [])];
  for (const step of steps) {
    const at = trace.findIndex((each) => (typeof step === 'string' ? each === step : step.test(each)));
    expect(at, `${String(step)} in\n  ${text(found)}`).toBeGreaterThanOrEqual(0);
    trace.splice(0, at + 1);
  }
}

describe('the explorer finds what goes wrong with', () => {
  it.each(explorerMutants.map((mutant, i) => ({ ...mutant, number: mutants.length + i })))(
    '$name',
    async ({ number, bounds, violation, steps }) => {
      const broken = await load(number);
      const found = broken.explore(broken.uploadModel(bounds), { wanted: violation });
      expectCounterexample(found, violation, steps);
    },
  );
});

describe('in a commit, the explorer finds what goes wrong with', () => {
  const before = mutants.length + explorerMutants.length;
  it.each(journalMutants.map((mutant, i) => ({ ...mutant, number: before + i })))(
    '$name',
    async ({ number, bounds, violation, steps }) => {
      expect(explore(journalModel(bounds)).violation, 'without the mutant').toBeUndefined();
      const broken = await load(number);
      const found = broken.explore(broken.journalModel(bounds), { wanted: violation, maxStates: 200_000 });
      expectCounterexample(found, violation, steps);
    },
  );
});

/** The machines and models with a mutant in them. */
const load = (number: number): Promise<typeof import('./index.js')> =>
  import(/* @vite-ignore */ `./index.js?mutant=${number}`) as Promise<typeof import('./index.js')>;
